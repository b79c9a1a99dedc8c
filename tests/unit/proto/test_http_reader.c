// SPDX-License-Identifier: MIT
#include "wherry/proto/http_reader.h"

#include <string.h>

#include <criterion/criterion.h>

#include "http_record.h"

struct row {
	const char *name;
	enum http_message_kind kind;
	struct str input;
	const char *text; // as http_record says
};

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define HOST " HTTP/1.1\r\nHost: a\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n"
#define OK "HTTP/1.1 200 OK\r\n"

static const struct row ROWS[] = {
	{"nothing", HTTP_REQUEST, STR(""), "$"},
	{"one request", HTTP_REQUEST, STR("GET /a" HOST "\r\n"), "(GET /a);$"},
	{"pipelined", HTTP_REQUEST,
		STR("GET /a" HOST "\r\nPOST /b" HOST
		    "Content-Length: 2\r\n\r\nxyGET /c" HOST "\r\n"),
		"(GET /a);(POST /b)xy;(GET /c);$"},
	{"CRLF between requests", HTTP_REQUEST,
		STR("POST /a" HOST "Content-Length: 1\r\n\r\nx\r\nGET /b" HOST "\r\n"),
		"(POST /a)x;(GET /b);$"},
	{"chunked, then another", HTTP_REQUEST,
		STR("POST /a" HOST CHUNKED
		    "\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: u\r\n\r\nGET "
		    "/b" HOST "\r\n"),
		"(POST /a)abcde;(GET /b);$"},
	{"chunked empty", HTTP_REQUEST, STR("POST /a" HOST CHUNKED "\r\n0\r\n\r\n"),
		"(POST /a);$"},
	{"bad second head", HTTP_REQUEST, STR("GET /a" HOST "\r\nGET /b\r\n"),
		"(GET /a);!400"},
	{"body longer than said", HTTP_REQUEST,
		STR("POST /a" HOST "Content-Length: 2\r\n\r\nabc\r\n"),
		"(POST /a)ab;!400"},
	{"body shorter than said", HTTP_REQUEST,
		STR("POST /a" HOST "Content-Length: 4\r\n\r\nab"), "(POST /a)ab"},
	{"bad chunk", HTTP_REQUEST, STR("POST /a" HOST CHUNKED "\r\n2\r\nabc"),
		"(POST /a)ab!400"},
	{"unfinished chunk", HTTP_REQUEST, STR("POST /a" HOST CHUNKED "\r\n2\r\nab\r\n"),
		"(POST /a)ab"},
	{"unfinished head", HTTP_REQUEST, STR("GET /a" HOST), ""},
	{"a byte of a head", HTTP_REQUEST, STR("G"), ""},
	{"upgrade: nothing behind it is read", HTTP_REQUEST,
		STR("GET /a" HOST
		    "Connection: upgrade\r\nUpgrade: websocket\r\n\r\nGET /b\n"),
		"(GET /a)"},
	{"response with a length", HTTP_RESPONSE,
		STR(OK "Content-Length: 2\r\n\r\nab" OK "Content-Length: 0\r\n\r\n"),
		"(200)ab;(200);$"},
	{"response chunked", HTTP_RESPONSE, STR(OK CHUNKED "\r\n2\r\nab\r\n0\r\n\r\n"),
		"(200)ab;$"},
	{"response until close", HTTP_RESPONSE, STR(OK "\r\nabc\r\n\r\n" OK "\r\n"),
		"(200)abc\r\n\r\nHTTP/1.1 200 OK\r\n\r\n$"},
	{"response until close, empty", HTTP_RESPONSE, STR(OK "\r\n"), "(200)$"},
	{"response cut off", HTTP_RESPONSE, STR(OK "Content-Length: 3\r\n\r\nab"),
		"(200)ab"},
	{"response cut off in chunks", HTTP_RESPONSE, STR(OK CHUNKED "\r\n2\r\nab\r\n"),
		"(200)ab"},
	{"1xx, then the final one", HTTP_RESPONSE,
		STR("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: "
		    "x\r\n\r\n" OK "Content-Length: 1\r\n\r\na"),
		"(100);(103);(200)a;$"},
	{"204 and 304 have no body", HTTP_RESPONSE,
		STR("HTTP/1.1 304 X\r\nContent-Length: 9\r\n\r\nHTTP/1.1 204 X\r\n\r\n"),
		"(304);(204);$"},
	{"bad chunk of a response", HTTP_RESPONSE, STR(OK CHUNKED "\r\nx\r\n"),
		"(200)!502"},
};

Test(http_reader, reads_messages_however_they_arrive)
{
	for (size_t i = 0; i < COUNT(ROWS); i++) {
		const struct row *row = &ROWS[i];
		struct http_record record =
			http_record_run_all(row->kind, row->input, row->name);
		cr_expect_str_eq(
			record.text, row->text, "%s: %s", row->name, record.text);
	}
}

