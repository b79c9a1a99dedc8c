// SPDX-License-Identifier: MIT
// Routes that send a client to TLS.
#include "wherry/proxy/route.h"

#include <criterion/criterion.h>

#include "conf_text.h"
#include "http_head.h"
#include "wherry/proxy/request.h"

#define CONF                                                                             \
	"listeners: [{ address: ':1' }, { address: ':2', tls: { self_signed: true } "    \
	"}]\n"                                                                           \
	"trusted_proxies: [10.0.0.1]\n"                                                  \
	"routes:\n"                                                                      \
	"  - { name: up, match: { host: '*.example.com' }, redirect: { to: https } }\n"  \
	"  - { name: odd, match: { host: a.test }, redirect: { to: https, port: 8443 } " \
	"}\n"                                                                            \
	"  - { name: app, match: { path: / }, to: app }\n"                               \
	"upstreams: { app: { servers: ['http://127.0.0.1:1'] } }\n"

static const struct {
	const char *lines;
	bool is_secure;
	const char *route;
	const char *location; // NULL = no redirect
} rows[] = {
	{"GET /a/b?c=d&e HTTP/1.1\nHost: www.example.com\n", false, "up",
		"https://www.example.com/a/b?c=d&e"},
	{"GET /a HTTP/1.1\nHost: www.example.com:8080\n", false, "up",
		"https://www.example.com/a"},
	{"GET / HTTP/1.1\nHost: a.test\n", false, "odd", "https://a.test:8443/"},
	// Whatever the path is, the host stands in front of it (SECURITY T29).
	{"GET //evil.test/ HTTP/1.1\nHost: a.test\n", false, "odd",
		"https://a.test:8443//evil.test/"},
	{"GET http://a.test/x?y HTTP/1.1\nHost: a.test\n", false, "odd",
		"https://a.test:8443/x?y"},
	// There already.
	{"GET / HTTP/1.1\nHost: www.example.com\n", true, "app", NULL},
	{"GET /a%2eb HTTP/1.1\nHost: www.example.com\n", true, "app", NULL},
	// Another host is sent nowhere.
	{"GET / HTTP/1.1\nHost: evil.test\n", false, "app", NULL},
	{"GET / HTTP/1.0\n", false, "app", NULL},
};

Test(route_https, leads_to_the_same_url_of_a_configured_host)
{
	struct conf *conf = conf_text_load(CONF);
	static struct http_head head;
	static struct route_choice choice;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out = BUF_INIT;
		http_head_read(&head, HTTP_REQUEST, rows[i].lines);
		route_choose(conf, &head.message, rows[i].is_secure, &choice);
		cr_assert_not_null(choice.route, "%s", rows[i].lines);
		cr_expect_str_eq(choice.route->name, rows[i].route, "%s", rows[i].lines);
		cr_expect_eq(choice.route->redirects_to_https, rows[i].location != NULL);
		if (rows[i].location) {
			route_write_https(&out, choice.route, &head.message);
			cr_expect(str_equal(buf_str(&out), str_from(rows[i].location)),
				"%.*s", (int)out.length, out.data);
		}
		buf_finish(&out);
	}
	conf_unref(conf);
}

static const struct {
	const char *lines;
	const char *peer;
	size_t listener;
	bool is_secure;
} facts[] = {
	{"GET / HTTP/1.1\nHost: x\n", "192.0.2.1", 0, false},
	{"GET / HTTP/1.1\nHost: x\n", "192.0.2.1", 1, true},
	// A client's own word counts for nothing.
	{"GET / HTTP/1.1\nHost: x\nX-Forwarded-Proto: https\n", "192.0.2.1", 0, false},
	{"GET / HTTP/1.1\nHost: x\nX-Forwarded-Proto: http\n", "192.0.2.1", 1, true},
	// That of a trusted proxy does: it knows which way the client came.
	{"GET / HTTP/1.1\nHost: x\nX-Forwarded-Proto: https\n", "10.0.0.1", 0, true},
	{"GET / HTTP/1.1\nHost: x\nX-Forwarded-Proto: HTTPS, http\n", "10.0.0.1", 0,
		true},
	{"GET / HTTP/1.1\nHost: x\nX-Forwarded-Proto: http\n", "10.0.0.1", 1, false},
	{"GET / HTTP/1.1\nHost: x\n", "10.0.0.1", 1, true},
};

Test(route_https, knows_how_the_client_came)
{
	struct conf *conf = conf_text_load(CONF);
	static struct http_head head;
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		struct addr peer;
		cr_assert(addr_parse_ip(str_from(facts[i].peer), 1, &peer));
		http_head_read(&head, HTTP_REQUEST, facts[i].lines);
		struct request request;
		bool is_tls = conf->listeners[facts[i].listener].has_tls;
		cr_assert(request_init(&request, &head.message, conf, &peer, is_tls));
		cr_expect_eq(request.is_https, facts[i].is_secure, "row %zu", i);
		request_finish(&request);
	}
	conf_unref(conf);
}
