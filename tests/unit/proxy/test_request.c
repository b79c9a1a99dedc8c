// SPDX-License-Identifier: MIT
// Whose request it is, and what of it may be logged (SECURITY T22, T30).
#include "wherry/proxy/request.h"

#include <string.h>

#include <criterion/criterion.h>

#include "http_head.h"
#include "wherry/base/buf.h"

#define COUNT(rows) (sizeof(rows) / sizeof(*(rows)))

static struct addr_network trusted[2];
static struct conf conf = {.trusted_proxies = trusted, .trusted_proxy_count = 2};

static void trust(void)
{
	cr_assert(addr_network_parse(STR("10.0.0.0/8"), &trusted[0]));
	cr_assert(addr_network_parse(STR("fd00::/8"), &trusted[1]));
}

TestSuite(request, .init = trust);

static struct request start(const char *peer, const char *lines)
{
	static struct http_head head;
	struct request request;
	struct addr addr;

	cr_assert(addr_parse(str_from(peer), &addr));
	http_head_read(&head, HTTP_REQUEST, lines);
	cr_assert(request_init(&request, &head.message, &conf, &addr, false));
	memset(head.text, '#', sizeof(head.text)); // it has copies of its own
	return request;
}

#define GET "GET / HTTP/1.1\nHost: a\n"
#define TEN(text) text text text text text text text text text text

static const struct {
	const char *name, *peer, *lines, *client;
} CLIENTS[] = {
	{"a stranger", "192.0.2.1:1", GET, "192.0.2.1"},
	{"a stranger who lies", "192.0.2.1:1", GET "X-Forwarded-For: 127.0.0.1\n",
		"192.0.2.1"},
	{"a trusted proxy that says nothing", "10.0.0.1:1", GET, "10.0.0.1"},
	{"one hop", "10.0.0.1:1", GET "X-Forwarded-For: 192.0.2.1\n", "192.0.2.1"},
	{"one hop, and a liar before it", "10.0.0.1:1",
		GET "X-Forwarded-For: 127.0.0.1, 192.0.2.1\n", "192.0.2.1"},
	{"three hops", "10.0.0.1:1",
		GET "X-Forwarded-For: 192.0.2.1, 10.0.0.3 ,10.0.0.2\n", "192.0.2.1"},
	{"only trusted hops", "10.0.0.1:1", GET "X-Forwarded-For: 10.0.0.3, 10.0.0.2\n",
		"10.0.0.3"},
	{"a field for each hop", "10.0.0.1:1",
		GET "X-Forwarded-For: 127.0.0.1\nX-Forwarded-For: 192.0.2.1\n"
		    "Accept: */*\nX-Forwarded-For: 10.0.0.2\n",
		"192.0.2.1"},
	{"IPv6", "[fd00::1]:1", GET "X-Forwarded-For: 2001:db8::1\n", "2001:db8::1"},
	{"IPv6 in brackets, with a port", "[fd00::1]:1",
		GET "X-Forwarded-For: [2001:db8::1]:4711\n", "2001:db8::1"},
	{"IPv4 with a port", "10.0.0.1:1", GET "X-Forwarded-For: 192.0.2.1:4711\n",
		"192.0.2.1"},
	{"not an address", "10.0.0.1:1", GET "X-Forwarded-For: 192.0.2.1, unknown\n",
		"10.0.0.1"},
	{"not an address, further left", "10.0.0.1:1",
		GET "X-Forwarded-For: evil, 10.0.0.2\n", "10.0.0.2"},
	{"an empty element", "10.0.0.1:1", GET "X-Forwarded-For: 192.0.2.1,,\n",
		"10.0.0.1"},
	{"a hundred entries", "10.0.0.1:1",
		GET "X-Forwarded-For: 127.0.0.1, 192.0.2.1, " TEN(
			TEN("10.0.0.2, ")) "10.0.0.3\n",
		"192.0.2.1"},
	{"another spelling", "10.0.0.1:1", GET "X_Forwarded_For: 192.0.2.1\n",
		"10.0.0.1"},
};

Test(request, knows_its_client_as_an_address)
{
	struct request request = start("[::ffff:192.0.2.1]:1", GET);
	struct addr expected, found;
	cr_assert(addr_parse_ip(STR("192.0.2.1"), 0, &expected));
	request_client_address(&request, &found);
	cr_assert(addr_equal(&found, &expected));
	request_finish(&request);

	request = start("unix:/run/peer.sock", GET);
	request_client_address(&request, &found);
	cr_assert(addr_is_unix(&found));
	request_finish(&request);

	request_init_empty(&request);
	request_client_address(&request, &found);
	cr_assert_eq(found.length, 0);
}

