// SPDX-License-Identifier: MIT
// Where tokens are found, and what only looks like one.
#include "wherry/proxy/token_place.h"

#include <criterion/criterion.h>

#include "http_head.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define GET "GET / HTTP/1.1\nHost: a\n"

static const struct {
	enum conf_token_place_kind kind;
	const char *lines;
	size_t count;
	const char *token; // of those that have one
} ROWS[] = {
	{CONF_TOKEN_AUTHORIZATION, GET, 0, ""},
	{CONF_TOKEN_AUTHORIZATION, GET "Authorization: Bearer x.y\n", 1, "x.y"},
	{CONF_TOKEN_AUTHORIZATION, GET "authorization: bEARER  x\n", 1, "x"},
	{CONF_TOKEN_AUTHORIZATION, GET "Authorization: Bearer\n", 0, ""},
	{CONF_TOKEN_AUTHORIZATION, GET "Authorization: Bearerx\n", 0, ""},
	{CONF_TOKEN_AUTHORIZATION, GET "Authorization: Basic eDp5\n", 0, ""},
	{CONF_TOKEN_AUTHORIZATION, GET "Authorization: x\n", 0, ""},
	{CONF_TOKEN_AUTHORIZATION, GET "Cookie: t=x\n", 0, ""},
	{CONF_TOKEN_COOKIE, GET, 0, ""},
	{CONF_TOKEN_COOKIE, GET "Cookie: t=x\n", 1, "x"},
	{CONF_TOKEN_COOKIE, GET "Cookie: a=b; t=x=; c\n", 1, "x="},
	{CONF_TOKEN_COOKIE, GET "Cookie: a;t=\"x\";\n", 1, "x"},
	{CONF_TOKEN_COOKIE, GET "Cookie: t\n", 1, ""},
	{CONF_TOKEN_COOKIE, GET "Cookie: t=\"\n", 1, "\""},
	{CONF_TOKEN_COOKIE, GET "Cookie: T=x; tt=x; a=t=x\n", 0, ""},
	{CONF_TOKEN_COOKIE, GET "Cookie: t=x; t=y\n", 2, "y"},
	{CONF_TOKEN_COOKIE, GET "Cookie: t=x\nCookie: t=y\n", 2, "y"},
	{CONF_TOKEN_COOKIE, GET "Authorization: Bearer x\n", 0, ""},
	{CONF_TOKEN_QUERY, GET, 0, ""},
	{CONF_TOKEN_QUERY, "GET /?t=x HTTP/1.1\nHost: a\n", 1, "x"},
	{CONF_TOKEN_QUERY, "GET /?a&t=x=&b HTTP/1.1\nHost: a\n", 1, "x="},
	{CONF_TOKEN_QUERY, "GET /?t HTTP/1.1\nHost: a\n", 1, ""},
	{CONF_TOKEN_QUERY, "GET /? HTTP/1.1\nHost: a\n", 0, ""},
	{CONF_TOKEN_QUERY, "GET /?T=x&tt=x&a=t=x&%74=x HTTP/1.1\nHost: a\n", 0, ""},
	{CONF_TOKEN_QUERY, "GET /t=x HTTP/1.1\nHost: a\n", 0, ""},
	{CONF_TOKEN_QUERY, "GET /?t=x&&t=y HTTP/1.1\nHost: a\n", 2, "y"},
	{CONF_TOKEN_SUBPROTOCOL, GET "Sec-WebSocket-Protocol: t, x\n", 1, "x"},
	{CONF_TOKEN_SUBPROTOCOL, GET "Sec-WebSocket-Protocol: a, t.x\n", 1, "x"},
	{CONF_TOKEN_SUBPROTOCOL, GET "Sec-WebSocket-Protocol: t\n", 0, ""},
	{CONF_TOKEN_SUBPROTOCOL, GET, 0, ""},
};

Test(token_place, finds_tokens)
{
	static struct http_head head;

	for (size_t i = 0; i < COUNT(ROWS); i++) {
		struct conf_token_place place = {ROWS[i].kind, "t"};
		struct str token = {0};

		http_head_read(&head, HTTP_REQUEST, ROWS[i].lines);
		cr_expect_eq(token_place_find(&place, &head.message, &token),
			ROWS[i].count, "%s", ROWS[i].lines);
		if (ROWS[i].count > 0)
			cr_expect(str_equal(token, str_from(ROWS[i].token)), "%s: %.*s",
				ROWS[i].lines, STR_ARG(token));
	}
}
