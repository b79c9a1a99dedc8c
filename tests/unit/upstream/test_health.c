// SPDX-License-Identifier: MIT
// Judging checks: rows of results, and every row of twelve against a second judge.
#include "wherry/upstream/health.h"

#include <string.h>

#include <criterion/criterion.h>

static const struct conf_health_check CHECK = {
	.fall = 3, .rise = 2, .interval_ms = 5000, .jitter = 10};

// "+-" are results, "?ud" the states after each of them.
static void expect_states(const char *results, const char *states)
{
	struct health health = {0};

	for (size_t i = 0; results[i] != '\0'; i++) {
		enum health_state before = health.state;
		unsigned took = health_note(&health, &CHECK, results[i] == '+');

		cr_expect_eq("?ud"[health.state], states[i], "%s, %zu", results, i);
		cr_expect_eq(took != 0, health.state != before, "%s, %zu", results, i);
	}
}

Test(health, judges_results_in_a_row)
{
	expect_states("+", "u");
	expect_states("-", "d");
	expect_states("+--+--+---", "uuuuuuuuud");
	expect_states("-+-+-++", "ddddddu");
	expect_states("+---++---", "uuudduuud");
	expect_states("-++--+++---", "dduuuuuuuud");
}

Test(health, says_how_many_results_it_took)
{
	struct health health = {0};

	cr_expect_eq(health_note(&health, &CHECK, false), 1);
	cr_expect_eq(health_note(&health, &CHECK, true), 0);
	cr_expect_eq(health_note(&health, &CHECK, true), 2);
	cr_expect_eq(health_note(&health, &CHECK, false), 0);
	cr_expect_eq(health_note(&health, &CHECK, false), 0);
	cr_expect_eq(health_note(&health, &CHECK, false), 3);
}

// Down exactly if there was a first or a last row of failures long enough, and no row of
// successes long enough since.
static bool is_down(unsigned results, unsigned count)
{
	bool is_down = false;
	unsigned row = 0;

	for (unsigned i = 0; i < count; i++) {
		bool is_good = (results >> i & 1) != 0;

		row = i > 0 && is_good == ((results >> (i - 1) & 1) != 0) ? row + 1 : 1;
		if (i == 0)
			is_down = !is_good;
		else if (row >= (is_good ? CHECK.rise : CHECK.fall))
			is_down = !is_good;
	}
	return is_down;
}

Test(health, agrees_with_what_rows_of_results_mean)
{
	enum {
		COUNT = 12
	};
	for (unsigned results = 0; results < 1U << COUNT; results++) {
		struct health health = {0};

		for (unsigned i = 0; i < COUNT; i++) {
			bool is_good = (results >> i & 1) != 0;
			unsigned took = health_note(&health, &CHECK, is_good);

			cr_assert_leq(took, CHECK.fall);
			cr_assert_eq(health.state == HEALTH_DOWN, is_down(results, i + 1),
				"%x, %u", results, i);
		}
	}
}

Test(health, spreads_checks_within_the_jitter)
{
	uint64_t shortest = UINT64_MAX, longest = 0;

	for (uint64_t random = 0; random < 4096; random++) {
		uint64_t wait = health_interval_ms(&CHECK, random * 2654435761U);

		shortest = wait < shortest ? wait : shortest;
		longest = wait > longest ? wait : longest;
		cr_assert_leq(health_first_ms(&CHECK, random * 2654435761U), 500);
	}
	cr_expect(shortest >= 4500 && shortest < 4520, "%zu", (size_t)shortest);
	cr_expect(longest <= 5500 && longest > 5480, "%zu", (size_t)longest);
}

Test(health, is_exact_without_jitter)
{
	struct conf_health_check check = {.interval_ms = 1000};

	cr_expect_eq(health_interval_ms(&check, UINT64_MAX), 1000);
	cr_expect_eq(health_first_ms(&check, UINT64_MAX), 0);
}

Test(health, names_its_states)
{
	cr_expect_str_eq(health_state_name(HEALTH_UNKNOWN), "unknown");
	cr_expect_str_eq(health_state_name(HEALTH_UP), "up");
	cr_expect_str_eq(health_state_name(HEALTH_DOWN), "down");
}
