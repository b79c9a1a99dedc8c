// SPDX-License-Identifier: MIT
// Ways into JSON lead to one value, or nowhere.
#include "wherry/proto/json_way.h"

#include <criterion/criterion.h>

#include "wherry/proto/json_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct row {
	const char *name;
	const char *text;
	const char *way;
	const char *expected; // NULL: nowhere
};

static const struct row rows[] = {
	{"a member", "{\"a\":1}", "a", "1"},
	{"the last of several", "{\"a\":1,\"b\":\"x\"}", "b", "\"x\""},
	{"further down", "{\"a\":{\"b\":{\"c\":true}}}", "a.b.c", "true"},
	{"an object", "{\"a\": {\"b\" : 1} }", "a", "{\"b\" : 1}"},
	{"an item", "[10,20,30]", "1", "20"},
	{"the first of items", "[10]", "0", "10"},
	{"items in between", "{\"a\":[{\"b\":[1,2]}]}", "a.0.b.1", "2"},
	{"white space", " { \"a\" :\n[ 1 ,\t2 ] } ", "a.1", "2"},
	{"a number as a name", "{\"0\":1}", "0", "1"},
	{"an escaped name", "{\"\\u0061\":1}", "a", "1"},
	{"a name in UTF-8", "{\"\xc3\xa9\":1}", "\xc3\xa9", "1"},
	{"the same name further down", "{\"a\":{\"a\":1}}", "a.a", "1"},
	{"null", "{\"a\":null}", "a", "null"},
	// Nowhere
	{"absent", "{\"a\":1}", "b", NULL},
	{"a name in part", "{\"ab\":1}", "a", NULL},
	{"another case", "{\"A\":1}", "a", NULL},
	{"into a number", "{\"a\":1}", "a.b", NULL},
	{"into a text", "{\"a\":\"b\"}", "a.b", NULL},
	{"no such item", "[1]", "1", NULL},
	{"no number", "[1]", "a", NULL},
	{"an empty list", "[]", "0", NULL},
	{"an empty object", "{}", "a", NULL},
	{"no container", "1", "a", NULL},
	{"twice", "{\"a\":1,\"a\":2}", "a", NULL},
	{"twice, once escaped", "{\"a\":1,\"\\u0061\":2}", "a", NULL},
	{"a name that can't be UTF-8", "{\"\\ud800\":1}", "\xed\xa0\x80", NULL},
};

Test(json_way, leads_to_one_value_or_nowhere)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct str value = {0};
		cr_assert(json_text_is_value(str_from(rows[i].text)), "%s", rows[i].name);
		bool is_found = json_way_find(
			str_from(rows[i].text), str_from(rows[i].way), &value);
		cr_expect_eq(is_found, rows[i].expected != NULL, "%s", rows[i].name);
		if (is_found && rows[i].expected)
			cr_expect(str_equal(value, str_from(rows[i].expected)),
				"%s gave %.*s", rows[i].name, STR_ARG(value));
	}
}
