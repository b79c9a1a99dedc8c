// SPDX-License-Identifier: MIT
#include "wherry/proto/json_members.h"

#include <criterion/criterion.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const char *const NAMES[] = {"one", "two"};

Test(json_members, are_sorted_by_their_names)
{
	struct str values[2];
	const char *error = json_members_sort(
		STR(" {\"t\\u0077o\": [1, 2] , \"one\":\"1\"} "), NAMES, 2, values);
	cr_assert_null(error);
	cr_expect(str_equal(values[0], STR("\"1\"")));
	cr_expect(str_equal(values[1], STR("[1, 2]")));
	cr_assert_null(json_members_sort(STR("{\"two\":null}"), NAMES, 2, values));
	cr_expect_null(values[0].data);
	cr_expect(str_equal(values[1], STR("null")));
	cr_assert_null(json_members_sort(STR("{}"), NAMES, 2, values));
	cr_expect(!values[0].data && !values[1].data);
}

static const struct str BAD[] = {STR(""), STR("1"), STR("[]"), STR("{\"one\":1"),
	STR("{\"one\":1}{}"), STR("{\"three\":1}"), STR("{\"One\":1}"),
	STR("{\"one\":1,\"one\":1}"), STR("{\"one\":1,\"\\u006fne\":1}"),
	STR("{\"\\ud800\":1}")};

Test(json_members, are_all_known_and_there_once)
{
	for (size_t i = 0; i < COUNT(BAD); i++) {
		struct str values[2];
		cr_expect_not_null(json_members_sort(BAD[i], NAMES, 2, values), "%.*s",
			STR_ARG(BAD[i]));
	}
}
