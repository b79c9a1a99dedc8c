// SPDX-License-Identifier: MIT
#include "wherry/proto/sse.h"

#include <criterion/criterion.h>

struct row {
	const char *name;
	struct sse_event event;
	struct str text;
};

static const struct row ROWS[] = {
	{"a message", {7, NULL, STR("hello")}, STR("id: 7\ndata: hello\n\n")},
	{"an event without an id", {0, "status", STR("{}")},
		STR("event: status\ndata: {}\n\n")},
	{"the largest id", {UINT64_MAX, NULL, STR("a")},
		STR("id: 18446744073709551615\ndata: a\n\n")},
	{"empty data is an event all the same", {1, NULL, STR("")},
		STR("id: 1\ndata: \n\n")},
	{"no data", {1, "gap", {NULL, 0}}, STR("id: 1\nevent: gap\ndata: \n\n")},
	{"a leading space stays", {0, NULL, STR(" a")}, STR("data:  a\n\n")},
	{"a colon is nothing special", {0, NULL, STR(":a: b")}, STR("data: :a: b\n\n")},
	{"LF", {0, NULL, STR("a\nb")}, STR("data: a\ndata: b\n\n")},
	{"CR", {0, NULL, STR("a\rb")}, STR("data: a\ndata: b\n\n")},
	{"CR LF", {0, NULL, STR("a\r\nb")}, STR("data: a\ndata: b\n\n")},
	{"LF CR are two", {0, NULL, STR("a\n\rb")}, STR("data: a\ndata: \ndata: b\n\n")},
	{"an end of line at the end", {0, NULL, STR("a\n")}, STR("data: a\ndata: \n\n")},
	{"CR at the end", {0, NULL, STR("a\r")}, STR("data: a\ndata: \n\n")},
	{"nobody's event can be forged", {0, NULL, STR("a\n\nid: 9\nevent: gap\n\n")},
		STR("data: a\ndata: \ndata: id: 9\ndata: event: gap\ndata: \n"
		    "data: \n\n")},
	{"UTF-8", {0, NULL, STR("caf\xc3\xa9\0")}, STR("data: caf\xc3\xa9\0\n\n")},
	{"other bytes", {3, NULL, STR("\xff\x00\n")},
		STR("id: 3\nevent: binary\ndata: /wAK\n\n")},
};

Test(sse, writes_events)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		struct buf out = BUF_INIT;
		sse_write_event(&out, &ROWS[i].event);
		cr_assert(str_equal(buf_str(&out), ROWS[i].text), "%s: %.*s",
			ROWS[i].name, STR_ARG(buf_str(&out)));
		buf_finish(&out);
	}
}

Test(sse, says_when_to_come_again)
{
	struct buf out = BUF_INIT;
	sse_write_retry(&out, 1500);
	cr_assert(str_equal(buf_str(&out), STR("retry: 1500\n\n")));
	buf_finish(&out);
}
