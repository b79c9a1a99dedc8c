// SPDX-License-Identifier: MIT
// Ejecting a server: what counts, how long it lasts, what ends it, many threads at once.
#include "wherry/upstream/ejection.h"

#include <pthread.h>

#include <criterion/criterion.h>

#include "wherry/conf/conf.h"

static const struct conf_ejection CONF = {
	.connect_errors = 1,
	.errors = 3,
	.latency_ms = CONF_OFF,
	.time_ms = 1000,
	.max_time_ms = 8000,
	.max_percent = 50,
};

// Failures until it is ejected; gives for how long.
static uint64_t eject(struct ejection *ejection, enum ejection_kind kind, uint64_t now)
{
	while (!ejection_note_failure(ejection, &CONF, kind, now))
		cr_assert_not(ejection_is_on(ejection, now));
	return ejection_start(ejection, &CONF, now);
}

Test(ejection, counts_failures_in_a_row)
{
	struct ejection ejection = {0};

	cr_expect_not(ejection_note_failure(&ejection, &CONF, EJECTION_ERROR, 1));
	cr_expect_not(ejection_note_failure(&ejection, &CONF, EJECTION_ERROR, 2));
	cr_expect_not(ejection_note_answer(&ejection, 2, 2));
	cr_expect_not(ejection_note_failure(&ejection, &CONF, EJECTION_ERROR, 3));
	cr_expect_not(ejection_note_failure(&ejection, &CONF, EJECTION_ERROR, 4));
	cr_expect(ejection_note_failure(&ejection, &CONF, EJECTION_ERROR, 5));
	// The group could not do without it: the next failure asks again.
	cr_expect(ejection_note_failure(&ejection, &CONF, EJECTION_ERROR, 6));
	cr_expect_not(ejection_is_on(&ejection, 6));
}

Test(ejection, tells_connects_from_answers)
{
	struct conf_ejection two = CONF;
	struct ejection ejection = {0};

	two.connect_errors = 2;
	cr_expect_not(ejection_note_failure(&ejection, &two, EJECTION_CONNECT, 1));
	cr_expect_not(
		ejection_note_answer(&ejection, 1, 1)); // over a connection that stands
	cr_expect(ejection_note_failure(&ejection, &two, EJECTION_CONNECT, 2));
	ejection_note_connected(&ejection);
	cr_expect_not(ejection_note_failure(&ejection, &two, EJECTION_CONNECT, 3));
	two.connect_errors = CONF_OFF;
	cr_expect_not(ejection_note_failure(&ejection, &two, EJECTION_CONNECT, 4));
}

Test(ejection, lasts_twice_as_long_each_time)
{
	static const uint64_t durations[] = {1000, 2000, 4000, 8000, 8000, 8000};
	struct ejection ejection = {0};
	uint64_t now = 50000;

	for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
		cr_expect_eq(
			eject(&ejection, i % 2 ? EJECTION_CONNECT : EJECTION_ERROR, now),
			durations[i]);
		cr_expect(ejection_is_on(&ejection, now + durations[i] - 1));
		cr_expect_not(ejection_is_on(&ejection, now + durations[i]));
		now += durations[i] + 100;
	}
	now += 8000 - 100; // exactly max_time since the end of the last one
	cr_expect_eq(eject(&ejection, EJECTION_ERROR, now), 8000);
	cr_expect_eq(eject(&ejection, EJECTION_ERROR, now + 8000 + 8001), 1000);
}

Test(ejection, grows_on_though_it_answers_between)
{
	struct ejection ejection = {0};

	cr_expect_eq(eject(&ejection, EJECTION_ERROR, 10), 1000);
	cr_expect_not(ejection_note_answer(&ejection, 1500, 1500));
	cr_expect_eq(eject(&ejection, EJECTION_ERROR, 2000), 2000);
}

Test(ejection, counts_nothing_meanwhile)
{
	struct ejection ejection = {0};

	cr_assert_eq(eject(&ejection, EJECTION_CONNECT, 10), 1000);
	cr_expect_not(ejection_note_failure(&ejection, &CONF, EJECTION_CONNECT, 500));
	cr_expect_eq(ejection_start(&ejection, &CONF, 500), 0);
	cr_expect(ejection_note_failure(&ejection, &CONF, EJECTION_CONNECT, 1010));
}

Test(ejection, ends_with_an_answer_to_a_later_request)
{
	struct ejection ejection = {0};

	cr_assert_eq(eject(&ejection, EJECTION_ERROR, 100), 1000);
	cr_expect_not(ejection_note_answer(&ejection, 99, 200)); // was under way before
	cr_expect(ejection_is_on(&ejection, 200));
	ejection_note_connected(&ejection);
	cr_expect(ejection_is_on(&ejection, 200));
	cr_expect(ejection_note_answer(&ejection, 150, 200));
	cr_expect_not(ejection_is_on(&ejection, 200));
}

Test(ejection, is_forgiven_with_its_past)
{
	struct ejection ejection = {0};

	cr_assert_eq(eject(&ejection, EJECTION_ERROR, 100), 1000);
	ejection_forgive(&ejection);
	cr_expect_not(ejection_is_on(&ejection, 101));
	cr_expect_eq(eject(&ejection, EJECTION_ERROR, 200), 1000);
}

Test(ejection, knows_which_answers_are_failures)
{
	struct conf_ejection all = CONF;

	all.counts_5xx = all.counts_refusals = true;
	all.latency_ms = 100;
	cr_expect_not(ejection_is_failure(&CONF, 503, false, UINT64_MAX - 1));
	cr_expect_not(ejection_is_failure(&CONF, 403, true, 0));
	cr_expect_not(ejection_is_failure(&all, 499, false, 100));
	cr_expect_not(ejection_is_failure(&all, 101, true, 100));
	cr_expect(ejection_is_failure(&all, 500, false, 0));
	cr_expect(ejection_is_failure(&all, 200, true, 0));
	cr_expect(ejection_is_failure(&all, 200, false, 101));
}

enum {
	THREADS = 4,
	FAILURES = 1000,
};

struct crowd {
	struct ejection ejection;
	atomic_size_t started;
};

static void *fail_often(void *arg)
{
	struct crowd *crowd = arg;

	for (size_t i = 0; i < FAILURES; i++) {
		if (ejection_note_failure(&crowd->ejection, &CONF, EJECTION_ERROR, 7) &&
			ejection_start(&crowd->ejection, &CONF, 7) != 0)
			crowd->started++;
	}
	return NULL;
}

Test(ejection, is_started_by_one_thread_of_many)
{
	struct crowd crowd = {0};
	pthread_t threads[THREADS];

	for (size_t i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, fail_often, &crowd), 0);
	for (size_t i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_join(threads[i], NULL), 0);
	cr_expect_eq(crowd.started, 1);
}
