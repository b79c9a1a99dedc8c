// SPDX-License-Identifier: MIT
// Buckets by key: each its own, no more than there is room for, and from many threads.
#include "wherry/proxy/rate_table.h"

#include <pthread.h>
#include <string.h>

#include <criterion/criterion.h>

enum {
	BUCKETS = 4096,
	THREADS = 4,
	ROUNDS = 20000, // of each thread
	NOW_MS = 1000000,
};

static const struct rate_limit limit = {.count = 1, .period_ms = 1000, .burst = 3};

static uint64_t take(struct rate_table *table, uint64_t name, uint64_t now_ms)
{
	uint8_t key[RATE_TABLE_KEY_SIZE] = {1};

	memcpy(key + 8, &name, sizeof(name));
	return rate_table_take(table, key, &limit, now_ms, 1);
}

Test(rate_table, counts_each_key_apart)
{
	struct rate_table *table = rate_table_create(BUCKETS);

	cr_assert(table);
	for (uint64_t round = 0; round < 3; round++) {
		for (uint64_t name = 0; name < 500; name++)
			cr_expect_eq(take(table, name, NOW_MS), 0);
	}
	for (uint64_t name = 0; name < 500; name++) {
		cr_expect_gt(take(table, name, NOW_MS), 0);
		cr_expect_eq(take(table, name, NOW_MS + 1000), 0);
		cr_expect_gt(take(table, name, NOW_MS + 1000), 0);
	}
	rate_table_destroy(table);
}

// A flood of keys passes through the room there is. Who has used up his bucket is not
// forgotten for those who come once.
Test(rate_table, forgets_the_fullest_first)
{
	struct rate_table *table = rate_table_create(BUCKETS);

	cr_assert(table);
	for (size_t i = 0; i < 3; i++)
		cr_expect_eq(take(table, 7, NOW_MS), 0);
	for (uint64_t name = 1000; name < 1000 + 100 * BUCKETS; name++)
		cr_expect_eq(take(table, name, NOW_MS), 0);
	cr_expect_gt(take(table, 7, NOW_MS), 0);
	rate_table_destroy(table);
	rate_table_destroy(NULL);
}

static struct rate_table *shared;

static void *take_often(void *arg)
{
	size_t *passed = arg;

	for (uint64_t i = 0; i < ROUNDS; i++)
		*passed += take(shared, i % 100, NOW_MS) == 0;
	return NULL;
}

Test(rate_table, is_shared_between_threads_without_loss)
{
	pthread_t threads[THREADS];
	size_t passed[THREADS] = {0}, total = 0;

	shared = rate_table_create(BUCKETS);
	cr_assert(shared);
	for (size_t i = 0; i < THREADS; i++)
		cr_assert_eq(
			pthread_create(&threads[i], NULL, take_often, &passed[i]), 0);
	for (size_t i = 0; i < THREADS; i++) {
		cr_assert_eq(pthread_join(threads[i], NULL), 0);
		total += passed[i];
	}
	cr_expect_eq(total, 300);
	rate_table_destroy(shared);
}
