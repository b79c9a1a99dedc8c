// SPDX-License-Identifier: MIT
// A window that slides in steps; see the header.
#include "wherry/upstream/retry_budget.h"

enum {
	WINDOW_MS = RETRY_BUDGET_STEPS * RETRY_BUDGET_STEP_MS
};

static uint64_t read_u64(const _Atomic uint64_t *number)
{
	return atomic_load_explicit(number, memory_order_relaxed);
}

static void write_u64(_Atomic uint64_t *number, uint64_t value)
{
	atomic_store_explicit(number, value, memory_order_relaxed);
}

static void add(_Atomic uint64_t *number, uint64_t amount)
{
	(void)atomic_fetch_add_explicit(number, amount, memory_order_relaxed);
}

// The step of now; who is the first in it forgets what lies a window back.
static struct retry_budget_step *find_step(struct retry_budget *budget, uint64_t now)
{
	uint64_t step = now / RETRY_BUDGET_STEP_MS;
	uint64_t newest = read_u64(&budget->step);

	if (newest < step &&
		atomic_compare_exchange_strong_explicit(&budget->step, &newest, step,
			memory_order_relaxed, memory_order_relaxed)) {
		uint64_t behind = step - newest;

		if (behind > RETRY_BUDGET_STEPS)
			behind = RETRY_BUDGET_STEPS;
		for (uint64_t i = 0; i < behind; i++) {
			size_t old = (size_t)((step - i) % RETRY_BUDGET_STEPS);

			write_u64(&budget->steps[old].requests, 0);
			write_u64(&budget->steps[old].retries, 0);
		}
	}
	return &budget->steps[step % RETRY_BUDGET_STEPS];
}

void retry_budget_note(struct retry_budget *budget, uint64_t now)
{
	add(&find_step(budget, now)->requests, 1);
}

bool retry_budget_take(
	struct retry_budget *budget, const struct conf_retry *conf, uint64_t now)
{
	struct retry_budget_step *step = find_step(budget, now);
	uint64_t requests = 0, retries = 0;

	add(&step->retries, 1); // first, so that two threads do not share the last one
	for (size_t i = 0; i < RETRY_BUDGET_STEPS; i++) {
		requests += read_u64(&budget->steps[i].requests);
		retries += read_u64(&budget->steps[i].retries);
	}
	if (retries <= conf->min + requests * conf->percent / 100)
		return true;
	add(&step->retries, (uint64_t)0 - 1);
	return false;
}

bool retry_budget_tell(struct retry_budget *budget, uint64_t now)
{
	uint64_t told = read_u64(&budget->told_ms);

	return (told == 0 || now - told >= WINDOW_MS) &&
	       atomic_compare_exchange_strong_explicit(&budget->told_ms, &told, now,
		       memory_order_relaxed, memory_order_relaxed);
}
