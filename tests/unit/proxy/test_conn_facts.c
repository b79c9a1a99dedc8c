// SPDX-License-Identifier: MIT
// Which connections a filter means.
#include "wherry/proxy/conn_facts.h"

#include <criterion/criterion.h>

static struct conn_facts make_facts(void)
{
	struct conn_facts facts = {
		.id = 7,
		.kind = CONN_FACTS_WEBSOCKET,
		.state = "open",
		.client = STR("192.0.2.9"),
		.listener = "0.0.0.0:443",
		.route = "chat",
		.upstream = "sockets",
		.server = "http://10.0.0.1:9000",
		.age_ms = 1000,
		.idle_ms = 500,
		.bytes_in = 60,
		.bytes_out = 40,
	};
	cr_assert(addr_parse(STR("10.1.2.3:4000"), &facts.peer));
	return facts;
}

static void expect_match(struct conn_facts_filter filter, bool expected, const char *name)
{
	struct conn_facts facts = make_facts();
	cr_expect_eq(conn_facts_match(&facts, &filter), expected, "%s", name);
}

#define FITS(...)                                                                        \
	expect_match((struct conn_facts_filter){__VA_ARGS__}, true, #__VA_ARGS__)
#define FITS_NOT(...)                                                                    \
	expect_match((struct conn_facts_filter){__VA_ARGS__}, false, #__VA_ARGS__)

Test(conn_facts, fit_a_filter_when_all_that_it_sets_does)
{
	FITS(.id = 0);
	FITS(.id = 7);
	FITS(.route = "chat", .upstream = "sockets", .server = "http://10.0.0.1:9000");
	FITS(.listener = "0.0.0.0:443");
	FITS(.has_kind = true, .kind = CONN_FACTS_WEBSOCKET);
	FITS(.age_ms = 1000, .idle_ms = 500, .bytes = 100);
	FITS_NOT(.id = 8);
	FITS_NOT(.route = "cha");
	FITS_NOT(.upstream = "socket");
	FITS_NOT(.user = "ann");
	FITS_NOT(.has_kind = true, .kind = CONN_FACTS_HTTP);
	FITS_NOT(.age_ms = 1001);
	FITS_NOT(.idle_ms = 501);
	FITS_NOT(.bytes = 101);
	FITS_NOT(.route = "chat", .id = 8);
}

Test(conn_facts, come_from_their_client_and_from_its_proxy)
{
	static const struct {
		const char *network;
		bool expected;
	} rows[] = {
		{"10.0.0.0/8", true},
		{"10.1.2.3/32", true},
		{"192.0.2.0/24", true},
		{"192.0.3.0/24", false},
		{"::/0", false},
		{"unix", false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct conn_facts_filter filter = {.has_source = true};
		cr_assert(addr_network_parse(str_from(rows[i].network), &filter.source));
		expect_match(filter, rows[i].expected, rows[i].network);
	}
}
