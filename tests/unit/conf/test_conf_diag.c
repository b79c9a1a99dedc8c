// SPDX-License-Identifier: MIT
#include "wherry/conf/conf_diag.h"

#include <criterion/criterion.h>

static struct conf_position at(size_t line, size_t column)
{
	return (struct conf_position){.file = "a.yaml", .line = line, .column = column};
}

static void expect_text(struct conf_diag *diag, const char *expected)
{
	buf_append(&diag->text, "", 1);
	diag->text.length--;
	cr_expect_str_eq(diag->text.data, expected);
}

Test(conf_diag, leaves_out_what_is_not_said)
{
	struct conf_diag diag;
	conf_diag_init(&diag);
	conf_diag_add(&diag, at(0, 0), NULL, NULL, "whole file");
	conf_diag_add(&diag, at(1, 2), NULL, NULL, "plain %d", 7);
	conf_diag_add(&diag, at(1, 3), "one", NULL, "half");
	conf_diag_add(&diag, at(1, 4), NULL, "two", "half");
	conf_diag_add(&diag, at(1, 5), "one", "two", "whole");
	cr_expect_eq(diag.count, 5);
	expect_text(&diag, "a.yaml: whole file\n"
			   "a.yaml:1:2: plain 7\n"
			   "a.yaml:1:3: half (expected one)\n"
			   "a.yaml:1:4: half (found two)\n"
			   "a.yaml:1:5: whole (expected one, found two)\n");
	conf_diag_finish(&diag);
}

Test(conf_diag, writes_each_mistake_on_one_line)
{
	struct conf_diag diag;
	conf_diag_init(&diag);
	conf_diag_add(&diag, at(1, 1), "a\nb", "c\x1b[31m\x7f", "d\r\te%s", "\n");
	expect_text(&diag, "a.yaml:1:1: d\\x0d\\x09e\\x0a "
			   "(expected a\\x0ab, found c\\x1b[31m\\x7f)\n");
	conf_diag_finish(&diag);
}

Test(conf_diag, sorts_by_position_and_keeps_order_of_equals)
{
	struct conf_diag diag;
	conf_diag_init(&diag);
	conf_diag_add(&diag, at(10, 1), NULL, NULL, "e");
	conf_diag_add(&diag, at(9, 10), NULL, NULL, "d");
	conf_diag_add(&diag, at(9, 9), NULL, NULL, "b");
	conf_diag_add(&diag, at(9, 9), NULL, NULL, "c");
	conf_diag_add(&diag, at(0, 0), NULL, NULL, "a");
	for (int i = 0; i < 2; i++) {
		conf_diag_sort(&diag);
		expect_text(&diag, "a.yaml: a\na.yaml:9:9: b\na.yaml:9:9: c\n"
				   "a.yaml:9:10: d\na.yaml:10:1: e\n");
	}
	conf_diag_finish(&diag);
}

Test(conf_diag, says_out_of_memory_alone)
{
	struct conf_diag diag;
	conf_diag_init(&diag);
	conf_diag_add(&diag, at(1, 1), NULL, NULL, "something");
	conf_diag_set_out_of_memory(&diag, "a.yaml");
	cr_expect_eq(diag.count, 1);
	expect_text(&diag, "a.yaml: out of memory\n");
	conf_diag_finish(&diag);
}

Test(conf_diag, cuts_long_messages)
{
	struct conf_diag diag;
	conf_diag_init(&diag);
	conf_diag_add(&diag, at(1, 1), NULL, NULL, "%5000d", 1);
	cr_expect_lt(diag.text.length, 600);
	cr_expect_eq(diag.text.data[diag.text.length - 1], '\n');
	conf_diag_finish(&diag);
}
