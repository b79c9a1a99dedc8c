// SPDX-License-Identifier: MIT
#include "wherry/proto/push_follow.h"

#include <criterion/criterion.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

struct row {
	const char *name;
	struct str text;
	struct str url, id;
	bool is_end, wants_patches;
};

static const struct row ROWS[] = {
	{"a URL", STR("{\"follow\":\"/a?b=c\"}"), STR("/a?b=c"), STR(""), false, false},
	{"all",
		STR(" {\"patch\":\"merge\",\"last_event_id\":\"12\", "
		    "\"follow\":\"\\/a\"} "),
		STR("/a"), STR("12"), false, true},
	{"an id that is empty", STR("{\"follow\":\"/\",\"last_event_id\":\"\"}"),
		STR("/"), STR(""), false, false},
	{"not any more", STR("{\"unfollow\":\"/a\"}"), STR("/a"), STR(""), true, false},
	{"what no URL is", STR("{\"follow\":\"\\u0000\\r\\n \"}"), STR("\0\r\n "),
		STR(""), false, false},
};

Test(push_follow, reads_what_a_page_asks_for)
{
	for (size_t i = 0; i < COUNT(ROWS); i++) {
		const struct row *row = &ROWS[i];
		struct push_follow follow;
		const char *error;
		cr_assert(push_follow_read(row->text, &follow, &error), "%s: %s",
			row->name, error);
		cr_expect(str_equal(buf_str(&follow.url), row->url), "%s", row->name);
		cr_expect(str_equal(buf_str(&follow.last_event_id), row->id), "%s",
			row->name);
		cr_expect_eq(follow.is_end, row->is_end, "%s", row->name);
		cr_expect_eq(follow.wants_patches, row->wants_patches, "%s", row->name);
		push_follow_finish(&follow);
	}
}

static const struct str BAD[] = {
	STR(""),
	STR("hello"),
	STR("{}"),
	STR("[\"/a\"]"),
	STR("{\"follow\":\"/a\""),
	STR("{\"follow\":\"\"}"),
	STR("{\"follow\":1}"),
	STR("{\"follow\":null}"),
	STR("{\"follow\":\"\\ud800\"}"),
	STR("{\"follow\":\"/a\",\"follow\":\"/b\"}"),
	STR("{\"follow\":\"/a\",\"unfollow\":\"/a\"}"),
	STR("{\"follow\":\"/a\",\"data\":1}"),
	STR("{\"follow\":\"/a\",\"last_event_id\":12}"),
	STR("{\"follow\":\"/a\",\"patch\":true}"),
	STR("{\"follow\":\"/a\",\"patch\":\"other\"}"),
	STR("{\"unfollow\":\"/a\",\"last_event_id\":\"1\"}"),
	STR("{\"unfollow\":\"/a\",\"patch\":\"merge\"}"),
	STR("{\"last_event_id\":\"1\"}"),
};

Test(push_follow, refuses_anything_else)
{
	for (size_t i = 0; i < COUNT(BAD); i++) {
		struct push_follow follow;
		const char *error = NULL;
		cr_expect(!push_follow_read(BAD[i], &follow, &error), "%.*s",
			STR_ARG(BAD[i]));
		cr_expect_not_null(error);
		push_follow_finish(&follow);
	}
}
