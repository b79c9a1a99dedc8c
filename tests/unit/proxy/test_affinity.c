// SPDX-License-Identifier: MIT
// What is learned from answers leads the next request to the same server.
#include "wherry/proxy/affinity.h"

#include <string.h>

#include <criterion/criterion.h>

#include "conf_text.h"
#include "http_head.h"
#include "server_set.h"

#define HEAD                                                                             \
	"listeners: [{ address: 127.0.0.1:0 }]\n"                                        \
	"routes: [{ to: app }]\n"                                                        \
	"upstreams:\n"                                                                   \
	"  app:\n"                                                                       \
	"    servers: [http://10.0.0.1:80, http://10.0.0.2:80, http://10.0.0.3:80]\n"

struct fixture {
	struct server_set servers;
	struct upstream *upstream;
	struct affinity affinity;
};

static void start(struct fixture *fixture, const char *text)
{
	server_set_start(&fixture->servers, conf_text_load(text));
	fixture->upstream = &fixture->servers.set->upstreams[0];
}

static void ask(struct fixture *fixture, const char *lines)
{
	static struct http_head head;
	http_head_read(&head, HTTP_REQUEST, lines);
	affinity_init(
		&fixture->affinity, fixture->upstream, &head.message, STR("192.0.2.1"));
}

// By the server of that index.
static void answer(
	struct fixture *fixture, size_t index, unsigned status, const char *body)
{
	struct http_message head = {.status = status};
	const struct upstream_server *server =
		server_set_get(&fixture->servers, 0, index);
	affinity_note_head(&fixture->affinity, server, &head);
	for (; *body != '\0'; body++)
		affinity_note_body(&fixture->affinity, server, (struct str){body, 1});
}

static void expect_bound(struct fixture *fixture, int index)
{
	const struct upstream_key *key = &fixture->affinity.key;
	cr_expect_eq(key->is_bound, index >= 0);
	uint64_t id =
		index < 0 ? 0 : server_set_get(&fixture->servers, 0, (size_t)index)->id;
	cr_expect_eq(key->server_id, id);
}

Test(affinity, learns_sessions_of_engine_io)
{
	struct fixture fixture;
	start(&fixture, HEAD "    session: engine_io\n");
	ask(&fixture, "GET /?transport=polling HTTP/1.1\nHost: a\n");
	expect_bound(&fixture, -1);
	answer(&fixture, 2, 200, "0{\"sid\":\"abc\",\"upgrades\":[]}");
	ask(&fixture, "POST /?transport=polling&sid=abc HTTP/1.1\nHost: a\n");
	expect_bound(&fixture, 2);
	answer(&fixture, 2, 200, "\"sid\":\"other\"");
	ask(&fixture, "GET /?transport=polling&sid=other HTTP/1.1\nHost: a\n");
	expect_bound(&fixture, -1);
	ask(&fixture, "GET /?transport=polling HTTP/1.1\nHost: a\n");
	answer(&fixture, 1, 400, "\"sid\":\"refused\"");
	ask(&fixture, "GET /?transport=polling&sid=refused HTTP/1.1\nHost: a\n");
	expect_bound(&fixture, -1);
	server_set_finish(&fixture.servers);
}

Test(affinity, learns_sessions_of_the_client)
{
	struct fixture fixture;
	start(&fixture, HEAD "    session: sockjs\n");
	const char *lines = "GET /echo/000/abc/xhr HTTP/1.1\nHost: a\n";
	ask(&fixture, lines);
	expect_bound(&fixture, -1);
	answer(&fixture, 1, 500, "");
	ask(&fixture, lines);
	expect_bound(&fixture, -1);
	answer(&fixture, 1, 200, "");
	ask(&fixture, lines);
	expect_bound(&fixture, 1);
	answer(&fixture, 0, 101, ""); // for that one was out
	ask(&fixture, lines);
	expect_bound(&fixture, 0);
	server_set_finish(&fixture.servers);
}

// The field that is set for the server of that index.
static struct buf write_cookie(struct fixture *fixture, size_t index, bool is_https)
{
	struct buf out = BUF_INIT;
	affinity_write_cookie(&fixture->affinity,
		server_set_get(&fixture->servers, 0, index), is_https, &out);
	buf_append(&out, "", 1);
	cr_assert_not(out.is_failed);
	return out;
}

Test(affinity, sets_a_cookie_that_leads_back)
{
	struct fixture fixture;
	char lines[256];
	start(&fixture, HEAD "    balance: sticky\n");
	ask(&fixture, "GET / HTTP/1.1\nHost: a\n");
	cr_expect_eq(fixture.affinity.key.server_id, 0);
	struct buf field = write_cookie(&fixture, 1, false);
	char *token = field.data + strlen("Set-Cookie: wherry_app=");
	cr_expect(str_has_prefix(buf_str(&field), STR("Set-Cookie: wherry_app=")));
	cr_expect_str_eq(token + 32, "; Path=/; HttpOnly; SameSite=Lax\r\n");

	(void)snprintf(lines, sizeof(lines),
		"GET / HTTP/1.1\nHost: a\nCookie: a=b; wherry_app=%.32s\n", token);
	ask(&fixture, lines);
	cr_expect_eq(fixture.affinity.key.server_id,
		server_set_get(&fixture.servers, 0, 1)->id);
	cr_expect_not(fixture.affinity.key.is_bound);
	struct buf none = write_cookie(&fixture, 1, false);
	cr_expect_str_eq(none.data, "", "it has that one");
	struct buf other = write_cookie(&fixture, 2, false);
	cr_expect(str_has_prefix(buf_str(&other), STR("Set-Cookie: wherry_app=")));
	cr_expect_neq(memcmp(other.data, field.data, 55), 0);
	buf_finish(&field);
	buf_finish(&none);
	buf_finish(&other);
	server_set_finish(&fixture.servers);
}

Test(affinity, ignores_forged_cookies)
{
	static const char *const values[] = {"", "0", "http://10.0.0.2:80",
		"00000000000000000000000000000000",
		"\"00000000000000000000000000000000\""};
	struct fixture fixture;
	start(&fixture, HEAD "    balance: sticky\n");
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		char lines[256];
		(void)snprintf(lines, sizeof(lines),
			"GET / HTTP/1.1\nHost: a\nCookie: wherry_app=%s\n", values[i]);
		ask(&fixture, lines);
		cr_expect_eq(fixture.affinity.key.server_id, 0, "%s", values[i]);
		struct buf field = write_cookie(&fixture, 0, false);
		cr_expect_gt(field.length, 1, "a good one is set");
		buf_finish(&field);
	}
	server_set_finish(&fixture.servers);
}

Test(affinity, writes_the_cookie_as_configured)
{
	struct fixture fixture;
	start(&fixture, HEAD "    balance: sticky\n"
			     "    sticky: { cookie: s, max_age: 1h, same_site: none }\n");
	ask(&fixture, "GET / HTTP/1.1\nHost: a\n");
	struct buf field = write_cookie(&fixture, 0, true);
	cr_expect_str_eq(field.data + strlen("Set-Cookie: s=") + 32,
		"; Path=/; Max-Age=3600; HttpOnly; SameSite=None; Secure\r\n");
	buf_finish(&field);
	server_set_finish(&fixture.servers);
}