Test(request, keeps_the_last_user)
{
	struct request request = start("192.0.2.1:1", GET);
	cr_assert_null(request.user);
	cr_assert(request_set_user(&request, STR("ann")));
	cr_assert(request_set_user(&request, STR("bob")));
	cr_assert_str_eq(request.user, "bob");
	request_finish(&request);
	cr_assert_null(request.user);
}

Test(request, is_of_the_last_one_no_trusted_proxy_vouches_for)
{
	for (size_t i = 0; i < COUNT(CLIENTS); i++) {
		struct request request = start(CLIENTS[i].peer, CLIENTS[i].lines);

		cr_expect(str_equal(request.client, str_from(CLIENTS[i].client)),
			"%s: %.*s", CLIENTS[i].name, STR_ARG(request.client));
		request_finish(&request);
	}
}

#define WEBSOCKET " HTTP/1.1\nHost: a\nConnection: Upgrade\nUpgrade: websocket\n"
#define PLAIN " HTTP/1.1\nHost: a\n"

static const struct {
	const char *lines, *target;
} TARGETS[] = {
	{"GET /a?token=secret&room=1" PLAIN, "/a?token=secret&room=1"},
	{"GET /a" WEBSOCKET, "/a"},
	{"GET /a?" WEBSOCKET, "/a?"},
	{"GET /a?token=secret&room=1" WEBSOCKET, "/a?token=*&room=*"},
	{"GET /a?a=b=c&d=&e&f=?=g" WEBSOCKET, "/a?a=*&d=&e&f=*"},
	{"GET /a=b/c?x=y" WEBSOCKET, "/a=b/c?x=*"},
	{"GET /?x=1&x=2" WEBSOCKET, "/?x=*&x=*"},
};

Test(request, keeps_no_values_of_a_websocket_s_query)
{
	for (size_t i = 0; i < COUNT(TARGETS); i++) {
		struct request request = start("192.0.2.1:1", TARGETS[i].lines);

		cr_expect(str_equal(request.target, str_from(TARGETS[i].target)),
			"%s: %.*s", TARGETS[i].lines, STR_ARG(request.target));
		request_finish(&request);
	}
}

static const struct {
	const char *accept;
	bool wants_json;
} ACCEPTS[] = {
	{"application/json", true},
	{"Application/JSON; q=0.9, */*", true},
	{"application/json, text/html", true},
	{"text/html, application/json", false},
	{"text/html,application/xhtml+xml,*/*;q=0.8", false},
	{"*/*", false},
	{"", false},
};

Test(request, wants_json_if_that_comes_first)
{
	struct request request = start("192.0.2.1:1", GET);

	cr_expect_not(request.wants_json);
	request_finish(&request);
	for (size_t i = 0; i < COUNT(ACCEPTS); i++) {
		struct buf lines = BUF_INIT;

		buf_printf(&lines, GET "Accept: %s\n", ACCEPTS[i].accept);
		buf_append(&lines, "", 1);
		request = start("192.0.2.1:1", lines.data);
		cr_expect_eq(request.wants_json, ACCEPTS[i].wants_json, "%s",
			ACCEPTS[i].accept);
		request_finish(&request);
		buf_finish(&lines);
	}
}

Test(request, keeps_its_facts)
{
	struct request request = start("192.0.2.1:1",
		"POST /x HTTP/1.0\nHost: a.example:81\nConnection: keep-alive\n");

	cr_expect(str_equal(request.method, STR("POST")));
	cr_expect(str_equal(request.host, STR("a.example:81")));
	cr_expect(str_equal(request.target, STR("/x")));
	cr_expect(request.is_http10);
	cr_expect(request.is_keep_alive);
	cr_expect_not(request.is_websocket);
	cr_expect_null(request.route);
	cr_expect_eq(request.status, 0);
	request_finish(&request);
	cr_expect_eq(request.method.length, 0);
	request_finish(&request); // twice is allowed
	request = start("192.0.2.1:1", "GET /" WEBSOCKET);
	cr_expect(request.is_websocket);
	request_finish(&request);
}

Test(request, cuts_long_facts)
{
	struct buf lines = BUF_INIT;

	buf_append_str(&lines, STR("GET /"));
	for (size_t i = 0; i < 5000; i++)
		buf_append_str(&lines, STR("x"));
	buf_append(&lines, PLAIN, sizeof(PLAIN));
	struct request request = start("192.0.2.1:1", lines.data);
	cr_expect_eq(request.target.length, 1024);
	request_finish(&request);
	buf_finish(&lines);
}
