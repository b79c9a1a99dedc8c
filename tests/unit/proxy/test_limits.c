// SPDX-License-Identifier: MIT
// Who may connect, and how often: in all, by source, and from many threads.
#include "wherry/proxy/limits.h"

#include <pthread.h>
#include <sys/resource.h>

#include <criterion/criterion.h>

enum {
	THREADS = 4,
	ROUNDS = 5000, // of each thread
};

static struct addr_network trusted[1], exempt[1];
static struct conf conf = {
	.trusted_proxies = trusted,
	.trusted_proxy_count = 1,
	.limits = {.connections = 10,
		.per_source = 2,
		.exempt = exempt,
		.exempt_count = 1},
};

static void make_networks(void)
{
	cr_assert(addr_network_parse(STR("10.0.0.0/8"), &trusted[0]));
	cr_assert(addr_network_parse(STR("127.0.0.0/8"), &exempt[0]));
}

TestSuite(limits, .init = make_networks);

static struct addr address(const char *text)
{
	struct addr addr;

	cr_assert(addr_parse(str_from(text), &addr), "%s", text);
	return addr;
}

enum result {
	OK,
	TOTAL,
	SOURCE
};

static enum result try(struct limits *limits, const struct addr *peer)
{
	struct reply refusal = {0};
	bool is_counted;

	if (!limits_enter(limits, &conf, &refusal)) {
		cr_expect_eq(refusal.status, 503);
		cr_expect_geq(refusal.retry_after_s, 1);
		return TOTAL;
	}
	if (limits_enter_source(limits, &conf, peer, &is_counted, &refusal))
		return OK;
	limits_leave(limits);
	cr_expect_eq(refusal.status, 429);
	cr_expect_geq(refusal.retry_after_s, 1);
	return SOURCE;
}

static void enter(struct limits *limits, const char *peer, enum result expected)
{
	struct addr addr = address(peer);
	enum result result = try(limits, &addr);

	cr_expect_eq(result, expected, "%s: %d, not %d", peer, result, expected);
}

static void leave(struct limits *limits, const char *peer)
{
	struct addr addr = address(peer);

	limits_leave(limits);
	limits_leave_source(limits, &addr);
}

Test(limits, counts_all_connections)
{
	struct limits *limits = limits_create(&conf);

	for (size_t i = 0; i < 10; i++)
		enter(limits, "127.0.0.1:1", OK);
	enter(limits, "127.0.0.1:1", TOTAL);
	enter(limits, "192.0.2.1:1", TOTAL);
	leave(limits, "127.0.0.1:1");
	enter(limits, "192.0.2.1:1", OK);
	enter(limits, "192.0.2.1:1", TOTAL);
	limits_destroy(limits);
}

Test(limits, counts_by_source)
{
	struct limits *limits = limits_create(&conf);

	enter(limits, "192.0.2.1:1", OK);
	enter(limits, "192.0.2.1:2", OK);
	enter(limits, "192.0.2.1:3", SOURCE);
	enter(limits, "[::ffff:192.0.2.1]:4", SOURCE);
	enter(limits, "192.0.2.2:1", OK);
	leave(limits, "192.0.2.1:2"); // whichever it was
	enter(limits, "192.0.2.1:5", OK);
	enter(limits, "192.0.2.1:6", SOURCE);
	limits_destroy(limits);
}

Test(limits, counts_an_ipv6_network_as_one_source)
{
	struct limits *limits = limits_create(&conf);

	enter(limits, "[2001:db8:0:1::1]:1", OK);
	enter(limits, "[2001:db8:0:1:ffff::2]:1", OK);
	enter(limits, "[2001:db8:0:1::3]:1", SOURCE);
	enter(limits, "[2001:db8:0:2::1]:1", OK);
	limits_destroy(limits);
}

Test(limits, do_not_count_some_by_source)
{
	static const char *const FREE[] = {"127.0.0.1:1", "10.1.2.3:1", "unix:/tmp/s"};

	for (size_t i = 0; i < sizeof(FREE) / sizeof(*FREE); i++) {
		struct limits *limits = limits_create(&conf);

		for (size_t j = 0; j < 10; j++)
			enter(limits, FREE[i], OK);
		enter(limits, FREE[i], TOTAL);
		for (size_t j = 0; j < 10; j++)
			leave(limits, FREE[i]);
		enter(limits, FREE[i], OK);
		limits_destroy(limits);
	}
}

// Each client may need a second descriptor, and some are Wherry's own.
Test(limits, follow_from_the_descriptors)
{
	static const struct {
		rlim_t descriptors;
		size_t total;
	} ROWS[] = {{1064, 500}, {1065, 500}, {100, 18}, {96, 16}, {64, 16}, {20, 16}};
	struct conf automatic = conf;

	automatic.limits.connections = 0;
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		struct rlimit limit;

		cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
		limit.rlim_cur = ROWS[i].descriptors;
		cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
		struct limits *limits = limits_create(&automatic);
		for (size_t j = 0; j < ROWS[i].total; j++)
			enter(limits, "127.0.0.1:1", OK);
		enter(limits, "127.0.0.1:1", TOTAL);
		limits_destroy(limits);
	}
}

struct client {
	struct limits *limits;
	struct addr peer;
	size_t entered, refused;
};

static void *come_and_go(void *arg)
{
	struct client *client = arg;

	for (size_t i = 0; i < ROUNDS; i++) {
		if (try(client->limits, &client->peer) != OK) {
			client->refused++;
			continue;
		}
		client->entered++;
		limits_leave(client->limits);
		limits_leave_source(client->limits, &client->peer);
	}
	return NULL;
}

