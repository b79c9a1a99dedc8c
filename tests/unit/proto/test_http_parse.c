// SPDX-License-Identifier: MIT
#include "wherry/proto/http_parse.h"

#include <string.h>

#include <criterion/criterion.h>

#include "wherry/proto/http_scan.h"

static const struct str REQUEST =
	STR("POST /x?y HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nX: y\r\n\r\n");
static const struct str RESPONSE =
	STR("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");

static struct http_message scan(enum http_message_kind kind, struct str head)
{
	struct http_scan scan;
	struct http_message message;
	size_t length;

	http_scan_init(&scan, kind, HTTP_SCAN_LIMITS_DEFAULT);
	cr_assert_eq(http_scan_feed(&scan, head, &message, &length), HTTP_SCAN_OK, "%s",
		scan.error);
	cr_assert_eq(length, head.length);
	return message;
}

Test(http_parse, agrees_with_the_scanner)
{
	static const struct str heads[] = {
		STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
		STR("\r\nGET / HTTP/1.0\r\n\r\n"),
		STR("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"),
		STR("GET http://[::1]:80/?x HTTP/1.1\r\nHost: "
		    "[::1]:80\r\nConnection:\r\n\r\n"),
		STR("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n"
		    "Upgrade: websocket\r\nContent-Length: 0\r\n\r\n"),
		STR("M-SEARCH / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
	};
	struct http_message message;

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		message = scan(HTTP_REQUEST, heads[i]);
		cr_expect(http_parse_agrees(heads[i], &message), "%zu", i);
	}
	message = scan(HTTP_REQUEST, REQUEST);
	cr_expect(http_parse_agrees(REQUEST, &message));
	message = scan(HTTP_RESPONSE, RESPONSE);
	cr_expect(http_parse_agrees(RESPONSE, &message));
}

Test(http_parse, disagrees_on_each_fact)
{
	const struct http_message good = scan(HTTP_REQUEST, REQUEST);
	struct http_message message = good;

	message.method = STR("PUT");
	cr_expect_not(http_parse_agrees(REQUEST, &message), "method");
	message = good;
	message.target.length--;
	cr_expect_not(http_parse_agrees(REQUEST, &message), "target");
	message = good;
	message.minor_version = 0;
	cr_expect_not(http_parse_agrees(REQUEST, &message), "version");
	message = good;
	message.field_count--;
	cr_expect_not(http_parse_agrees(REQUEST, &message), "fields");
	message = good;
	message.content_length = 5;
	cr_expect_not(http_parse_agrees(REQUEST, &message), "length");
	message = good;
	message.fields[1].id = HTTP_FIELD_TRANSFER_ENCODING;
	cr_expect_not(http_parse_agrees(REQUEST, &message), "framing field");
	message = good;
	message.kind = HTTP_RESPONSE;
	cr_expect_not(http_parse_agrees(REQUEST, &message), "kind");
}

Test(http_parse, disagrees_on_responses)
{
	const struct http_message good = scan(HTTP_RESPONSE, RESPONSE);
	struct http_message message = good;

	message.status = 201;
	cr_expect_not(http_parse_agrees(RESPONSE, &message), "status");
	message = good;
	message.fields[0].id = HTTP_FIELD_OTHER;
	cr_expect_not(http_parse_agrees(RESPONSE, &message), "chunked");
}

Test(http_parse, disagrees_on_the_length_of_the_head)
{
	struct str longer = STR("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n");
	struct str head = {longer.data, strlen("GET / HTTP/1.1\r\nHost: a\r\n\r\n")};
	struct str shorter = {longer.data, head.length - 1};
	struct http_message message = scan(HTTP_REQUEST, head);

	cr_expect(http_parse_agrees(head, &message));
	cr_expect_not(http_parse_agrees(longer, &message));
	cr_expect_not(http_parse_agrees(shorter, &message));
}

Test(http_parse, knows_the_methods_of_llhttp)
{
	static const char *const known[] = {"GET", "HEAD", "POST", "PUT", "DELETE",
		"OPTIONS", "TRACE", "PATCH", "PROPFIND", "M-SEARCH", "UNSUBSCRIBE"};
	static const char *const unknown[] = {
		"", "get", "GE", "GETS", "MSEARCH", "PRI", "DESCRIBE", "FLUSH", "X"};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		cr_expect(http_parse_knows_method(str_from(known[i])), "%s", known[i]);
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		cr_expect_not(
			http_parse_knows_method(str_from(unknown[i])), "%s", unknown[i]);
}
