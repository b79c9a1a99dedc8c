// SPDX-License-Identifier: MIT
// The retry budget: its share and minimum, its window, many threads at once.
#include "wherry/upstream/retry_budget.h"

#include <pthread.h>

#include <criterion/criterion.h>

static const struct conf_retry CONF = {.tries = 3, .percent = 20, .min = 10};

static void note(struct retry_budget *budget, size_t count, uint64_t now)
{
	for (size_t i = 0; i < count; i++)
		retry_budget_note(budget, now);
}

// How many may be sent again now.
static size_t take_all(struct retry_budget *budget, uint64_t now)
{
	size_t count = 0;

	while (retry_budget_take(budget, &CONF, now))
		count++;
	return count;
}

Test(retry_budget, gives_the_minimum_and_a_share)
{
	struct retry_budget budget = {0};

	cr_expect_eq(take_all(&budget, 100000), 10);
	cr_expect_eq(take_all(&budget, 100001), 0);
	note(&budget, 99, 100002);
	cr_expect_eq(take_all(&budget, 100003), 19);
	cr_expect_eq(take_all(&budget, 109000), 0);
}

Test(retry_budget, forgets_what_is_a_window_old)
{
	struct retry_budget budget = {0};

	note(&budget, 100, 100500);
	cr_expect_eq(take_all(&budget, 105500), 30);
	cr_expect_eq(take_all(&budget, 109999), 0);
	// The requests are forgotten, the retries of five seconds ago are not.
	cr_expect_eq(take_all(&budget, 110000), 0);
	cr_expect_eq(take_all(&budget, 114999), 0);
	cr_expect_eq(take_all(&budget, 115000), 10);
	// All of it, however long nobody asked.
	cr_expect_eq(take_all(&budget, 9000000), 10);
}

Test(retry_budget, never_gives_more_than_its_share)
{
	struct retry_budget budget = {0};
	uint64_t requests[400] = {0}, retries[400] = {0}, random = 1;

	for (size_t step = 20; step < 400; step++) {
		random = random * 6364136223846793005U + 1442695040888963407U;
		requests[step] = (random >> 33) % 200;
		note(&budget, requests[step], step * 1000 + (random >> 40) % 1000);
		for (size_t wanted = (random >> 50) % 100; wanted > 0; wanted--)
			retries[step] += retry_budget_take(&budget, &CONF, step * 1000);

		uint64_t requests_sum = 0, retries_sum = 0;
		for (size_t i = step - 9; i <= step; i++) {
			requests_sum += requests[i];
			retries_sum += retries[i];
		}
		// What was granted stands when the requests that allowed it are
		// forgotten.
		if (retries[step] > 0)
			cr_assert_leq(
				retries_sum, 10 + requests_sum / 5, "step %zu", step);
	}
}

Test(retry_budget, is_told_about_once_in_a_window)
{
	struct retry_budget budget = {0};

	cr_expect(retry_budget_tell(&budget, 5));
	cr_expect_not(retry_budget_tell(&budget, 6));
	cr_expect_not(retry_budget_tell(&budget, 10004));
	cr_expect(retry_budget_tell(&budget, 10005));
}

enum {
	THREADS = 4,
	TRIES = 1000,
};

struct crowd {
	struct retry_budget budget;
	atomic_size_t taken;
};

static void *take_often(void *arg)
{
	struct crowd *crowd = arg;

	for (size_t i = 0; i < TRIES; i++) {
		retry_budget_note(&crowd->budget, 1000);
		crowd->taken += retry_budget_take(&crowd->budget, &CONF, 1000);
	}
	return NULL;
}

Test(retry_budget, is_not_overdrawn_by_many_threads)
{
	struct crowd crowd = {0};
	pthread_t threads[THREADS];

	cr_assert(retry_budget_take(&crowd.budget, &CONF, 1000)); // the step is there
	for (size_t i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, take_often, &crowd), 0);
	for (size_t i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_join(threads[i], NULL), 0);
	cr_expect_leq(crowd.taken, 9 + THREADS * TRIES / 5);
	cr_expect_eq(
		take_all(&crowd.budget, 1000) + crowd.taken, 9 + THREADS * TRIES / 5);
}
