// SPDX-License-Identifier: MIT
// What a live route's backend is asked, and which requests have that in common.
#include "wherry/proxy/live_key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "head_fixture.h"

#define LIVE "match: { path: / }, live: { vary: [X-Tenant, Accept] }"
#define GET "GET /a?x=1 HTTP/1.1\nHost: h\n"

// The key, and the head that a backend gets for it.
struct texts {
	char *key, *head;
};

static struct texts make_texts(
	const char *route, const char *lines, bool is_ours, bool is_pushed)
{
	struct head_fixture fixture = {0};
	struct live_key key = {.text = BUF_INIT};
	struct buf head = BUF_INIT;
	head_fixture_start(&fixture, NULL, route, "192.0.2.1:1", lines);
	struct live_key_question question = {
		.conf = fixture.conf,
		.choice = &fixture.choice,
		.request = &fixture.request,
		.message = &fixture.head.message,
		.is_ours = is_ours,
		.is_pushed = is_pushed,
	};
	live_key_write(&key, &question);
	live_key_write_head(&head, &question);
	struct texts texts = {str_copy(buf_str(&key.text)), str_copy(buf_str(&head))};
	cr_assert(texts.key && texts.head);
	buf_finish(&key.text);
	buf_finish(&head);
	head_fixture_finish(&fixture);
	return texts;
}

static void free_texts(struct texts texts)
{
	free(texts.key);
	free(texts.head);
}

// What one key stands for is asked for in one way.
static void expect_same(const char *a, const char *b, bool is_same)
{
	struct texts one = make_texts(LIVE, a, false, false);
	struct texts other = make_texts(LIVE, b, false, false);
	cr_expect_eq(strcmp(one.key, other.key) == 0, is_same, "%s%s", a, b);
	cr_expect_eq(strcmp(one.head, other.head) == 0, is_same, "%s%s", a, b);
	free_texts(one);
	free_texts(other);
}

Test(live_key, is_what_the_backend_gets_and_nothing_of_the_client)
{
	struct texts texts = make_texts(LIVE,
		GET "User-Agent: me\nCookie: a=1\nAuthorization: b\nX-Forwarded-For: "
		    "9.9.9.9\nX-Tenant: t\nAccept-Language: de\n",
		false, false);
	cr_expect_str_eq(texts.key, "h/a?x=1\napp\n\n\n\n\n"
				    "X-Tenant: t\r\n"
				    "Accept: */*\r\n"
				    "\n0p");
	cr_expect_str_eq(texts.head, "GET /a?x=1 HTTP/1.1\r\n"
				     "X-Tenant: t\r\n"
				     "Accept: */*\r\n"
				     "Accept-Encoding: identity\r\n"
				     "X-Forwarded-Proto: http\r\n"
				     "X-Forwarded-Host: h\r\n"
				     "Via: 1.1 wherry\r\n");
	free_texts(texts);
}

Test(live_key, tells_apart_what_is_asked_for)
{
	expect_same(GET, GET "X-Other: 1\n", true);
	expect_same(GET, "GET /a?x=2 HTTP/1.1\nHost: h\n", false);
	expect_same(GET, "GET /A?x=1 HTTP/1.1\nHost: h\n", false);
	expect_same(GET, "GET /a?x=1 HTTP/1.1\nHost: i\n", false);
	expect_same(GET, GET "X-Tenant: 1\n", false);
	expect_same(GET "X-Tenant: 1\n", GET "x-tenant: 1\nCookie: a=1\n", false);
	expect_same(GET "X-Tenant: 1\n", GET "X-Tenant: 1\nCookie: a=1\n", true);
	expect_same(GET "X-Tenant: 1\n", GET "X-Tenant: 1\nX-Tenant: 1\n", false);
	expect_same(GET, GET "Accept: */*\n", true);
	expect_same(GET, GET "Accept: text/html\n", false);
	expect_same("HEAD /a?x=1 HTTP/1.1\nHost: h\n", GET, true);
}

