// SPDX-License-Identifier: MIT
// Start lines, through the reader that is their only way in.
#include <criterion/criterion.h>

#include "http_record.h"

struct row {
	const char *name;
	struct str input;
	unsigned status;   // 0: accepted
	const char *facts; // of accepted ones, up to the fields
};

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define HOST "\r\nHost: a\r\n\r\n"

static const struct row REQUESTS[] = {
	// Target forms (T24, T31; RFC 9112 section 3.2).
	{"path", STR("GET /x/y HTTP/1.1" HOST), 0, "GET /x/y host=a"},
	{"query", STR("GET /x?y=/?z HTTP/1.1" HOST), 0, "GET /x?y=/?z host=a"},
	{"empty query", STR("GET /? HTTP/1.1" HOST), 0, "GET /? host=a"},
	{"double slash", STR("GET //evil/x HTTP/1.1" HOST), 0, "GET //evil/x host=a"},
	{"backslash stays", STR("GET /a\\b HTTP/1.1" HOST), 0, "GET /a\\b host=a"},
	{"marks", STR("GET /\"<>[]^`{|}@:;,!$&'()*+= HTTP/1.1" HOST), 0,
		"GET /\"<>[]^`{|}@:;,!$&'()*+= host=a"},
	{"absolute", STR("GET http://a/x?y HTTP/1.1" HOST), 0, "GET /x?y host=a"},
	{"absolute, https", STR("GET https://a/ HTTP/1.1" HOST), 0, "GET / host=a"},
	{"absolute, capitals", STR("GET HTTP://A/x HTTP/1.1" HOST), 0, "GET /x host=a"},
	{"absolute, no path", STR("GET http://a HTTP/1.1" HOST), 0, "GET / host=a"},
	{"absolute, only a query", STR("GET http://a?b HTTP/1.1" HOST), 0,
		"GET /?b host=a"},
	{"absolute, port", STR("GET http://a:81/ HTTP/1.1\r\nHost: a:81\r\n\r\n"), 0,
		"GET / host=a:81"},
	{"absolute, IPv6", STR("GET http://[::1]:81/ HTTP/1.1\r\nHost: [::1]:81\r\n\r\n"),
		0, "GET / host=[::1]:81"},
	{"absolute, 1.0 without Host", STR("GET http://a/ HTTP/1.0\r\n\r\n"), 0,
		"GET / host=a"},
	{"OPTIONS *", STR("OPTIONS * HTTP/1.1" HOST), 0, "OPTIONS * host=a"},
	{"OPTIONS of a whole server", STR("OPTIONS http://a HTTP/1.1" HOST), 0,
		"OPTIONS * host=a"},
	{"absolute, other Host", STR("GET http://b/ HTTP/1.1" HOST), 400, NULL},
	{"absolute, other port", STR("GET http://a:81/ HTTP/1.1" HOST), 400, NULL},
	{"absolute, no Host", STR("GET http://a/ HTTP/1.1\r\n\r\n"), 400, NULL},
	{"absolute, userinfo", STR("GET http://u@a/ HTTP/1.1" HOST), 400, NULL},
	{"absolute, userinfo in both",
		STR("GET http://u@a/ HTTP/1.1\r\nHost: u@a\r\n\r\n"), 400, NULL},
	{"absolute, empty", STR("GET http:// HTTP/1.1" HOST), 400, NULL},
	{"absolute, empty host", STR("GET http:///x HTTP/1.1" HOST), 400, NULL},
	{"absolute, other scheme", STR("GET ftp://a/ HTTP/1.1" HOST), 400, NULL},
	{"absolute, ws", STR("GET ws://a/ HTTP/1.1" HOST), 400, NULL},
	{"absolute, one slash", STR("GET http:/a HTTP/1.1" HOST), 400, NULL},
	{"address of the cloud", STR("GET http://169.254.169.254/ HTTP/1.1" HOST), 400,
		NULL},
	{"authority", STR("GET a:80 HTTP/1.1" HOST), 400, NULL},
	{"no slash", STR("GET foo HTTP/1.1" HOST), 400, NULL},
	{"at sign", STR("GET @evil/x HTTP/1.1" HOST), 400, NULL},
	{"only a query", STR("GET ?x HTTP/1.1" HOST), 400, NULL},
	{"* for GET", STR("GET * HTTP/1.1" HOST), 400, NULL},
	{"* with more", STR("OPTIONS *x HTTP/1.1" HOST), 400, NULL},
	{"fragment", STR("GET /a#b HTTP/1.1" HOST), 400, NULL},
	{"fragment behind a query", STR("GET /a?b#c HTTP/1.1" HOST), 400, NULL},
	{"HTAB", STR("GET /a\tb HTTP/1.1" HOST), 400, NULL},
	{"UTF-8", STR("GET /\xc3\xa9 HTTP/1.1" HOST), 400, NULL},
	{"DEL", STR("GET /\x7f HTTP/1.1" HOST), 400, NULL},
	// Spaces.
	{"two SP before the target", STR("GET  / HTTP/1.1" HOST), 400, NULL},
	{"two SP behind the target", STR("GET /  HTTP/1.1" HOST), 400, NULL},
	{"SP in the target", STR("GET /a b HTTP/1.1" HOST), 400, NULL},
	{"SP at the end", STR("GET / HTTP/1.1 " HOST), 400, NULL},
	{"SP at the start", STR(" GET / HTTP/1.1" HOST), 400, NULL},
	{"HTABs", STR("GET\t/\tHTTP/1.1" HOST), 400, NULL},
	{"word at the end", STR("GET / HTTP/1.1 X" HOST), 400, NULL},
	// Methods (T13; RFC 9110 section 9.1).
	{"no method", STR(" / HTTP/1.1" HOST), 400, NULL},
	{"method alone", STR("GET\r\nHost: a\r\n\r\n"), 400, NULL},
	{"method is no token", STR("G(T / HTTP/1.1" HOST), 400, NULL},
	{"unknown method", STR("QUERY / HTTP/1.1" HOST), 501, NULL},
	{"small letters", STR("get / HTTP/1.1" HOST), 501, NULL},
	{"longer than a known one", STR("GETS / HTTP/1.1" HOST), 501, NULL},
	{"of RTSP", STR("DESCRIBE / HTTP/1.1" HOST), 501, NULL},
	{"PRI over 1.1", STR("PRI / HTTP/1.1" HOST), 501, NULL},
	{"M-SEARCH", STR("M-SEARCH /x HTTP/1.1" HOST), 0, "M-SEARCH /x host=a"},
	{"PATCH", STR("PATCH / HTTP/1.1" HOST), 0, "PATCH / host=a"},
	{"CONNECT", STR("CONNECT a:443 HTTP/1.1" HOST), 405, NULL},
	{"CONNECT with a path", STR("CONNECT / HTTP/1.1" HOST), 405, NULL},
	{"CONNECT absolute", STR("CONNECT http://a/ HTTP/1.1" HOST), 405, NULL},
	{"CONNECT, bad target", STR("CONNECT a#b HTTP/1.0\r\n\r\n"), 405, NULL},
	// Versions (T11).
	{"1.0", STR("GET / HTTP/1.0\r\n\r\n"), 0, "GET / host="},
	{"0.9 without version", STR("GET /\r\n\r\n"), 400, NULL},
	{"0.9", STR("GET / HTTP/0.9" HOST), 505, NULL},
	{"1.2", STR("GET / HTTP/1.2" HOST), 505, NULL},
	{"2.0", STR("GET / HTTP/2.0" HOST), 505, NULL},
	{"preface of HTTP/2", STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505, NULL},
	{"small letters in the version", STR("GET / http/1.1" HOST), 400, NULL},
	{"mixed letters", STR("GET / HTTp/1.1" HOST), 400, NULL},
	{"RTSP", STR("GET / RTSP/1.0" HOST), 400, NULL},
	{"ICE", STR("SOURCE / ICE/1.0" HOST), 400, NULL},
	{"leading zero", STR("GET / HTTP/01.1" HOST), 400, NULL},
	{"1.10", STR("GET / HTTP/1.10" HOST), 400, NULL},
	{"no minor", STR("GET / HTTP/1" HOST), 400, NULL},
	{"comma", STR("GET / HTTP/1,1" HOST), 400, NULL},
	{"letters", STR("GET / HTTP/1.x" HOST), 400, NULL},
	{"empty version", STR("GET / " HOST), 400, NULL},
};

