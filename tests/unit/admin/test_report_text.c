// SPDX-License-Identifier: MIT
// Reports as text, whatever stands in them.
#include "wherry/admin/report_text.h"

#include <criterion/criterion.h>
#include <jansson.h>

static void expect_text(const char *json, const char *expected)
{
	struct buf out = BUF_INIT;
	cr_assert(report_text_write(str_from(json), &out), "%s", json);
	cr_expect(str_equal(buf_str(&out), str_from(expected)), "%s: %.*s", json,
		STR_ARG(buf_str(&out)));
	buf_finish(&out);
}

Test(report_text, writes_each_value_in_its_order)
{
	expect_text("{}", "");
	expect_text("{\"pid\": 12, \"a_b\": \"c d\", \"x\": true, \"y\": false}",
		"pid                         12\n"
		"a b                         c d\n"
		"x                           yes\n"
		"y                           no\n");
	expect_text("{\"in\": {\"load\": 0.5, \"none\": null}}",
		"in\n"
		"  load                      0.5\n"
		"  none                      -\n");
	expect_text("{\"each\": [{\"n\": 1}, 2]}", "each\n"
						   "  n                         1\n"
						   "each                        2\n");
}

Test(report_text, passes_no_control_character_on)
{
	expect_text(
		"{\"user\": \"a\\u001b[2J\\n\"}", "user                        a?[2J?\n");
}

Test(report_text, bounds_the_depth)
{
	struct buf json = BUF_INIT, out = BUF_INIT;
	for (int i = 0; i < 500; i++)
		buf_append_str(&json, STR("{\"a\":"));
	buf_append_str(&json, STR("1"));
	for (int i = 0; i < 500; i++)
		buf_append_str(&json, STR("}"));
	cr_expect(report_text_write(buf_str(&json), &out));
	cr_expect_lt(out.length, 1000);
	buf_finish(&json);
	buf_finish(&out);
}

Test(report_text, refuses_what_is_no_object)
{
	static const char *const rows[] = {"", "[]", "1", "{", "ready\n", "{} {}"};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out = BUF_INIT;
		cr_expect_not(report_text_write(str_from(rows[i]), &out), "%s", rows[i]);
		buf_finish(&out);
	}
}

Test(report_text, knows_durations_and_sizes_by_their_names)
{
	expect_text("{\"age_ms\": 999, \"idle_ms\": 61500, \"for_ms\": 90000000}",
		"age                         999ms\n"
		"idle                        1m1s\n"
		"for                         1d1h\n");
	expect_text("{\"bytes_in\": 1023, \"out_bytes\": 1536, \"bytes\": 209715200}",
		"bytes in                    1023B\n"
		"out bytes                   1.5KiB\n"
		"bytes                       200MiB\n");
}

Test(report_text, writes_a_list_of_objects_as_a_table)
{
	expect_text("{\"servers\": [{\"url\": \"http://a\", \"active\": 10}, "
		    "{\"url\": \"b\", \"down\": true}], \"x\": 1}",
		"servers\n"
		"  url       active  down\n"
		"  http://a  10      -\n"
		"  b         -       yes\n"
		"x                           1\n");
}

Test(report_text, goes_on_with_a_table_without_another_head)
{
	struct buf out = BUF_INIT;
	json_t *columns = NULL;
	json_t *first = json_loads("[{\"id\": 100, \"to\": \"a\"}]", 0, NULL);
	json_t *second = json_loads("[{\"id\": 7, \"to\": \"b\"}]", 0, NULL);
	report_text_write_table(first, &columns, &out);
	report_text_write_table(second, &columns, &out);
	cr_expect(str_equal(buf_str(&out), STR("id   to\n100  a\n7    b\n")), "%.*s",
		STR_ARG(buf_str(&out)));
	json_decref(first);
	json_decref(second);
	json_decref(columns);
	buf_finish(&out);
}
