// SPDX-License-Identifier: MIT
// Rates of new connections: of everybody, of each source, and of those who are exempt.
#include "wherry/proxy/limits.h"

#include <criterion/criterion.h>

#include "fake_clock.h"

static struct addr_network exempt[1];
static struct conf conf;

static void init(void)
{
	fake_clock_stop();
	cr_assert(addr_network_parse(STR("127.0.0.0/8"), &exempt[0]));
	conf = (struct conf){
		.limits = {.connections = 10000,
			.per_source = 10000,
			.exempt = exempt,
			.exempt_count = 1},
	};
}

TestSuite(limits_rate, .init = init, .fini = fake_clock_resume);

static uint64_t enter_source(struct limits *limits, const char *text)
{
	struct reply refusal = {0};
	struct addr peer;
	bool is_counted;

	cr_assert(addr_parse(str_from(text), &peer));
	if (limits_enter_source(limits, &conf, &peer, &is_counted, &refusal))
		return 0;
	cr_expect_eq(refusal.status, 429);
	cr_expect_str_not_empty(refusal.detail);
	cr_expect_geq(refusal.retry_after_s, 1);
	return refusal.retry_after_s;
}

Test(limits_rate, counts_each_source_apart)
{
	conf.limits.connection_rate.per_source = (struct rate_limit){2, 60000, 2};
	struct limits *limits = limits_create(&conf);

	cr_expect_eq(enter_source(limits, "192.0.2.1:1"), 0);
	cr_expect_eq(enter_source(limits, "192.0.2.1:2"), 0);
	cr_expect_eq(enter_source(limits, "192.0.2.1:3"), 30);
	cr_expect_eq(enter_source(limits, "192.0.2.2:1"), 0);
	cr_expect_eq(enter_source(limits, "[2001:db8::1]:1"), 0);
	cr_expect_eq(enter_source(limits, "[2001:db8::2]:1"), 0);
	cr_expect_eq(enter_source(limits, "[2001:db8::3]:1"), 30);
	fake_clock_advance(30000);
	cr_expect_eq(enter_source(limits, "192.0.2.1:4"), 0);
	cr_expect_eq(enter_source(limits, "192.0.2.1:5"), 30);
	limits_destroy(limits);
}

Test(limits_rate, leaves_the_exempt_alone)
{
	conf.limits.connection_rate.per_source = (struct rate_limit){1, 60000, 1};
	struct limits *limits = limits_create(&conf);

	for (size_t i = 0; i < 10; i++) {
		cr_expect_eq(enter_source(limits, "127.0.0.1:1"), 0);
		cr_expect_eq(enter_source(limits, "unix:/run/s"), 0);
	}
	limits_destroy(limits);
}

Test(limits_rate, counts_everybody_together)
{
	struct reply refusal = {0};

	conf.limits.connection_rate.total = (struct rate_limit){10, 1000, 3};
	struct limits *limits = limits_create(&conf);
	for (size_t i = 0; i < 3; i++)
		cr_expect(limits_enter(limits, &conf, &refusal));
	cr_expect_not(limits_enter(limits, &conf, &refusal));
	cr_expect_eq(refusal.status, 503);
	cr_expect_eq(refusal.retry_after_s, 1);
	fake_clock_advance(100);
	cr_expect(limits_enter(limits, &conf, &refusal));
	limits_destroy(limits);
}

// Over a minute, within 2 %.
Test(limits_rate, is_accurate)
{
	struct reply refusal;
	size_t entered = 0;

	conf.limits.connection_rate.total = (struct rate_limit){50, 1000, 1};
	struct limits *limits = limits_create(&conf);
	for (size_t ms = 0; ms < 60000; ms++) {
		entered += limits_enter(limits, &conf, &refusal);
		fake_clock_advance(1);
	}
	cr_expect(entered >= 2940 && entered <= 3060, "%zu", entered);
	limits_destroy(limits);
}
