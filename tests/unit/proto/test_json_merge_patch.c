// SPDX-License-Identifier: MIT
#include "wherry/proto/json_merge_patch.h"

#include <criterion/criterion.h>
#include <jansson.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static void expect_same_json(struct buf *got, const char *want, const char *name)
{
	json_t *a = json_loadb(got->data, got->length, JSON_DECODE_ANY, NULL);
	json_t *b = json_loads(want, JSON_DECODE_ANY, NULL);
	cr_expect(
		a && b && json_equal(a, b), "%s: \"%.*s\"", name, STR_ARG(buf_str(got)));
	json_decref(a);
	json_decref(b);
}

// RFC 7396, appendix A.
static const struct {
	const char *target, *patch, *result;
} APPENDIX[] = {
	{"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
	{"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
	{"{\"a\":\"b\"}", "{\"a\":null}", "{}"},
	{"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
	{"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
	{"{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"},
	{"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}",
		"{\"a\":{\"b\":\"d\"}}"},
	{"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
	{"[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]"},
	{"{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]"},
	{"{\"a\":\"foo\"}", "null", "null"},
	{"{\"a\":\"foo\"}", "\"bar\"", "\"bar\""},
	{"{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}"},
	{"[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}"},
	{"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"},
};

Test(json_merge_patch, applies_as_the_appendix_of_rfc_7396_says)
{
	for (size_t i = 0; i < COUNT(APPENDIX); i++) {
		struct buf out = BUF_INIT;
		cr_expect(json_merge_patch_apply(str_from(APPENDIX[i].target),
				  str_from(APPENDIX[i].patch), &out),
			"%s", APPENDIX[i].patch);
		expect_same_json(&out, APPENDIX[i].result, APPENDIX[i].patch);
		buf_finish(&out);
	}
}

#define LONG "\"text\":\"so long that a patch without it is shorter\""

static const struct {
	const char *name, *before, *after, *patch;
} CHANGES[] = {
	{"a member changes", "{" LONG ",\"a\":1}", "{" LONG ",\"a\":2}", "{\"a\":2}"},
	{"one comes", "{" LONG "}", "{" LONG ",\"a\":2}", "{\"a\":2}"},
	{"one goes", "{" LONG ",\"a\":1}", "{" LONG "}", "{\"a\":null}"},
	{"in the depth", "{" LONG ",\"a\":{\"b\":{\"c\":1,\"d\":2}}}",
		"{" LONG ",\"a\":{\"b\":{\"c\":1,\"d\":3}}}",
		"{\"a\":{\"b\":{\"d\":3}}}"},
	{"an object becomes empty", "{" LONG ",\"a\":{\"b\":1}}", "{" LONG ",\"a\":{}}",
		"{\"a\":{\"b\":null}}"},
	{"a value becomes an empty object", "{" LONG ",\"a\":1}", "{" LONG ",\"a\":{}}",
		"{\"a\":{}}"},
	{"an array changes whole", "{" LONG ",\"a\":[1,null,{\"b\":null}]}",
		"{" LONG ",\"a\":[2,null,{\"b\":null}]}",
		"{\"a\":[2,null,{\"b\":null}]}"},
	{"a null that stays", "{" LONG ",\"a\":null,\"b\":1}",
		"{" LONG ",\"a\":null,\"b\":2}", "{\"b\":2}"},
	{"nothing but spaces", "{" LONG "}", "{ " LONG " }", "{}"},
	{"an integer becomes a real", "{" LONG ",\"a\":1}", "{" LONG ",\"a\":1.0}",
		"{\"a\":1.0}"},
	{"a decimal stays short", "{" LONG ",\"a\":1}", "{" LONG ",\"a\":1.1}",
		"{\"a\":1.1}"},
};

Test(json_merge_patch, says_only_what_changed)
{
	for (size_t i = 0; i < COUNT(CHANGES); i++) {
		struct buf patch = BUF_INIT, out = BUF_INIT;
		cr_expect(json_merge_patch_make(str_from(CHANGES[i].before),
				  str_from(CHANGES[i].after), &patch),
			"%s", CHANGES[i].name);
		expect_same_json(&patch, CHANGES[i].patch, CHANGES[i].name);
		cr_expect(json_merge_patch_apply(
			str_from(CHANGES[i].before), buf_str(&patch), &out));
		expect_same_json(&out, CHANGES[i].after, CHANGES[i].name);
		buf_finish(&patch);
		buf_finish(&out);
	}
}

static const struct {
	const char *name, *before, *after;
} NONE[] = {
	{"a null comes", "{" LONG ",\"a\":1}", "{" LONG ",\"a\":null}"},
	{"a null comes in the depth", "{" LONG "}", "{" LONG ",\"a\":{\"b\":null}}"},
	{"a patch is longer", "{\"aaaaaaaa\":1}", "{}"},
	{"before is no object", "[1,2,3]", "{" LONG "}"},
	{"after is no object", "{" LONG "}", "[1,2,3]"},
	{"before is no JSON", "{" LONG, "{" LONG "}"},
	{"after is no JSON", "{" LONG "}", "<html>"},
	{"after is nothing", "{" LONG "}", ""},
	{"a name stands twice", "{" LONG ",\"a\":1}", "{" LONG ",\"a\":1,\"a\":2}"},
	{"a number is beyond all", "{" LONG ",\"a\":1}", "{" LONG ",\"a\":1e999}"},
	{"an integer is beyond 64 bits", "{" LONG "}",
		"{" LONG ",\"a\":123456789012345678901234567890}"},
	{"a real has more than 15 digits", "{" LONG "}",
		"{" LONG ",\"a\":0.12345678901234567}"},
	{"a string is no UTF-8", "{" LONG "}", "{" LONG ",\"a\":\"\xff\"}"},
	{"a string holds a NUL", "{" LONG "}", "{" LONG ",\"a\":\"\\u0000\"}"},
};

Test(json_merge_patch, makes_none_where_the_whole_is_safer)
{
	for (size_t i = 0; i < COUNT(NONE); i++) {
		struct buf patch = BUF_INIT;
		cr_expect_not(json_merge_patch_make(str_from(NONE[i].before),
				      str_from(NONE[i].after), &patch),
			"%s", NONE[i].name);
		cr_expect_eq(patch.length, 0, "%s", NONE[i].name);
		buf_finish(&patch);
	}
}

Test(json_merge_patch, survives_depth)
{
	struct buf before = BUF_INIT, after = BUF_INIT, patch = BUF_INIT;
	for (int i = 0; i < 4000; i++)
		buf_append_str(&before, STR("{\"a\":"));
	cr_expect_not(json_merge_patch_make(buf_str(&before), buf_str(&before), &patch));
	buf_clear(&before);
	buf_append_str(&before, STR("{" LONG ",\"a\":"));
	buf_append_str(&after, STR("{" LONG ",\"a\":"));
	for (int i = 0; i < 2000; i++) {
		buf_append_str(&before, STR("{\"a\":"));
		buf_append_str(&after, STR("{\"a\":"));
	}
	buf_append_str(&before, STR("1"));
	buf_append_str(&after, STR("\"a text of some length\""));
	for (int i = 0; i <= 2000; i++) {
		buf_append_str(&before, STR("}"));
		buf_append_str(&after, STR(",\"b\":1}"));
	}
	cr_expect(json_merge_patch_make(buf_str(&before), buf_str(&after), &patch));
	buf_finish(&before);
	buf_finish(&after);
	buf_finish(&patch);
}