static const struct {
	const char *field, *line;
} CODINGS[] = {
	{"", "Accept-Encoding: identity\r\n"},
	{"Accept-Encoding: \n", "Accept-Encoding: identity\r\n"},
	{"Accept-Encoding: *\n", "Accept-Encoding: identity\r\n"},
	{"Accept-Encoding: deflate, x\n", "Accept-Encoding: identity\r\n"},
	{"Accept-Encoding: gzip\n", "Accept-Encoding: gzip\r\n"},
	{"Accept-Encoding: GZIP;q=0.1\n", "Accept-Encoding: gzip\r\n"},
	{"Accept-Encoding: gzip ; q=0\n", "Accept-Encoding: identity\r\n"},
	{"Accept-Encoding: gzip;Q=0.000, br\n", "Accept-Encoding: br\r\n"},
	{"Accept-Encoding: zstd,gzip, deflate, br\n",
		"Accept-Encoding: br, gzip, zstd\r\n"},
	{"Accept-Encoding: gzip\nAccept-Encoding: br\n", "Accept-Encoding: br, gzip\r\n"},
};

Test(live_key, asks_for_few_codings)
{
	for (size_t i = 0; i < sizeof(CODINGS) / sizeof(CODINGS[0]); i++) {
		char lines[256];
		(void)snprintf(lines, sizeof(lines), GET "%s", CODINGS[i].field);
		struct texts texts = make_texts(LIVE, lines, false, false);
		cr_expect(strstr(texts.head, CODINGS[i].line), "%s: %s", CODINGS[i].field,
			texts.head);
		free_texts(texts);
		texts = make_texts(LIVE, lines, true, true);
		cr_expect(strstr(texts.head, "Accept-Encoding: identity\r\n"), "pushed");
		free_texts(texts);
	}
}

Test(live_key, tells_codings_apart)
{
	expect_same(GET, GET "Accept-Encoding: gzip\n", false);
	expect_same(GET "Accept-Encoding: br\n", GET "Accept-Encoding: gzip\n", false);
	expect_same(GET "Accept-Encoding: gzip, br\n",
		GET "Accept-Encoding: deflate, br\nAccept-Encoding: gzip\n", true);
}

static const struct {
	const char *target, *asked;
} QUERIES[] = {
	{"/?wait=30", "GET / HTTP/1.1\r\n"},
	{"/?wait=30&a=1", "GET /?a=1 HTTP/1.1\r\n"},
	{"/?a=1&wait=30", "GET /?a=1 HTTP/1.1\r\n"},
	{"/?a=1&last_event_id=4&b=2&envelope&patch=merge", "GET /?a=1&b=2 HTTP/1.1\r\n"},
	{"/?waits=1&await=2", "GET /?waits=1&await=2 HTTP/1.1\r\n"},
	{"/?", "GET / HTTP/1.1\r\n"},
	{"/", "GET / HTTP/1.1\r\n"},
};

Test(live_key, keeps_what_is_for_us)
{
	for (size_t i = 0; i < sizeof(QUERIES) / sizeof(QUERIES[0]); i++) {
		char lines[256];
		(void)snprintf(lines, sizeof(lines), "GET %s HTTP/1.1\nHost: h\n",
			QUERIES[i].target);
		struct texts texts = make_texts(LIVE, lines, true, false);
		cr_expect(strstr(texts.head, QUERIES[i].asked), "%s: %s",
			QUERIES[i].target, texts.head);
		free_texts(texts);
		// Who asks for nothing of ours may mean the backend.
		texts = make_texts(LIVE, lines, false, false);
		cr_expect(strstr(texts.head, QUERIES[i].target), "%s: %s",
			QUERIES[i].target, texts.head);
		free_texts(texts);
	}
}

Test(live_key, is_written_as_the_route_says)
{
	struct texts texts =
		make_texts("match: { path: /shop/ }, live: {}, path: { strip: "
			   "/shop, add: /old }, host: backend, headers: { set: { X-Env: "
			   "prod } }",
			"GET /shop/a?x=1 HTTP/1.1\nHost: h\n", false, false);
	cr_expect_str_eq(texts.key, "h/shop/a?x=1\napp\n*\n/old/a?x=1\nX-Env: "
				    "prod\r\n\nX-Env: prod\r\n\n\n0p");
	cr_expect(strstr(texts.head, "GET /old/a?x=1 HTTP/1.1\r\n"), "%s", texts.head);
	free_texts(texts);
}
