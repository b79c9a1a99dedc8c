// SPDX-License-Identifier: MIT
// Token buckets: the burst, the rate in the long run, the wait that is told, and threads.
#include "wherry/base/rate.h"

#include <pthread.h>
#include <stddef.h>

#include <criterion/criterion.h>

enum {
	THREADS = 4,
	ROUNDS = 20000, // of each thread
};

static const uint64_t START_MS = 1000 * 1000;

Test(rate, allows_the_burst_and_no_more)
{
	static const struct rate_limit LIMIT = {
		.count = 10, .period_ms = 1000, .burst = 5};
	struct rate rate = {0};

	for (size_t i = 0; i < 5; i++)
		cr_expect_eq(rate_take(&rate, &LIMIT, START_MS, 1), 0, "take %zu", i);
	cr_expect_gt(rate_take(&rate, &LIMIT, START_MS, 1), 0);
	// One flows in every 100 ms.
	cr_expect_eq(rate_take(&rate, &LIMIT, START_MS + 100, 1), 0);
	cr_expect_gt(rate_take(&rate, &LIMIT, START_MS + 100, 1), 0);
	// After a long rest it holds the burst again.
	for (size_t i = 0; i < 5; i++)
		cr_expect_eq(rate_take(&rate, &LIMIT, START_MS + 99999, 1), 0);
	cr_expect_gt(rate_take(&rate, &LIMIT, START_MS + 99999, 1), 0);
}

Test(rate, tells_how_long_to_wait)
{
	static const struct rate_limit LIMIT = {
		.count = 1, .period_ms = 60000, .burst = 2};
	struct rate rate = {0};

	cr_expect_eq(rate_take(&rate, &LIMIT, START_MS, 2), 0);
	uint64_t wait_ms = rate_take(&rate, &LIMIT, START_MS, 1);
	cr_expect_leq(wait_ms, 60000);
	cr_expect_geq(wait_ms, 60000 - RATE_CLOCK_STEP_MS);
	cr_expect_gt(rate_take(&rate, &LIMIT, START_MS + wait_ms - 1, 1), 0);
	cr_expect_eq(rate_take(&rate, &LIMIT, START_MS + wait_ms, 1), 0);
}

Test(rate, never_lets_through_more_than_the_burst_at_once)
{
	static const struct rate_limit LIMIT = {
		.count = 100, .period_ms = 1000, .burst = 100};
	struct rate rate = {0};

	cr_expect_gt(rate_take(&rate, &LIMIT, START_MS, 101), 0);
	cr_expect_eq(rate_take(&rate, &LIMIT, START_MS, 100), 0);
}

// The product of the two is more than 64 bits have: that is no leave for everything.
Test(rate, holds_millions_an_hour)
{
	static const struct rate_limit LIMITS[] = {
		{.count = 10000000, .period_ms = 3600000, .burst = 10000000},
		{.count = 2000000, .period_ms = 3600000, .burst = 2000000},
		{.count = 20, .period_ms = 3600000, .burst = 2000000},
	};
	for (size_t i = 0; i < sizeof(LIMITS) / sizeof(LIMITS[0]); i++) {
		struct rate rate = {0};
		uint64_t part = LIMITS[i].burst / 1000;
		for (size_t j = 0; j < 1000; j++)
			cr_expect_eq(rate_take(&rate, &LIMITS[i], START_MS, part), 0);
		cr_expect_gt(rate_take(&rate, &LIMITS[i], START_MS, part), 0);
	}
}

// However hard it is tried, what passes in the long run is the rate, within 2 %.
Test(rate, is_accurate)
{
	static const struct rate_limit ROWS[] = {
		{1, 1000, 1},
		{7, 1000, 1},
		{100, 1000, 1},
		{100, 1000, 100},
		{1000, 1000, 1},
		{10000, 1000, 10000},
		{1000000, 1000, 1000000},
		{10000000, 1000, 100},
		{30, 60000, 1},
		{600, 3600000, 600},
	};
	enum {
		STEP_MS = 4,
		AMOUNTS = 3
	};
	static const uint64_t SECONDS = 36000;

	for (size_t row = 0; row < sizeof(ROWS) / sizeof(*ROWS); row++) {
		const struct rate_limit *limit = &ROWS[row];
		struct rate rate = {0};
		// As much at a time as flows in while the clock stands still, at least
		// one.
		uint64_t amount = limit->count * STEP_MS / limit->period_ms / AMOUNTS + 1;
		uint64_t passed = 0;
		for (uint64_t ms = 0; ms < SECONDS * 1000; ms += STEP_MS) {
			while (rate_take(&rate, limit, START_MS + ms, amount) == 0)
				passed += amount;
		}
		double expected = (double)limit->count * (double)SECONDS * 1000 /
				  (double)limit->period_ms;
		double most = (expected + (double)limit->burst) * 1.02;
		cr_expect(passed >= expected * 0.98 && passed <= most,
			"row %zu: %.0f, not %.0f", row, (double)passed, expected);
	}
}

// Who keeps to the rate is never refused, though the clock only moves in steps.
Test(rate, forgives_a_coarse_clock)
{
	static const struct rate_limit LIMIT = {
		.count = 100, .period_ms = 1000, .burst = 1};
	struct rate rate = {0};

	for (uint64_t ms = 0; ms < 100000; ms += 10)
		cr_expect_eq(rate_take(&rate, &LIMIT, (START_MS + ms) / 4 * 4, 1), 0);
}

Test(rate, bears_any_limit_that_can_be_written)
{
	static const struct rate_limit LIMIT = {
		.count = 1, .period_ms = 3600000, .burst = 10000000};
	struct rate rate = {0};

	for (size_t i = 0; i < 1000; i++)
		cr_expect_eq(rate_take(&rate, &LIMIT, UINT64_C(1) << 40, 1), 0);
	cr_expect_gt(rate_take(&rate, &LIMIT, UINT64_C(1) << 40, UINT64_MAX / 8), 0);
}

static const struct rate_limit shared_limit = {
	.count = 1, .period_ms = 1000, .burst = 10000};
static struct rate_shared shared;

static void *take_often(void *arg)
{
	size_t *passed = arg;

	for (size_t i = 0; i < ROUNDS; i++)
		*passed += rate_take_shared(&shared, &shared_limit, START_MS, 1) == 0;
	return NULL;
}

Test(rate, is_shared_between_threads_without_loss)
{
	pthread_t threads[THREADS];
	size_t passed[THREADS] = {0}, total = 0;

	for (size_t i = 0; i < THREADS; i++)
		cr_assert_eq(
			pthread_create(&threads[i], NULL, take_often, &passed[i]), 0);
	for (size_t i = 0; i < THREADS; i++) {
		cr_assert_eq(pthread_join(threads[i], NULL), 0);
		total += passed[i];
	}
	cr_expect_eq(total, 10000);
}
