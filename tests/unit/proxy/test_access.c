// SPDX-License-Identifier: MIT
// Rules that are decided at once.
#include "wherry/proxy/access.h"

#include <stdio.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "head_fixture.h"
#include "wherry/proxy/limits.h"

#define COUNT(rows) (sizeof(rows) / sizeof(*(rows)))

static void on_decision(void *arg, enum access_result result, const struct reply *reply)
{
	cr_assert_fail("nothing was left to decide");
}

static const struct {
	const char *name, *access, *peer, *lines;
	unsigned status; // 0: allowed
} NETWORKS[] = {
	{"without a rule", "{}", "192.0.2.1:1", "", 0},
	{"who is allowed", "{ allow: [192.0.2.0/24] }", "192.0.2.1:1", "", 0},
	{"who is not", "{ allow: [192.0.2.0/24] }", "192.0.3.1:1", "", 403},
	{"nobody is allowed", "{ allow: [] }", "192.0.2.1:1", "", 403},
	{"nobody is denied", "{ deny: [] }", "192.0.2.1:1", "", 0},
	{"who is denied", "{ deny: [192.0.2.1] }", "192.0.2.1:1", "", 403},
	{"who is not denied", "{ deny: [192.0.2.1] }", "192.0.2.2:1", "", 0},
	{"who is both", "{ allow: [192.0.2.0/24], deny: [192.0.2.1] }", "192.0.2.1:1", "",
		403},
	{"IPv6", "{ allow: [\"2001:db8::/32\"] }", "[2001:db8::7]:1", "", 0},
	{"IPv6 outside", "{ allow: [\"2001:db8::/32\"] }", "[2001:db9::7]:1", "", 403},
	{"IPv4 in IPv6", "{ allow: [192.0.2.1] }", "[::ffff:192.0.2.1]:1", "", 0},
	{"IPv4 in IPv6, denied", "{ deny: [192.0.2.1] }", "[::ffff:192.0.2.1]:1", "",
		403},
	{"a UNIX socket", "{ allow: [0.0.0.0/0, \"::/0\"] }", "unix:/run/a", "", 403},
	{"a UNIX socket, not denied", "{ deny: [0.0.0.0/0] }", "unix:/run/a", "", 0},
	{"a stranger's word", "{ allow: [192.0.2.1] }", "192.0.2.9:1",
		"X-Forwarded-For: 192.0.2.1\n", 403},
	{"a trusted proxy's client", "{ allow: [192.0.2.1] }", "10.0.0.1:1",
		"X-Forwarded-For: 192.0.2.1\n", 0},
	{"a trusted proxy is not its client", "{ allow: [10.0.0.0/8] }", "10.0.0.1:1",
		"X-Forwarded-For: 10.0.0.1, 192.0.2.1\n", 403},
};

Test(access, looks_at_the_clients_network)
{
	for (size_t i = 0; i < COUNT(NETWORKS); i++) {
		char route[256], lines[256];
		struct head_fixture fixture;
		struct access *access;
		struct reply reply = {0};
		(void)snprintf(route, sizeof(route), "access: %s", NETWORKS[i].access);
		(void)snprintf(lines, sizeof(lines), "GET / HTTP/1.1\nHost: a\n%s",
			NETWORKS[i].lines);
		head_fixture_start(&fixture, "trusted_proxies: [10.0.0.0/8]", route,
			NETWORKS[i].peer, lines);
		struct rules rules = {
			.conf = fixture.conf,
			.routes = limits_create_routes(fixture.conf),
		};
		struct edition edition = {.conf = fixture.conf, .rules = &rules};
		struct site site = {.limits = limits_create(fixture.conf)};
		struct access_question question = {
			.site = &site,
			.edition = &edition,
			.request = &fixture.request,
			.message = &fixture.head.message,
			.peer = &fixture.peer,
		};
		enum access_result result =
			access_start(&question, on_decision, NULL, &access, &reply);
		cr_expect_eq(reply.status, NETWORKS[i].status, "%s", NETWORKS[i].name);
		cr_expect_eq(result == ACCESS_ALLOWED, NETWORKS[i].status == 0, "%s",
			NETWORKS[i].name);
		access_destroy(access);
		limits_destroy(site.limits);
		free(rules.routes);
		head_fixture_finish(&fixture);
	}
}
