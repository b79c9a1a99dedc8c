// SPDX-License-Identifier: MIT
// The moments of a drain: whatever the workers, the window and their shares are, no
// second has more than 1.2 of the even rate, and all are told about when the window ends.
#include "wherry/proxy/drain_pace.h"

#include <pthread.h>
#include <stdlib.h>

#include <criterion/criterion.h>

enum {
	STEP_MS = 20,
	START_MS = 5000,
	WORKERS_MAX = 64,
	THREADS = 4,
	PER_THREAD = 5000,
};

struct drain_case {
	const char *name;
	size_t workers;
	size_t connections;
	uint64_t window_ms;
	size_t skew; // the last worker has so many times as many as each other one
};

static const struct drain_case cases[] = {
	{"one", 1, 1, 30000, 1},
	{"two", 2, 2, 30000, 1},
	{"fewer than workers", 64, 20, 10000, 1},
	{"slower than one a second", 4, 10, 60000, 1},
	{"some a second", 4, 300, 60000, 1},
	{"ten a second, many workers", 64, 600, 60000, 1},
	{"uneven workers", 8, 3000, 30000, 20},
	{"many", 2, 10000, 60000, 1},
	{"a thousand a second", 16, 10000, 10000, 5},
	{"two windows of a second", 4, 1000, 2000, 1},
	{"an hour", 4, 7000, 3600 * 1000, 3},
};

static size_t share_of(const struct drain_case *one, size_t worker)
{
	size_t parts = one->workers - 1 + one->skew;
	size_t each = one->connections / parts;
	return worker + 1 < one->workers ? each
					 : one->connections - each * (one->workers - 1);
}

// Each worker looks every 20 ms, at moments of its own.
static size_t play(const struct drain_case *one, uint64_t *times)
{
	struct drain_pace pace;
	size_t left[WORKERS_MAX], count = 0;
	drain_pace_init(&pace, START_MS, one->window_ms);
	for (size_t i = 0; i < one->workers; i++) {
		left[i] = share_of(one, i);
		for (size_t j = 0; j < left[i]; j++)
			drain_pace_join(&pace);
	}
	uint64_t end = START_MS + 2 * one->window_ms;
	for (uint64_t now = START_MS; now < end && count < one->connections; now++) {
		size_t first = now % STEP_MS;
		for (size_t i = first; i < one->workers; i += STEP_MS) {
			for (; left[i] > 0 && drain_pace_take(&pace, now); left[i]--)
				times[count++] = now;
		}
	}
	return count;
}

static size_t count_busiest_second(const uint64_t *times, size_t count)
{
	size_t most = 0;
	for (size_t first = 0, last = 0; last < count; last++) {
		while (times[last] - times[first] >= 1000)
			first++;
		if (last - first + 1 > most)
			most = last - first + 1;
	}
	return most;
}

Test(drain_pace, has_no_busy_second)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct drain_case *one = &cases[i];
		uint64_t *times = calloc(one->connections, sizeof(*times));
		size_t count = play(one, times);
		double rate = (double)one->connections * 1000 / (double)one->window_ms;
		double most = rate * 1.2 > rate + 2 ? rate * 1.2 : rate + 2;
		size_t busiest = count_busiest_second(times, count);
		cr_expect_eq(count, one->connections, "%s: %zu", one->name, count);
		cr_expect_leq((double)busiest, most, "%s: %zu in a second, at %.2f/s",
			one->name, busiest, rate);
		uint64_t last = times[count - 1] - START_MS;
		cr_expect_leq(last, one->window_ms + 2 * STEP_MS, "%s", one->name);
		cr_expect_geq(last + 2 * STEP_MS,
			one->window_ms - one->window_ms / one->connections, "%s: %llu",
			one->name, (unsigned long long)last);
		free(times);
	}
}

Test(drain_pace, tells_all_at_once_without_a_window)
{
	struct drain_pace pace;
	drain_pace_init(&pace, START_MS, 0);
	for (int i = 0; i < 100; i++)
		drain_pace_join(&pace);
	for (int i = 0; i < 100; i++)
		cr_expect(drain_pace_take(&pace, START_MS));
}

Test(drain_pace, tells_the_first_at_once_whoever_joins_later)
{
	struct drain_pace pace;
	drain_pace_init(&pace, START_MS, 10000);
	drain_pace_join(&pace);
	cr_expect(drain_pace_take(&pace, START_MS));
	for (int i = 0; i < 99; i++)
		drain_pace_join(&pace);
	cr_expect_not(drain_pace_take(&pace, START_MS + 90));
	cr_expect_leq(drain_pace_next_ms(&pace), START_MS + 102);
	cr_expect(drain_pace_take(&pace, START_MS + 102));
}

static size_t take_all(struct drain_pace *pace, uint64_t now)
{
	size_t count = 0;
	while (count < 1000 && drain_pace_take(pace, now))
		count++;
	return count;
}

Test(drain_pace, makes_no_burst_of_those_that_come_late)
{
	struct drain_pace pace;
	drain_pace_init(&pace, START_MS, 10000);
	for (int i = 0; i < 500; i++)
		drain_pace_join(&pace);
	cr_expect_leq(take_all(&pace, START_MS + 9000), 4);
}

Test(drain_pace, slows_down_for_those_that_leave)
{
	struct drain_pace pace;
	drain_pace_init(&pace, START_MS, 10000);
	for (int i = 0; i < 100; i++)
		drain_pace_join(&pace);
	cr_expect_eq(take_all(&pace, START_MS), 1);
	for (int i = 0; i < 90; i++)
		drain_pace_leave(&pace);
	cr_expect_eq(drain_pace_next_ms(&pace), START_MS + 1000);
}

static void *draw(void *arg)
{
	size_t *count = calloc(1, sizeof(*count));
	for (uint64_t now = START_MS; now <= START_MS + 1100; now++) {
		while (*count < PER_THREAD && drain_pace_take(arg, now))
			(*count)++;
	}
	return count;
}

Test(drain_pace, is_drawn_from_by_many_threads)
{
	struct drain_pace pace;
	pthread_t threads[THREADS];
	size_t total = 0;
	drain_pace_init(&pace, START_MS, 1000);
	for (int i = 0; i < THREADS * PER_THREAD; i++)
		drain_pace_join(&pace);
	for (size_t i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, draw, &pace), 0);
	for (size_t i = 0; i < THREADS; i++) {
		void *count;
		cr_assert_eq(pthread_join(threads[i], &count), 0);
		total += *(size_t *)count;
		free(count);
	}
	cr_expect_eq(total + pace.left, THREADS * PER_THREAD);
}
