// SPDX-License-Identifier: MIT
// Sessions are found again until they were not asked for too long, or too many came
// after.
#include "wherry/upstream/session_table.h"

#include <pthread.h>

#include <criterion/criterion.h>

Test(session_table, finds_what_was_put)
{
	struct session_table *table = session_table_create();
	cr_assert_not_null(table);
	uint64_t a = session_table_key(table, STR("a"));
	uint64_t b = session_table_key(table, STR("b"));
	cr_expect_neq(a, b);
	cr_expect_eq(a, session_table_key(table, STR("a")));
	cr_expect_eq(session_table_find(table, a, 1), 0);
	session_table_put(table, a, 7, 1);
	session_table_put(table, b, 8, 1);
	cr_expect_eq(session_table_find(table, a, 2), 7);
	cr_expect_eq(session_table_find(table, b, 2), 8);
	session_table_put(table, a, 9, 3);
	cr_expect_eq(session_table_find(table, a, 3), 9);
	session_table_destroy(table);
}

Test(session_table, forgets_what_nobody_asks_for)
{
	struct session_table *table = session_table_create();
	cr_assert_not_null(table);
	uint64_t key = session_table_key(table, STR("a"));
	session_table_put(table, key, 7, 1000);
	uint64_t now = 1000 + SESSION_TABLE_LIFE_MS - 1;
	cr_expect_eq(session_table_find(table, key, now), 7, "lives anew from here");
	now += SESSION_TABLE_LIFE_MS - 1;
	cr_expect_eq(session_table_find(table, key, now), 7);
	now += SESSION_TABLE_LIFE_MS;
	cr_expect_eq(session_table_find(table, key, now), 0);
	session_table_destroy(table);
}

// By the names of their numbers.
static uint64_t key_of(const struct session_table *table, uint64_t number)
{
	return session_table_key(
		table, (struct str){(const char *)&number, sizeof(number)});
}

Test(session_table, keeps_the_latest_of_too_many)
{
	struct session_table *table = session_table_create();
	cr_assert_not_null(table);
	enum {
		PUT = SESSION_TABLE_SIZE * 2
	};
	for (uint64_t i = 0; i < PUT; i++)
		session_table_put(table, key_of(table, i), i + 1, 1000 + i);
	size_t old = 0, latest = 0;
	for (uint64_t i = 0; i < PUT / 4; i++) {
		uint64_t number = PUT - 1 - i;
		old += session_table_find(table, key_of(table, i), PUT) != 0;
		latest += session_table_find(table, key_of(table, number), PUT) ==
			  number + 1;
	}
	cr_expect_lt(old, PUT / 4 * 0.1, "%zu of the oldest are there", old);
	cr_expect_gt(latest, PUT / 4 * 0.8, "only %zu of the latest are there", latest);
	session_table_destroy(table);
}

enum {
	THREADS = 4,
	ROUNDS = 20000
};

static void *use(void *arg)
{
	struct session_table *table = arg;
	size_t wrong = 0;
	for (uint64_t i = 0; i < ROUNDS; i++) {
		uint64_t number = i % 100;
		uint64_t key = key_of(table, number);
		session_table_put(table, key, number + 1, 1);
		wrong += session_table_find(table, key, 1) != number + 1;
	}
	return (void *)wrong;
}

Test(session_table, is_right_from_many_threads)
{
	struct session_table *table = session_table_create();
	pthread_t threads[THREADS];
	cr_assert_not_null(table);
	for (size_t i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, use, table), 0);
	for (size_t i = 0; i < THREADS; i++) {
		void *wrong = NULL;
		cr_assert_eq(pthread_join(threads[i], &wrong), 0);
		cr_expect_null(wrong);
	}
	session_table_destroy(table);
}
