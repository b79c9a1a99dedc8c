// SPDX-License-Identifier: MIT
// Which connections a filter means.
#include "wherry/proxy/conn_facts.h"

#include <criterion/criterion.h>

#include "wherry/conf/conf.h"
#include "wherry/proxy/edition.h"
#include "wherry/proxy/push.h"

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

// A page's socket: two URLs of route "one", and one of route "two".

static struct conf_upstream upstreams[] = {{.name = "app"}, {.name = "other"}};
static const struct conf conf = {.upstreams = upstreams};
static const struct edition edition = {.conf = &conf};
static const struct conf_route routes[] = {
	{.name = "one", .action = CONF_LIVE, .upstream = 0},
	{.name = "two", .action = CONF_LIVE, .upstream = 1},
};
static const struct request requests[] = {
	{.route = &routes[0]},
	{.route = &routes[0], .user = (char *)"ann"},
	{.route = &routes[1]},
};
static const struct push_line lines[] = {
	{STR("/a"), true, &requests[0], &edition},
	{STR("/b?token=x"), true, &requests[1], &edition},
	{STR("/a?b"), true, &requests[2], &edition},
};

static bool find_line(const struct push *push, size_t index, struct push_line *ret_line)
{
	if (index >= sizeof(lines) / sizeof(lines[0]))
		return false;
	*ret_line = lines[index];
	return true;
}

// A digit for each URL that fits.
static void expect_lines(
	struct conn_facts_filter filter, const char *expected, const char *name)
{
	static const struct push_methods methods = {.find_line = find_line};
	const struct push push = {.methods = &methods};
	const struct conn_facts facts = {.id = 7, .pushed = &push};
	char found[4] = "";
	size_t count = 0;
	for (size_t i = 0; conn_facts_match_line(&facts, &filter, &i); i++)
		found[count++] = (char)('0' + i);
	cr_expect_str_eq(found, expected, "%s", name);
	cr_expect_eq(conn_facts_match(&facts, &filter), count > 0, "%s", name);
}

#define LINES(expected, ...)                                                             \
	expect_lines((struct conn_facts_filter){__VA_ARGS__}, expected, #__VA_ARGS__)

Test(conn_facts, fit_by_each_request_of_a_page)
{
	LINES("01", .route = "one");
	LINES("2", .route = "two");
	LINES("2", .upstream = "other");
	LINES("1", .user = "ann");
	LINES("02", .channel = "/a");
	LINES("2", .channel = "/a?b");
	LINES("1", .channel = "/b");
	LINES("0", .channel = "/a", .route = "one", .id = 7);
	LINES("", .channel = "/b", .route = "two");
	LINES("", .user = "ann", .upstream = "other");
	LINES("", .channel = "/b?");
	LINES("", .server = "http://10.0.0.1:9000");
	LINES("", .route = "three");
}

Test(conn_facts, mean_all_of_a_page_without_a_word_of_requests)
{
	static const struct push_methods methods = {.find_line = find_line};
	const struct push push = {.methods = &methods};
	const struct conn_facts facts = {.id = 7, .pushed = &push};
	struct conn_facts_filter filter = {.id = 7};
	struct str name;
	size_t index = 0;
	cr_expect(conn_facts_match(&facts, &filter));
	cr_expect_not(conn_facts_match_line(&facts, &filter, &index));
	filter = (struct conn_facts_filter){.id = 8, .route = "one"};
	cr_expect_not(conn_facts_match(&facts, &filter));
	cr_assert(conn_facts_find_channel(&facts, 1, &name));
	cr_expect(str_equal(name, STR("/b")), "without its query");
	cr_expect_not(conn_facts_find_channel(&facts, 3, &name));
}
