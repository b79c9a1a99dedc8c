// SPDX-License-Identifier: MIT
// The circuit breaker: its limits, its three states, many threads at once.
#include "wherry/upstream/circuit.h"

#include <pthread.h>

#include <criterion/criterion.h>

#include "wherry/conf/conf.h"

static const struct conf_circuit CONF = {
	.max_requests = CONF_OFF,
	.max_pending = CONF_OFF,
	.failures = 3,
	.open_ms = 5000,
};

static void open(struct circuit *circuit, uint64_t now)
{
	cr_assert_not(circuit_note_failure(circuit, &CONF, now));
	cr_assert_not(circuit_note_failure(circuit, &CONF, now));
	cr_assert(circuit_note_failure(circuit, &CONF, now));
}

Test(circuit, opens_after_failures_in_a_row)
{
	struct circuit circuit = {0};

	cr_expect_not(circuit_note_failure(&circuit, &CONF, 1));
	cr_expect_not(circuit_note_failure(&circuit, &CONF, 1));
	cr_expect_not(circuit_note_answer(&circuit));
	open(&circuit, 10);
	cr_expect_eq(circuit_enter(&circuit, &CONF, 0, 11), CIRCUIT_OPEN);
	cr_expect_eq(circuit_enter(&circuit, &CONF, 0, 5009), CIRCUIT_OPEN);
}

Test(circuit, lets_one_in_to_try)
{
	struct circuit circuit = {0};

	open(&circuit, 10);
	cr_expect_eq(circuit_enter(&circuit, &CONF, 0, 5010), CIRCUIT_PASS);
	cr_expect_eq(circuit_enter(&circuit, &CONF, 0, 5010), CIRCUIT_OPEN);
	cr_expect_not(circuit_note_failure(&circuit, &CONF, 5020), "said already");
	cr_expect_eq(circuit_enter(&circuit, &CONF, 0, 10019), CIRCUIT_OPEN);
	cr_expect_eq(circuit_enter(&circuit, &CONF, 0, 10020), CIRCUIT_PASS);
	cr_expect(circuit_note_answer(&circuit));
	cr_expect_not(circuit_note_answer(&circuit));
	cr_expect_eq(circuit_enter(&circuit, &CONF, 0, 10021), CIRCUIT_PASS);
	cr_expect_eq(circuit_enter(&circuit, &CONF, 0, 10021), CIRCUIT_PASS);
}

Test(circuit, lets_another_in_if_that_one_is_never_heard_of)
{
	struct circuit circuit = {0};

	open(&circuit, 10);
	cr_expect_eq(circuit_enter(&circuit, &CONF, 0, 6000), CIRCUIT_PASS);
	cr_expect_eq(circuit_enter(&circuit, &CONF, 0, 10999), CIRCUIT_OPEN);
	cr_expect_eq(circuit_enter(&circuit, &CONF, 0, 11000), CIRCUIT_PASS);
}

Test(circuit, limits_what_is_under_way)
{
	struct conf_circuit conf = {
		.max_requests = 5, .max_pending = 2, .failures = CONF_OFF};
	struct circuit circuit = {0};

	cr_expect_eq(circuit_enter(&circuit, &conf, 5, 1), CIRCUIT_FULL);
	cr_expect_eq(circuit_enter(&circuit, &conf, 4, 1), CIRCUIT_PASS);
	cr_expect_eq(circuit_enter(&circuit, &conf, 0, 1), CIRCUIT_PASS);
	cr_expect_eq(circuit_enter(&circuit, &conf, 0, 1), CIRCUIT_FULL);
	circuit_leave(&circuit, &conf);
	cr_expect_eq(circuit_enter(&circuit, &conf, 0, 1), CIRCUIT_PASS);
	cr_expect_eq(circuit.pending, 2);
}

Test(circuit, does_not_count_whom_it_refuses)
{
	struct conf_circuit conf = CONF;
	struct circuit circuit = {0};

	conf.max_pending = 2;
	open(&circuit, 10);
	for (size_t i = 0; i < 5; i++)
		cr_expect_eq(circuit_enter(&circuit, &conf, 0, 11), CIRCUIT_OPEN);
	cr_expect_eq(circuit.pending, 0);
}

Test(circuit, writes_nothing_without_limits)
{
	struct conf_circuit conf = CONF;
	struct circuit circuit = {0};

	conf.failures = CONF_OFF;
	cr_expect_eq(circuit_enter(&circuit, &conf, 1000000, 1), CIRCUIT_PASS);
	cr_expect_not(circuit_note_failure(&circuit, &conf, 1));
	circuit_leave(&circuit, &conf);
	cr_expect_eq(circuit.pending, 0);
	cr_expect_eq(circuit.failures, 0);
}

enum {
	THREADS = 4,
	TRIES = 1000,
};

struct crowd {
	struct circuit circuit;
	atomic_size_t passed;
};

static void *enter_often(void *arg)
{
	struct crowd *crowd = arg;

	for (size_t i = 0; i < TRIES; i++)
		crowd->passed +=
			circuit_enter(&crowd->circuit, &CONF, 0, 7000) == CIRCUIT_PASS;
	return NULL;
}

Test(circuit, lets_one_in_of_many_threads)
{
	struct crowd crowd = {0};
	pthread_t threads[THREADS];

	open(&crowd.circuit, 10);
	for (size_t i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, enter_often, &crowd), 0);
	for (size_t i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_join(threads[i], NULL), 0);
	cr_expect_eq(crowd.passed, 1);
}