static enum http_reader_item pull(
	struct http_reader *reader, struct str *data, struct http_message *ret_message)
{
	size_t taken;
	enum http_reader_item item = http_reader_next(
		reader, (const uint8_t *)data->data, data->length, ret_message, &taken);

	data->data += taken;
	data->length -= taken;
	return item;
}

Test(http_reader, expects_no_body_of_an_answer_to_head)
{
	struct str data = STR(OK "Content-Length: 5\r\n\r\n" OK CHUNKED "\r\n" OK
				 "\r\n" OK "Content-Length: 1\r\n\r\na");
	struct http_reader reader;
	struct http_message message;

	http_reader_init(&reader, HTTP_RESPONSE, HTTP_SCAN_LIMITS_DEFAULT);
	for (int i = 0; i < 3; i++) {
		cr_assert_eq(pull(&reader, &data, &message), HTTP_READER_HEAD);
		cr_expect_eq(message.has_content_length, i == 0);
		http_reader_no_body(&reader);
		cr_expect(http_reader_is_complete_at_eof(&reader));
		cr_assert_eq(pull(&reader, &data, &message), HTTP_READER_END);
	}
	cr_assert_eq(pull(&reader, &data, &message), HTTP_READER_HEAD);
	cr_assert_eq(pull(&reader, &data, &message), HTTP_READER_BODY);
	cr_expect(str_equal(reader.body, STR("a")));
	cr_assert_eq(pull(&reader, &data, &message), HTTP_READER_END);
	cr_assert_eq(pull(&reader, &data, &message), HTTP_READER_MORE);
}

Test(http_reader, gives_the_end_without_new_bytes)
{
	struct str data = STR("GET /" HOST "\r\n");
	struct http_reader reader;
	struct http_message message;

	http_reader_init(&reader, HTTP_REQUEST, HTTP_SCAN_LIMITS_DEFAULT);
	cr_assert_eq(pull(&reader, &data, &message), HTTP_READER_HEAD);
	cr_expect_eq(data.length, 0);
	cr_assert_eq(pull(&reader, &data, &message), HTTP_READER_END);
	cr_assert_eq(pull(&reader, &data, &message), HTTP_READER_MORE);
}

Test(http_reader, stays_bad)
{
	struct str data = STR("GET /\r\n");
	struct str good = STR("GET /" HOST "\r\n");
	struct http_reader reader;
	struct http_message message;

	http_reader_init(&reader, HTTP_REQUEST, HTTP_SCAN_LIMITS_DEFAULT);
	cr_assert_eq(pull(&reader, &data, &message), HTTP_READER_BAD);
	cr_assert_eq(pull(&reader, &good, &message), HTTP_READER_BAD);
	cr_expect_eq(reader.scan.status, 400);
	cr_expect_not_null(reader.scan.error);
	cr_expect_not(http_reader_is_complete_at_eof(&reader));
}

Test(http_reader, gives_large_bodies_as_they_come)
{
	static char text[64 * 1024];
	const char head[] = OK "Content-Length: 9223372036854775807\r\n\r\n";
	struct str data = {text, sizeof(text)};
	struct http_reader reader;
	struct http_message message;

	memcpy(text, head, sizeof(head) - 1);
	http_reader_init(&reader, HTTP_RESPONSE, HTTP_SCAN_LIMITS_DEFAULT);
	cr_assert_eq(pull(&reader, &data, &message), HTTP_READER_HEAD);
	cr_assert_eq(pull(&reader, &data, &message), HTTP_READER_BODY);
	cr_expect_eq(reader.body.data, text + sizeof(head) - 1);
	cr_expect_eq(reader.body.length, sizeof(text) - (sizeof(head) - 1));
	cr_assert_eq(pull(&reader, &data, &message), HTTP_READER_MORE);
	cr_expect_not(http_reader_is_complete_at_eof(&reader));
}

Test(http_reader, takes_nothing_of_an_incomplete_head)
{
	struct http_reader reader;
	struct http_message message;
	struct str all = STR("GET /x" HOST "\r\n");
	size_t taken;

	http_reader_init(&reader, HTTP_REQUEST, HTTP_SCAN_LIMITS_DEFAULT);
	for (size_t i = 0; i < all.length; i++) {
		cr_assert_eq(http_reader_next(&reader, (const uint8_t *)all.data, i,
				     &message, &taken),
			HTTP_READER_MORE);
		cr_assert_eq(taken, 0);
		cr_expect_eq(http_reader_is_complete_at_eof(&reader), i == 0);
	}
	cr_assert_eq(http_reader_next(&reader, (const uint8_t *)all.data, all.length,
			     &message, &taken),
		HTTP_READER_HEAD);
	cr_expect_eq(taken, all.length);
	cr_expect_eq(message.target.data, all.data + 4, "slices of the last address");
}