static const struct row RESPONSES[] = {
	{"usual", STR("HTTP/1.1 204 No Content\r\n\r\n"), 0, "204 No Content none keep"},
	{"1.0", STR("HTTP/1.0 204 No\r\n\r\n"), 0, "204 No none close"},
	{"empty reason", STR("HTTP/1.1 204 \r\n\r\n"), 0, "204  none keep"},
	{"no reason and no SP", STR("HTTP/1.1 204\r\n\r\n"), 0, "204  none keep"},
	{"obs-text", STR("HTTP/1.1 204 \xe9\r\n\r\n"), 0, "204 \xe9 none keep"},
	{"unknown status", STR("HTTP/1.1 299 X\r\nContent-Length: 0\r\n\r\n"), 0,
		"299 X none 0 keep"},
	{"599", STR("HTTP/1.1 599 X\r\nContent-Length: 0\r\n\r\n"), 0,
		"599 X none 0 keep"},
	{"600", STR("HTTP/1.1 600 X\r\n\r\n"), 502, NULL},
	{"099", STR("HTTP/1.1 099 X\r\n\r\n"), 502, NULL},
	{"four digits", STR("HTTP/1.1 2000 X\r\n\r\n"), 502, NULL},
	{"two digits", STR("HTTP/1.1 20 X\r\n\r\n"), 502, NULL},
	{"letters", STR("HTTP/1.1 2x0 X\r\n\r\n"), 502, NULL},
	{"sign", STR("HTTP/1.1 +20 X\r\n\r\n"), 502, NULL},
	{"two SP", STR("HTTP/1.1  200 X\r\n\r\n"), 502, NULL},
	{"HTAB", STR("HTTP/1.1\t200 X\r\n\r\n"), 502, NULL},
	{"HTAB behind the status", STR("HTTP/1.1 200\tX\r\n\r\n"), 502, NULL},
	{"control in the reason", STR("HTTP/1.1 200 a\x01\r\n\r\n"), 502, NULL},
	{"CR in the reason", STR("HTTP/1.1 200 a\rb\r\n\r\n"), 502, NULL},
	{"0.9", STR("HTTP/0.9 200 OK\r\n\r\n"), 502, NULL},
	{"2", STR("HTTP/2 200 OK\r\n\r\n"), 502, NULL},
	{"1.2", STR("HTTP/1.2 200 OK\r\n\r\n"), 502, NULL},
	{"small letters in the version", STR("http/1.1 200 OK\r\n\r\n"), 502, NULL},
	{"ICY", STR("ICY 200 OK\r\n\r\n"), 502, NULL},
	{"version alone", STR("HTTP/1.1\r\n\r\n"), 502, NULL},
	{"a request", STR("GET / HTTP/1.1" HOST), 502, NULL},
};

static void run_rows(enum http_message_kind kind, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct row *row = &rows[i];
		struct http_record record =
			http_record_run_all(kind, row->input, row->name);

		cr_expect_eq(record.status, row->status, "%s: %s %s", row->name,
			record.text, record.error);
		cr_expect_not(record.is_disagreement, "%s", row->name);
		if (row->facts)
			cr_expect(str_has_prefix(
					  str_from(record.facts), str_from(row->facts)),
				"%s: %s", row->name, record.facts);
	}
}

Test(http_start_line, judges_request_lines)
{
	run_rows(HTTP_REQUEST, REQUESTS, COUNT(REQUESTS));
}

Test(http_start_line, judges_status_lines)
{
	run_rows(HTTP_RESPONSE, RESPONSES, COUNT(RESPONSES));
}
