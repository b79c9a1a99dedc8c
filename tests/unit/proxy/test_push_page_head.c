// SPDX-License-Identifier: MIT
#include "../../../src/proxy/push_page_priv.h"

#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "http_head.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static struct push_page page;
static struct push_page_head head;
static struct reply reply;

static void keep(const char *fields)
{
	static struct http_head handshake;
	static char lines[4096];
	snprintf(lines, sizeof(lines),
		"GET /.wherry/live HTTP/1.1\n"
		"Host: a.test:8080\n"
		"Connection: keep-alive, Upgrade, X-Hop\n"
		"Upgrade: websocket\n"
		"Sec-WebSocket-Version: 13\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n"
		"sec-websocket-protocol: wherry.v1\n"
		"X-Hop: 1\n%s",
		fields);
	http_head_read(&handshake, HTTP_REQUEST, lines);
	memset(&page, 0, sizeof(page));
	cr_assert(push_page_head_keep(&page, &handshake.message));
}

static bool read_url(struct str url)
{
	reply = (struct reply){0};
	buf_clear(&head.text);
	return push_page_head_read(&page, url, &head, &reply);
}

static void finish(void)
{
	push_page_head_forget(&page);
	push_page_head_forget(&page);
	buf_finish(&head.text);
}

TestSuite(push_page_head, .fini = finish);

Test(push_page_head, is_a_get_with_the_fields_of_the_handshake)
{
	keep("Cookie: a=b\nOrigin: http://a.test:8080\nAccept-Language: de\n"
	     "X-Forwarded-For: 192.0.2.1\nCookie: c=d\n");
	cr_assert(read_url(STR("/live?x=1")));
	const struct http_message *message = &head.message;
	cr_expect(http_message_is_method(message, "GET"));
	cr_expect(str_equal(message->host, STR("a.test:8080")));
	cr_expect(str_equal(message->path, STR("/live")));
	cr_expect(str_equal(message->query, STR("?x=1")));
	cr_expect_not(message->is_websocket_upgrade);
	cr_expect_eq(message->body_kind, HTTP_BODY_NONE);
	cr_assert_eq(message->field_count, 6);
	cr_expect(str_equal(message->fields[1].value, STR("a=b")));
	cr_expect(str_equal(message->fields[2].value, STR("http://a.test:8080")));
	cr_expect(str_equal(message->fields[4].value, STR("192.0.2.1")));
	cr_expect(str_equal(message->fields[5].value, STR("c=d")));
}

struct bad_row {
	const char *name;
	struct str url;
	unsigned status;
};

static const struct bad_row BAD_ROWS[] = {
	{"no path", STR("live"), 400},
	{"another form of target", STR("http://b.test/live"), 400},
	{"all of a server", STR("*"), 400},
	{"an authority", STR("b.test:80"), 400},
	{"a space", STR("/live x"), 400},
	{"a fragment", STR("/live#x"), 400},
	{"a line end", STR("/live\n"), 400},
	{"a NUL", STR("/live\0"), 400},
	{"no ASCII", STR("/\xc3\xa9"), 400},
	{"another field", STR("/live HTTP/1.1\r\nOrigin: http://b.test\r\nX: a"), 400},
	{"another field, and no more", STR("/live HTTP/1.1\r\nX: "), 400},
	{"another request", STR("/live HTTP/1.1\r\n\r\nGET /live"), 400},
	{"a body", STR("/live HTTP/1.1\r\nContent-Length: 5\r\nX: "), 400},
};

Test(push_page_head, has_a_url_that_is_nothing_else)
{
	keep("");
	for (size_t i = 0; i < COUNT(BAD_ROWS); i++) {
		cr_expect_not(read_url(BAD_ROWS[i].url), "%s", BAD_ROWS[i].name);
		cr_expect_eq(reply.status, BAD_ROWS[i].status, "%s: %u", BAD_ROWS[i].name,
			reply.status);
		cr_expect_not_null(reply.detail, "%s", BAD_ROWS[i].name);
	}
}

Test(push_page_head, has_a_url_that_is_not_too_long)
{
	static char text[PUSH_PAGE_URL_BYTES_MAX + 1];
	keep("");
	memset(text, 'a', sizeof(text));
	text[0] = '/';
	cr_expect(read_url((struct str){text, PUSH_PAGE_URL_BYTES_MAX}));
	cr_expect_not(read_url((struct str){text, PUSH_PAGE_URL_BYTES_MAX + 1}));
	cr_expect_eq(reply.status, 414);
}
