// SPDX-License-Identifier: MIT
#include "wherry/proto/json_text.h"

#include <string.h>

#include <criterion/criterion.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

struct row {
	const char *name;
	struct str text;
};

static const struct row GOOD[] = {
	{"null", STR("null")},
	{"true", STR("true")},
	{"false", STR("false")},
	{"white space around", STR(" \t\r\n1 \t\r\n")},
	{"zero", STR("0")},
	{"minus zero", STR("-0")},
	{"a number of all parts", STR("-120.50e+07")},
	{"exponent", STR("1E9")},
	{"longer than any machine's", STR("123456789012345678901234567890e99999")},
	{"empty string", STR("\"\"")},
	{"escapes", STR("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\ude00\"")},
	{"half a pair", STR("\"\\ud800\"")},
	{"escaped NUL", STR("\"\\u0000\"")},
	{"UTF-8", STR("\"\xc3\xa9\xf0\x9f\x98\x80\x7f\"")},
	{"empty array", STR("[ ]")},
	{"empty object", STR("{ }")},
	{"all of them", STR("{\"a\" : [1 , {\"b\":[]}, \"c\"], \"a\":null}")},
};

static const struct row BAD[] = {
	{"nothing", STR("")},
	{"white space", STR(" ")},
	{"two values", STR("1 2")},
	{"behind the value", STR("{}x")},
	{"half a word", STR("tru")},
	{"capitals", STR("True")},
	{"NaN", STR("NaN")},
	{"plus", STR("+1")},
	{"minus alone", STR("-")},
	{"leading zero", STR("01")},
	{"no fraction", STR("1.")},
	{"no integer", STR(".5")},
	{"no exponent", STR("1e")},
	{"no digits of an exponent", STR("1e+")},
	{"hex", STR("0x1")},
	{"string without an end", STR("\"a")},
	{"single quotes", STR("'a'")},
	{"control character", STR("\"a\nb\"")},
	{"NUL in a string", STR("\"\0\"")},
	{"NUL behind", STR("1\0")},
	{"unknown escape", STR("\"\\x41\"")},
	{"escape at the end", STR("\"\\")},
	{"three hex digits", STR("\"\\u123\"")},
	{"no hex digits", STR("\"\\u12g4\"")},
	{"not UTF-8", STR("\"\xff\"")},
	{"half a character", STR("\"\xc3\"")},
	{"a surrogate in UTF-8", STR("\"\xed\xa0\x80\"")},
	{"byte order mark", STR("\xef\xbb\xbf{}")},
	{"no-break space", STR("\xc2\xa0"
			       "1")},
	{"array without an end", STR("[1")},
	{"comma at the end of an array", STR("[1,]")},
	{"comma alone", STR("[,]")},
	{"no comma", STR("[1 2]")},
	{"wrong bracket", STR("[1}")},
	{"comma at the end of an object", STR("{\"a\":1,}")},
	{"no value", STR("{\"a\"}")},
	{"no value behind the colon", STR("{\"a\":}")},
	{"name without quotes", STR("{a:1}")},
	{"a number as name", STR("{1:1}")},
	{"comment", STR("/**/1")},
};

Test(json_text, takes_what_the_grammar_has)
{
	for (size_t i = 0; i < COUNT(GOOD); i++)
		cr_assert(json_text_is_value(GOOD[i].text), "%s", GOOD[i].name);
	for (size_t i = 0; i < COUNT(BAD); i++)
		cr_assert(!json_text_is_value(BAD[i].text), "%s", BAD[i].name);
}

Test(json_text, takes_no_beginning_of_a_value)
{
	struct str text = STR("{\"a\": [true, -1.5e3, \"\\u00e9\xc3\xa9\"]}");
	cr_assert(json_text_is_value(text));
	for (size_t length = 0; length < text.length; length++)
		cr_assert(!json_text_is_value((struct str){text.data, length}));
}

