// SPDX-License-Identifier: MIT
// Connections in JSON, both ways.
#include "wherry/admin/connection_json.h"

#include <string.h>

#include <criterion/criterion.h>
#include <jansson.h>

static const char *read_choice(
	struct connection_json_choice choice, struct conn_facts_filter *ret_filter)
{
	*ret_filter = (struct conn_facts_filter){0};
	return connection_json_read(&choice, ret_filter);
}

Test(connection_json, reads_what_chooses_connections)
{
	struct conn_facts_filter filter;
	cr_expect_null(read_choice((struct connection_json_choice){0}, &filter));
	cr_expect_not(filter.has_kind || filter.has_source);
	struct connection_json_choice all = {
		.kind = "websocket",
		.source = "2001:db8::/32",
		.age = "5m",
		.idle = "500ms",
		.bytes = "1MiB",
	};
	cr_expect_null(read_choice(all, &filter));
	cr_expect(filter.has_kind && filter.kind == CONN_FACTS_WEBSOCKET);
	cr_expect(filter.has_source && filter.source.prefix_bits == 32);
	cr_expect_eq(filter.age_ms, 300000);
	cr_expect_eq(filter.idle_ms, 500);
	cr_expect_eq(filter.bytes, 1048576);
}

Test(connection_json, takes_an_address_for_a_network_of_one)
{
	struct conn_facts_filter filter;
	cr_expect_null(read_choice(
		(struct connection_json_choice){.source = "192.0.2.1"}, &filter));
	cr_expect_eq(filter.source.prefix_bits, 32);
	cr_expect_null(
		read_choice((struct connection_json_choice){.source = "::1"}, &filter));
	cr_expect_eq(filter.source.prefix_bits, 128);
	cr_expect_null(
		read_choice((struct connection_json_choice){.source = "unix"}, &filter));
	cr_expect_eq(filter.source.family, AF_UNIX);
}

Test(connection_json, says_what_is_wrong_with_a_choice)
{
	static const struct {
		struct connection_json_choice choice;
		const char *expected;
	} rows[] = {
		{{.kind = "tcp"}, "kind"},
		{{.source = "localhost"}, "source"},
		{{.source = "10.0.0.1/8"}, "source"},
		{{.source = ""}, "source"},
		{{.age = "5"}, "age"},
		{{.idle = "soon"}, "idle"},
		{{.bytes = "-1"}, "bytes"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct conn_facts_filter filter;
		const char *error = read_choice(rows[i].choice, &filter);
		cr_assert_not_null(error, "%zu", i);
		cr_expect_not_null(strstr(error, rows[i].expected), "%s", error);
	}
}

Test(connection_json, writes_a_line_for_whatever_stands_in_a_connection)
{
	struct buf out = BUF_INIT;
	struct conn_facts facts = {
		.id = 3,
		.kind = CONN_FACTS_HTTP,
		.state = "request",
		.client = STR("\xff\n"),
		.route = "a \"b\"",
		.bytes_out = UINT64_C(1) << 40,
	};
	connection_json_write(&out, &facts);
	cr_assert_gt(out.length, 0);
	cr_expect_eq(memchr(out.data, '\n', out.length), out.data + out.length - 1,
		"one line");
	json_t *line = json_loadb(out.data, out.length, 0, NULL);
	cr_assert_not_null(line, "%.*s", STR_ARG(buf_str(&out)));
	cr_expect_str_eq(
		json_string_value(json_object_get(line, "client")), "\\xFF\\x0A");
	cr_expect_str_eq(json_string_value(json_object_get(line, "route")), "a \"b\"");
	cr_expect(json_is_null(json_object_get(line, "user")));
	cr_expect_eq(
		json_integer_value(json_object_get(line, "bytes_out")), INT64_C(1) << 40);
	json_decref(line);
	buf_finish(&out);
}
