// SPDX-License-Identifier: MIT
#include "wherry/proto/http_etag.h"

#include <criterion/criterion.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

Test(http_etag, knows_a_tag)
{
	static const char *const GOOD[] = {
		"\"\"", "\"a\"", "W/\"a,b\"", "\"\\\"", "\"\x80\""};
	static const char *const BAD[] = {"", "a", "\"", "\"a", "a\"", "w/\"a\"", "W/a",
		"W/", "\"a b\"", "\"a\"b", "\"a\"\"b\"", " \"a\"", "\"\x7f\""};
	for (size_t i = 0; i < COUNT(GOOD); i++)
		cr_expect(http_etag_is_valid(str_from(GOOD[i])), "%s", GOOD[i]);
	for (size_t i = 0; i < COUNT(BAD); i++)
		cr_expect_not(http_etag_is_valid(str_from(BAD[i])), "%s", BAD[i]);
}

static const struct {
	const char *list, *tag;
	bool is_listed;
} ROWS[] = {
	{"\"a\"", "\"a\"", true},
	{"\"b\"", "\"a\"", false},
	{"*", "\"a\"", true},
	{" * ", "\"a\"", true},
	{"", "\"a\"", false},
	// weakly (RFC 9110 section 8.8.3.2)
	{"W/\"a\"", "\"a\"", true},
	{"\"a\"", "W/\"a\"", true},
	{"W/\"a\"", "W/\"a\"", true},
	{"W/\"b\"", "W/\"a\"", false},
	// lists
	{"\"b\", \"a\"", "\"a\"", true},
	{"\"b\",\"c\" ,\t\"a\"", "\"a\"", true},
	{",, \"b\" ,, \"a\",", "\"a\"", true},
	{"\"a, b\"", "\"a\"", false},
	{"\"x, \"a\"", "\"a\"", false},
	// nothing behind what is no tag
	{"a, \"a\"", "\"a\"", false},
	{"\"a", "\"a\"", false},
	{"a", "\"a\"", false},
};

Test(http_etag, finds_a_tag_in_a_list)
{
	for (size_t i = 0; i < COUNT(ROWS); i++)
		cr_expect_eq(http_etag_is_listed(
				     str_from(ROWS[i].list), str_from(ROWS[i].tag)),
			ROWS[i].is_listed, "%s in %s", ROWS[i].tag, ROWS[i].list);
}