Test(json_text, has_a_limit_of_depth)
{
	char text[2 * JSON_TEXT_MAX_DEPTH + 2];
	memset(text, '[', JSON_TEXT_MAX_DEPTH + 1);
	memset(text + JSON_TEXT_MAX_DEPTH + 1, ']', JSON_TEXT_MAX_DEPTH + 1);
	cr_assert(!json_text_is_value((struct str){text, sizeof(text)}));
	cr_assert(json_text_is_value((struct str){text + 1, sizeof(text) - 2}));
}

Test(json_text, cuts_members_as_they_are)
{
	struct str rest;
	struct json_text_member member;
	cr_assert(json_text_open_object(
		STR(" { \"a\" : [1, {}] ,\"b\\n\":\"}\",\"c\":2.50}"), &rest));
	cr_assert(json_text_next_member(&rest, &member));
	cr_assert(str_equal(member.name, STR("\"a\"")));
	cr_assert(str_equal(member.value, STR("[1, {}]")));
	cr_assert(json_text_next_member(&rest, &member));
	cr_assert(str_equal(member.name, STR("\"b\\n\"")));
	cr_assert(str_equal(member.value, STR("\"}\"")));
	cr_assert(json_text_next_member(&rest, &member));
	cr_assert(str_equal(member.value, STR("2.50")));
	cr_assert(!json_text_next_member(&rest, &member));
}

Test(json_text, opens_objects_only)
{
	struct str rest;
	struct json_text_member member;
	cr_assert(!json_text_open_object(STR("[1]"), &rest));
	cr_assert(!json_text_open_object(STR("\"{\""), &rest));
	cr_assert(json_text_open_object(STR("{}"), &rest));
	cr_assert(!json_text_next_member(&rest, &member));
}

struct string_row {
	const char *name;
	struct str quoted;
	struct str meaning;
};

static const struct string_row STRINGS[] = {
	{"empty", STR("\"\""), STR("")},
	{"plain", STR("\"caf\xc3\xa9\""), STR("caf\xc3\xa9")},
	{"escapes", STR("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), STR("\"\\/\b\f\n\r\t")},
	{"one byte", STR("\"\\u0041\\u0000\""), STR("A\0")},
	{"two bytes", STR("\"\\u00e9\""), STR("\xc3\xa9")},
	{"three bytes", STR("\"\\u20AC\""), STR("\xe2\x82\xac")},
	{"four bytes", STR("\"\\ud83d\\uDE00\""), STR("\xf0\x9f\x98\x80")},
	{"between others", STR("\"a\\nb\""), STR("a\nb")},
};

static const struct row NO_STRINGS[] = {
	{"a number", STR("1")},
	{"first half of a pair", STR("\"\\ud800\"")},
	{"first half before another", STR("\"\\ud800\\u0041\"")},
	{"second half", STR("\"\\udc00\"")},
	{"pair in the wrong order", STR("\"\\udc00\\ud800\"")},
};

Test(json_text, reads_strings)
{
	struct buf out = BUF_INIT;
	for (size_t i = 0; i < COUNT(STRINGS); i++) {
		buf_clear(&out);
		cr_assert(json_text_read_string(STRINGS[i].quoted, &out), "%s",
			STRINGS[i].name);
		cr_assert(str_equal(buf_str(&out), STRINGS[i].meaning), "%s",
			STRINGS[i].name);
	}
	for (size_t i = 0; i < COUNT(NO_STRINGS); i++)
		cr_assert(!json_text_read_string(NO_STRINGS[i].text, &out), "%s",
			NO_STRINGS[i].name);
	buf_finish(&out);
}

Test(json_text, writes_strings)
{
	struct buf out = BUF_INIT;
	json_text_write_string(
		&out, STR("a\"\\\n\0\x7f\xc3\xa9\xf0\x9f\x98\x80\xff\xc3(\xe2\x82"));
	cr_assert(str_equal(buf_str(&out),
		STR("\"a\\\"\\\\\\u000a\\u0000\x7f\xc3\xa9\xf0\x9f\x98\x80"
		    "\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\"")));
	cr_assert(json_text_is_value(buf_str(&out)));
	buf_finish(&out);
}
