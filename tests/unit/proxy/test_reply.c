// SPDX-License-Identifier: MIT
// Answers of Wherry's own, byte for byte but for their date.
#include "wherry/proxy/reply.h"

#include <string.h>

#include <criterion/criterion.h>

#define DATE "Date: Mon, 23 Nov 2026 00:00:00 GMT\r\n"

static const struct {
	const char *name;
	struct reply reply;
	const char *expected; // with any date in place of "DATE"
} ROWS[] = {
	{"text", {.status = 404, .detail = "no route matches", .is_keep_alive = true},
		"HTTP/1.1 404 Not Found\r\n"
		"DATE\r\n"
		"Content-Type: text/plain; charset=utf-8\r\n"
		"Content-Length: 32\r\n"
		"Cache-Control: no-store\r\n\r\n"
		"404 Not Found: no route matches\n"},
	{"text without detail, and the end of the connection", {.status = 503},
		"HTTP/1.1 503 Service Unavailable\r\n"
		"DATE\r\n"
		"Content-Type: text/plain; charset=utf-8\r\n"
		"Content-Length: 24\r\n"
		"Cache-Control: no-store\r\n"
		"Connection: close\r\n\r\n"
		"503 Service Unavailable\n"},
	{"JSON, escaped",
		{.status = 400,
			.detail = "\"%\" without digits \\\n",
			.wants_json = true,
			.is_keep_alive = true},
		"HTTP/1.1 400 Bad Request\r\n"
		"DATE\r\n"
		"Content-Type: application/json\r\n"
		"Content-Length: 78\r\n"
		"Cache-Control: no-store\r\n\r\n"
		"{\"status\":400,\"error\":\"Bad Request\","
		"\"detail\":\"\\\"%\\\" without digits \\\\\\u000A\"}\n"},
	{"HEAD, on a kept HTTP/1.0 connection",
		{.status = 404,
			.is_head = true,
			.is_http10 = true,
			.is_keep_alive = true},
		"HTTP/1.1 404 Not Found\r\n"
		"DATE\r\n"
		"Content-Type: text/plain; charset=utf-8\r\n"
		"Content-Length: 14\r\n"
		"Cache-Control: no-store\r\n"
		"Connection: keep-alive\r\n\r\n"},
	{"204 and 304 have no content",
		{.status = 304, .fields = STR("ETag: \"1\"\r\n"), .is_keep_alive = true},
		"HTTP/1.1 304 Not Modified\r\n"
		"DATE\r\n"
		"ETag: \"1\"\r\n\r\n"},
	{"a token is asked for",
		{.status = 401,
			.detail = "none",
			.bearer_realm = "a b",
			.is_keep_alive = true},
		"HTTP/1.1 401 Unauthorized\r\n"
		"DATE\r\n"
		"Content-Type: text/plain; charset=utf-8\r\n"
		"Content-Length: 23\r\n"
		"Cache-Control: no-store\r\n"
		"WWW-Authenticate: Bearer realm=\"a b\"\r\n\r\n"
		"401 Unauthorized: none\n"},
	{"another token is asked for",
		{.status = 401,
			.detail = "bad",
			.bearer_realm = "a",
			.bearer_error = "invalid_token",
			.is_keep_alive = true},
		"HTTP/1.1 401 Unauthorized\r\n"
		"DATE\r\n"
		"Content-Type: text/plain; charset=utf-8\r\n"
		"Content-Length: 22\r\n"
		"Cache-Control: no-store\r\n"
		"WWW-Authenticate: Bearer realm=\"a\", error=\"invalid_token\", "
		"error_description=\"bad\"\r\n\r\n"
		"401 Unauthorized: bad\n"},
	{"a field of its own",
		{.status = 426,
			.detail = "not 13",
			.field = "Sec-WebSocket-Version: 13",
			.is_keep_alive = true},
		"HTTP/1.1 426 Upgrade Required\r\n"
		"DATE\r\n"
		"Content-Type: text/plain; charset=utf-8\r\n"
		"Content-Length: 29\r\n"
		"Cache-Control: no-store\r\n"
		"Sec-WebSocket-Version: 13\r\n\r\n"
		"426 Upgrade Required: not 13\n"},
	{"a redirect", {.status = 308, .location = {"/new/", 5}, .is_keep_alive = true},
		"HTTP/1.1 308 Permanent Redirect\r\n"
		"DATE\r\n"
		"Content-Type: text/plain; charset=utf-8\r\n"
		"Content-Length: 23\r\n"
		"Cache-Control: no-store\r\n"
		"Location: /new/\r\n\r\n"
		"308 Permanent Redirect\n"},
	{"another's page",
		{.status = 403,
			.detail = "not shown",
			.fields = {"Content-Type: text/html\r\nX-A: 1\r\n", 33},
			.body = {"<p>", 3},
			.has_body = true,
			.is_keep_alive = true},
		"HTTP/1.1 403 Forbidden\r\n"
		"DATE\r\n"
		"Content-Length: 3\r\n"
		"Content-Type: text/html\r\n"
		"X-A: 1\r\n\r\n"
		"<p>"},
	{"another's empty page", {.status = 401, .has_body = true, .is_keep_alive = true},
		"HTTP/1.1 401 Unauthorized\r\n"
		"DATE\r\n"
		"Content-Length: 0\r\n\r\n"},
};

// The date's line becomes "DATE".
static struct buf without_date(const struct buf *out)
{
	struct buf text = BUF_INIT;
	struct str all = buf_str(out);
	const char *date = memmem(all.data, all.length, "Date: ", 6);

	cr_assert_not_null(date);
	cr_assert_geq(all.length - (size_t)(date - all.data), sizeof(DATE) - 1);
	const char *behind = date + sizeof(DATE) - 3; // its CRLF
	cr_expect_eq(memcmp(behind - 4, " GMT\r\n", 6), 0);
	buf_append(&text, all.data, (size_t)(date - all.data));
	buf_append_str(&text, STR("DATE"));
	buf_append(&text, behind, all.length - (size_t)(behind - all.data));
	return text;
}

Test(reply, is_a_whole_response)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		struct buf out = BUF_INIT;

		reply_write(&out, &ROWS[i].reply);
		cr_assert_not(out.is_failed);
		struct buf text = without_date(&out);
		cr_expect(str_equal(buf_str(&text), str_from(ROWS[i].expected)),
			"%s:\n%.*s", ROWS[i].name, STR_ARG(buf_str(&text)));
		buf_finish(&text);
		buf_finish(&out);
	}
}

Test(reply, tells_that_its_buffer_failed)
{
	struct buf out = {.is_failed = true};

	reply_write(&out, &ROWS[0].reply);
	cr_expect(out.is_failed);
	cr_expect_eq(out.length, 0);
}
