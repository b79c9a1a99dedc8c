// SPDX-License-Identifier: MIT
#include "wherry/proxy/live_rules.h"

#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "http_head.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define GET "GET / HTTP/1.1\nHost: a\n"
#define OK "HTTP/1.1 200 OK\nContent-Length: 0\n"

static const char *both[] = {"Cookie", "authorization"};
static struct conf_header removed[] = {{.name = "Cookie"}};

static bool may_share(const struct conf_route *route, const char *lines)
{
	static struct http_head head;
	http_head_read(&head, HTTP_REQUEST, lines);
	return live_rules_find_own(route, &head.message, false) == NULL;
}

Test(live_rules, shares_what_tells_of_nobody)
{
	struct conf_route route = {.action = CONF_LIVE};
	cr_expect(may_share(&route, GET));
	cr_expect(may_share(&route, "HEAD / HTTP/1.1\nHost: a\n"));
	cr_expect(may_share(&route, GET "Cache-Control: no-cache\nRange: bytes=0-1\n"));
	cr_expect_not(may_share(&route, "POST / HTTP/1.1\nHost: a\n"));
	cr_expect_not(may_share(&route, "OPTIONS / HTTP/1.1\nHost: a\n"));
	cr_expect_not(may_share(&route, GET "Content-Length: 1\n"));
	cr_expect_not(may_share(&route, GET "Transfer-Encoding: chunked\n"));
	cr_expect_not(may_share(&route, GET "If-Match: \"a\"\n"));
	cr_expect_not(may_share(
		&route, GET "If-Unmodified-Since: Sat, 01 Jan 2000 00:00:00 GMT\n"));
}

Test(live_rules, shares_nothing_of_a_user)
{
	struct conf_route route = {.action = CONF_LIVE};
	cr_expect_not(may_share(&route, GET "Cookie: a=1\n"));
	cr_expect_not(may_share(&route, GET "cookie:\n"));
	cr_expect_not(may_share(&route, GET "Authorization: Basic YTpi\n"));
	struct http_head head;
	http_head_read(&head, HTTP_REQUEST, GET);
	cr_expect_not_null(
		live_rules_find_own(&route, &head.message, true), "certificate");
	static const char *added[] = {"X-User"};
	route.added_fields = (struct conf_names){added, 1};
	cr_expect_not(may_share(&route, GET), "access rules tell who it is");
}

static void expect_own(
	const struct conf_route *route, const char *lines, const char *expected)
{
	struct http_head head;
	http_head_read(&head, HTTP_REQUEST, lines);
	const char *own = live_rules_find_own(route, &head.message, false);
	cr_expect(own && strstr(own, expected), "%s: %s", lines, own);
}

Test(live_rules, says_what_would_share_it)
{
	struct conf_route route = {.action = CONF_LIVE};
	expect_own(&route, GET "Cookie: a=1\n", "Cookie in live.vary");
	expect_own(&route, GET "Authorization: a\n", "Authorization in live.vary");
	expect_own(&route, GET "Cookie: a=1\nAuthorization: a\n", "Cookie in live.vary");
	expect_own(&route, GET "If-Match: *\n", "If-Match");
	expect_own(&route, GET "Content-Length: 1\n", "without a body");
	route.live.vary = (struct conf_names){both, 1};
	expect_own(&route, GET "Cookie: a=1\nAuthorization: a\n", "with Authorization");
	route.added_fields = (struct conf_names){both, 1};
	expect_own(&route, GET "Authorization: a\n", "live.share: public");
}

Test(live_rules, shares_what_the_route_says)
{
	struct conf_route route = {.action = CONF_LIVE, .live = {.is_public = true}};
	cr_expect(may_share(&route, GET "Cookie: a=1\nAuthorization: Basic YTpi\n"));
	cr_expect_not(may_share(&route, GET "Content-Length: 1\n"));
	route.live = (struct conf_live){.vary = {both, 1}};
	cr_expect(may_share(&route, GET "Cookie: a=1\n"));
	cr_expect_not(may_share(&route, GET "Cookie: a=1\nAuthorization: Basic YTpi\n"));
	route.live.vary.count = 2;
	cr_expect(may_share(&route, GET "Cookie: a=1\nAuthorization: Basic YTpi\n"));
	route.live = (struct conf_live){0};
	route.request_headers.remove = removed;
	route.request_headers.remove_count = 1;
	cr_expect(may_share(&route, GET "Cookie: a=1\n"), "the backend never sees it");
}

static const struct {
	const char *fields;
	bool is_plain, is_shared;
} ANSWERS[] = {
	{"", true, true},
	{"Cache-Control: public, max-age=5\n", true, true},
	{"Cache-Control: no-cache\n", true, true},
	{"Vary: Accept-Encoding\n", true, true},
	{"Vary: accept-encoding, HOST, cookie\n", true, true},
	{"Content-Encoding: gzip\n", false, true},
	{"Content-Encoding: identity\n", true, true},
	// for one alone
	{"Set-Cookie: a=1\n", true, false},
	{"Connection: set-cookie\nSet-Cookie: a=1\n", true, false},
	{"Cache-Control: private\n", true, false},
	{"Cache-Control: public\nCache-Control: Private=\"x\"\n", true, false},
	{"Cache-Control: max-age=5, no-store\n", true, false},
	{"Vary: *\n", true, false},
	{"Vary: Accept-Encoding\nVary: Origin\n", true, false},
	{"Vary: Authorization\n", true, false},
	{"Vary: ,,Accept-Encoding ,Accept\n", true, false},
	// not for pushing, or without end
	{"Content-Encoding: gzip\n", true, false},
	{"Content-Type: text/event-stream\n", true, false},
	{"Content-Type: Text/Event-Stream;charset=utf-8\n", true, false},
	{"Content-Type: multipart/x-mixed-replace; boundary=a\n", true, false},
};

Test(live_rules, shares_no_private_answer)
{
	static struct http_head head;
	struct conf_live live = {.vary = {both, 1}};
	for (size_t i = 0; i < COUNT(ANSWERS); i++) {
		char lines[512];
		(void)snprintf(lines, sizeof(lines), OK "%s", ANSWERS[i].fields);
		http_head_read(&head, HTTP_RESPONSE, lines);
		const char *reason = live_rules_find_private(
			&live, &head.message, ANSWERS[i].is_plain);
		cr_expect_eq(reason == NULL, ANSWERS[i].is_shared, "%s: %s",
			ANSWERS[i].fields, reason ? reason : "shared");
	}
}

static const struct {
	const char *fields;
	uint64_t fresh_ms;
} AGES[] = {
	{"", 0},
	{"Cache-Control: max-age=5\n", 5000},
	{"Cache-Control: max-age=5\nAge: 2\n", 3000},
	{"Cache-Control: max-age=5\nAge: 5\n", 0},
	{"Cache-Control: max-age=5\nAge: 9\n", 0},
	{"Cache-Control: max-age=5\nAge: x\n", 5000},
	{"Cache-Control: s-maxage=2, max-age=5\n", 2000},
};

Test(live_rules, knows_how_long_an_answer_is_good)
{
	static struct http_head head;
	for (size_t i = 0; i < COUNT(AGES); i++) {
		char lines[256];
		(void)snprintf(lines, sizeof(lines), OK "%s", AGES[i].fields);
		http_head_read(&head, HTTP_RESPONSE, lines);
		cr_expect_eq(live_rules_fresh_ms(&head.message), AGES[i].fresh_ms, "%s",
			AGES[i].fields);
	}
}