Test(limits, lose_nobody_between_threads)
{
	struct limits *limits = limits_create(&conf);
	struct client clients[THREADS];
	pthread_t threads[THREADS];

	for (size_t i = 0; i < THREADS; i++) {
		clients[i] = (struct client){
			.limits = limits,
			.peer = address(i % 2 ? "192.0.2.1:1" : "192.0.2.2:1"),
		};
		cr_assert_eq(
			pthread_create(&threads[i], NULL, come_and_go, &clients[i]), 0);
	}
	for (size_t i = 0; i < THREADS; i++) {
		cr_assert_eq(pthread_join(threads[i], NULL), 0);
		// Two of a source are never too many.
		cr_expect_eq(clients[i].refused, 0);
	}
	for (size_t i = 0; i < 2; i++) {
		enter(limits, "192.0.2.1:1", OK);
		enter(limits, "192.0.2.2:1", OK);
	}
	enter(limits, "192.0.2.1:1", SOURCE);
	enter(limits, "192.0.2.2:1", SOURCE);
	limits_destroy(limits);
	limits_destroy(NULL);
}

Test(limits, follow_the_memory_budget)
{
	static const struct {
		uint64_t used;
		enum limits_memory before, now;
	} ROWS[] = {
		{0, LIMITS_MEMORY_ENOUGH, LIMITS_MEMORY_ENOUGH},
		{1599, LIMITS_MEMORY_ENOUGH, LIMITS_MEMORY_ENOUGH},
		{1600, LIMITS_MEMORY_ENOUGH, LIMITS_MEMORY_FULL},
		{1799, LIMITS_MEMORY_ENOUGH, LIMITS_MEMORY_FULL},
		{1800, LIMITS_MEMORY_ENOUGH, LIMITS_MEMORY_SHORT},
		{1799, LIMITS_MEMORY_SHORT, LIMITS_MEMORY_FULL},
		{1500, LIMITS_MEMORY_SHORT, LIMITS_MEMORY_FULL},
		{1500, LIMITS_MEMORY_FULL, LIMITS_MEMORY_FULL},
		{1499, LIMITS_MEMORY_FULL, LIMITS_MEMORY_ENOUGH},
	};
	struct limits *limits = limits_create(&conf);

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++)
		cr_expect_eq(limits_judge_memory(ROWS[i].used, 1600, ROWS[i].before),
			ROWS[i].now, "row %zu", i);
	enter(limits, "127.0.0.1:1", OK);
	limits_set_memory(limits, LIMITS_MEMORY_FULL);
	enter(limits, "127.0.0.1:1", TOTAL);
	limits_set_memory(limits, LIMITS_MEMORY_ENOUGH);
	enter(limits, "127.0.0.1:1", OK);
	limits_destroy(limits);
}

static bool shake(struct limits *limits, const struct conf *by, const char *peer)
{
	struct reply refusal = {0};
	struct addr addr = address(peer);
	bool is_counted;

	return limits_enter_handshake(limits, by, &addr, &is_counted, &refusal);
}

// By /24, and apart from connections.
Test(limits, count_handshakes_by_network)
{
	struct conf strict = conf;

	strict.limits.tls_handshakes_per_source = 2;
	struct limits *limits = limits_create(&strict);
	struct addr first = address("192.0.2.1:1");
	cr_expect(shake(limits, &strict, "192.0.2.1:1"));
	cr_expect(shake(limits, &strict, "192.0.2.200:1"));
	cr_expect_not(shake(limits, &strict, "192.0.2.3:1"));
	cr_expect(shake(limits, &strict, "192.0.3.1:1"));
	cr_expect(shake(limits, &strict, "[2001:db8::1]:1"));
	cr_expect(shake(limits, &strict, "[2001:db8::2]:1"));
	cr_expect_not(shake(limits, &strict, "[2001:db8::3]:1"));
	cr_expect(shake(limits, &strict, "127.0.0.1:1"));
	cr_expect(shake(limits, &strict, "127.0.0.1:1"));
	cr_expect(shake(limits, &strict, "127.0.0.1:1"));
	enter(limits, "192.0.2.0:1", OK);
	enter(limits, "192.0.2.0:1", OK);
	enter(limits, "192.0.2.0:1", SOURCE);
	limits_leave_handshake(limits, &first);
	cr_expect(shake(limits, &strict, "192.0.2.3:1"));
	cr_expect_not(shake(limits, &strict, "192.0.2.3:1"));
	limits_destroy(limits);
}

// What a source is refused does not use up what there is for all.
Test(limits, refuse_a_source_before_they_count_it_for_all)
{
	struct conf strict = conf;

	strict.limits.handshake_rate.total =
		(struct rate_limit){.count = 1, .period_ms = 3600000, .burst = 3};
	strict.limits.tls_handshakes_per_source = 2;
	struct limits *limits = limits_create(&strict);
	for (size_t i = 0; i < 10; i++)
		cr_expect_eq(shake(limits, &strict, "192.0.2.1:1"), i < 2);
	cr_expect(shake(limits, &strict, "192.0.3.1:1"));
	cr_expect_not(shake(limits, &strict, "192.0.4.1:1"), "of all");
	for (size_t i = 0; i < 2; i++) { // and what was refused is in no network's count
		struct addr left = address("192.0.2.1:1");
		limits_leave_handshake(limits, &left);
	}
	limits_destroy(limits);
}
