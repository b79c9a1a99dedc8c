// SPDX-License-Identifier: MIT
#include "wherry/proxy/live_script.h"

#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "conf_text.h"
#include "http_head.h"

#define HEAD(method) method " /.wherry/live.js HTTP/1.1\nHost: h\n"

static const char *const LISTENERS = "listeners: [{ address: 127.0.0.1:80 }]\n";

static bool is_asked(const char *routes, const char *head)
{
	static struct http_head asked;
	char text[1024];
	snprintf(text, sizeof(text), "%s%s", LISTENERS, routes);
	struct conf *conf = conf_text_load(text);
	http_head_read(&asked, HTTP_REQUEST, head);
	bool result = live_script_is_asked(conf, &asked.message);
	conf_unref(conf);
	return result;
}

#define APP "upstreams: { app: { servers: ['http://127.0.0.1:1'] } }\n"
#define LIVE "routes: [{ live: { interval: 1s }, to: app }]\n" APP
#define SUBSCRIBE "routes: [{ subscribe: { channel: c } }]\n"
#define FORWARD "routes: [{ to: app }]\n" APP

Test(live_script, is_there_where_it_is_of_use)
{
	cr_expect(is_asked(LIVE, HEAD("GET")));
	cr_expect(is_asked(SUBSCRIBE, HEAD("GET")));
	cr_expect(is_asked(LIVE, HEAD("POST")));
	cr_expect_not(is_asked(FORWARD, HEAD("GET")), "no route is live");
	cr_expect_not(is_asked(LIVE, "GET /.wherry/live.j HTTP/1.1\nHost: h\n"));
	cr_expect_not(is_asked(LIVE, "GET / HTTP/1.1\nHost: h\n"));
}

static void answer(const char *head, struct reply *ret_reply)
{
	static struct http_head asked;
	http_head_read(&asked, HTTP_REQUEST, head);
	live_script_answer(&asked.message, ret_reply);
}

// The field's value, with a NUL behind it.
static const char *find_tag(const struct reply *reply)
{
	static char tag[64];
	const char *start = strstr(reply->fields.data, "ETag: ");
	cr_assert_not_null(start);
	size_t length = strcspn(start + 6, "\r");
	cr_assert_lt(length, sizeof(tag));
	memcpy(tag, start + 6, length);
	tag[length] = '\0';
	return tag;
}

Test(live_script, is_a_script_with_a_tag)
{
	struct reply reply;
	answer(HEAD("GET"), &reply);
	cr_expect_eq(reply.status, 200);
	cr_expect(reply.has_body);
	cr_expect_eq(strncmp(reply.body.data, "// SPDX", 7), 0);
	cr_expect_eq(reply.body.data[reply.body.length - 1], '\n');
	cr_expect_not_null(strstr(reply.fields.data, "Content-Type: text/javascript"));
	answer(HEAD("HEAD"), &reply);
	cr_expect_eq(reply.status, 200);
}

Test(live_script, is_not_sent_to_who_has_it)
{
	char head[256];
	struct reply reply;
	answer(HEAD("GET"), &reply);
	snprintf(head, sizeof(head), HEAD("GET") "If-None-Match: \"a\", W/%s\n",
		find_tag(&reply));
	answer(head, &reply);
	cr_expect_eq(reply.status, 304);
	cr_expect_not(reply.has_body);
	answer(HEAD("GET") "If-None-Match: \"a\"\n", &reply);
	cr_expect_eq(reply.status, 200);
}

Test(live_script, is_only_read)
{
	struct reply reply;
	answer(HEAD("POST"), &reply);
	cr_expect_eq(reply.status, 405);
	cr_expect_str_eq(reply.field, "Allow: GET, HEAD");
}
