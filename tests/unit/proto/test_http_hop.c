// SPDX-License-Identifier: MIT
// Which fields end here, through the reader; "~" marks the dropped ones.
#include <string.h>

#include <criterion/criterion.h>

#include "http_record.h"

struct row {
	const char *name;
	struct str input;
	unsigned status;
	const char *fields; // of accepted ones, behind Host
};

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define GET "GET / HTTP/1.1\r\nHost: a\r\n"

static const struct row ROWS[] = {
	// T21 (RFC 9110 section 7.6.1)
	{"hop-by-hop",
		STR(GET "Connection: close\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\n"
			"TE: trailers\r\nTrailer: X\r\nUpgrade: h2c\r\n"
			"HTTP2-Settings: x\r\n\r\n"),
		0,
		"~Connection: close | ~Keep-Alive: 5 | ~Proxy-Connection: x | "
		"~TE: trailers | ~Trailer: X | ~Upgrade: h2c | ~HTTP2-Settings: x"},
	{"framing", STR(GET "Content-Length: 0\r\n\r\n"), 0, "~Content-Length: 0"},
	{"Proxy-*",
		STR(GET "Proxy: http://evil\r\nproxy-authorization: x\r\n"
			"Proxy-Authenticate: y\r\nPROXY-FOO: z\r\n\r\n"),
		0,
		"~Proxy: http://evil | ~proxy-authorization: x | ~Proxy-Authenticate: y "
		"| "
		"~PROXY-FOO: z"},
	{"end to end",
		STR(GET "Accept: x\r\nAuthorization: y\r\nCookie: z\r\n"
			"X-Forwarded-For: 1\r\nVia: 2\r\nX: 3\r\n\r\n"),
		0,
		"Accept: x | Authorization: y | Cookie: z | X-Forwarded-For: 1 | Via: 2 "
		"| "
		"X: 3"},
	{"nominated behind",
		STR(GET "Connection: X-One, x-two\r\nX-ONE: 1\r\nX-Two: 2\r\n"
			"X-Three: 3\r\n\r\n"),
		0, "~Connection: X-One, x-two | ~X-ONE: 1 | ~X-Two: 2 | X-Three: 3"},
	{"nominated before", STR(GET "X-One: 1\r\nX-One: 2\r\nConnection: x-one\r\n\r\n"),
		0, "~X-One: 1 | ~X-One: 2 | ~Connection: x-one"},
	{"nominated known names",
		STR(GET "Connection: Accept, User-Agent\r\nAccept: a\r\nUser-Agent: "
			"b\r\n\r\n"),
		0, "~Connection: Accept, User-Agent | ~Accept: a | ~User-Agent: b"},
	{"nominated: ours to keep",
		STR(GET "Connection: close, X-Forwarded-For, Authorization, Via, "
			"Forwarded, "
			"X-Forwarded-Port, X-Request-Id\r\nX-Forwarded-For: 1\r\n"
			"Authorization: 2\r\nVia: 3\r\nForwarded: 4\r\nX-Forwarded-Port: "
			"5\r\n"
			"X-Request-Id: 6\r\n\r\n"),
		0,
		"~Connection: close, X-Forwarded-For, Authorization, Via, Forwarded, "
		"X-Forwarded-Port, X-Request-Id | X-Forwarded-For: 1 | Authorization: 2 "
		"| "
		"Via: 3 | Forwarded: 4 | X-Forwarded-Port: 5 | X-Request-Id: 6"},
	{"nominated: Host", STR(GET "Connection: host\r\n\r\n"), 400, NULL},
	{"nominated: Content-Length", STR(GET "Connection: x, Content-Length\r\n\r\n"),
		400, NULL},
	{"nominated: Cookie", STR(GET "Connection: Cookie\r\n\r\n"), 400, NULL},
	{"nominated: Sec-WebSocket-Key", STR(GET "Connection: sec-websocket-key\r\n\r\n"),
		400, NULL},
	{"nominated: Sec-WebSocket-Foo", STR(GET "Connection: Sec-WebSocket-Foo\r\n\r\n"),
		400, NULL},
	{"nominated in a second field",
		STR(GET "Connection: x\r\nConnection: cookie\r\n\r\n"), 400, NULL},
	{"Proxy-Connection nominates nothing",
		STR(GET "Proxy-Connection: X\r\nX: 1\r\n\r\n"), 0,
		"~Proxy-Connection: X | X: 1"},
	// T22: names that backends read as ours.
	{"folded X-Forwarded-*",
		STR(GET "X_Forwarded_For: 1\r\nX-Forwarded_Proto: 2\r\n"
			"x_forwarded_port: 3\r\n\r\n"),
		0, "~X_Forwarded_For: 1 | ~X-Forwarded_Proto: 2 | ~x_forwarded_port: 3"},
	{"folded hop-by-hop", STR(GET "Keep_Alive: 1\r\nProxy_Connection: 2\r\n\r\n"), 0,
		"~Keep_Alive: 1 | ~Proxy_Connection: 2"},
	{"folded X-Request-Id", STR(GET "X_Request_Id: 1\r\n\r\n"), 0,
		"~X_Request_Id: 1"},
	{"folded framing", STR(GET "Content_Length: 4\r\n\r\n"), 400, NULL},
	{"folded TE", STR(GET "transfer_encoding: chunked\r\n\r\n"), 400, NULL},
	{"other names with _",
		STR(GET "X_Y: 1\r\n_: 2\r\nX_Forwarded: 3\r\nUser_Agent: 4\r\n"
			"a_name_that_is_longer_than_any_that_is_known_here: 5\r\n\r\n"),
		0,
		"X_Y: 1 | _: 2 | X_Forwarded: 3 | User_Agent: 4 | "
		"a_name_that_is_longer_than_any_that_is_known_here: 5"},
};

Test(http_hop, drops_what_ends_here)
{
	for (size_t i = 0; i < COUNT(ROWS); i++) {
		const struct row *row = &ROWS[i];
		struct http_record record =
			http_record_run_all(HTTP_REQUEST, row->input, row->name);

		cr_expect_eq(
			record.status, row->status, "%s: %s", row->name, record.text);
		cr_expect_not(record.is_disagreement, "%s", row->name);
		if (!row->fields)
			continue;
		const char *fields = strstr(record.facts, " | Host: a | ");
		cr_assert(fields, "%s: %s", row->name, record.facts);
		cr_expect_str_eq(
			fields + strlen(" | Host: a | "), row->fields, "%s", row->name);
	}
}

Test(http_hop, drops_the_same_in_responses)
{
	struct http_record record = http_record_run_all(HTTP_RESPONSE,
		STR("HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: X-A, Upgrade, "
		    "Set-Cookie\r\nX-A: 1\r\nSet-Cookie: 2\r\nX-B: 3\r\n\r\n"),
		"101");
	cr_expect_str_eq(record.facts, "101 X none keep websocket | ~Upgrade: websocket "
				       "| ~Connection: X-A, Upgrade, "
				       "Set-Cookie | ~X-A: 1 | ~Set-Cookie: 2 | X-B: 3");

	record = http_record_run_all(HTTP_RESPONSE,
		STR("HTTP/1.1 200 X\r\nConnection: content-length\r\n\r\n"), "nominated");
	cr_expect_eq(record.status, 502);
	record = http_record_run_all(HTTP_RESPONSE,
		STR("HTTP/1.1 200 X\r\nContent_Length: 4\r\n\r\n"), "folded");
	cr_expect_eq(record.status, 502);
}
