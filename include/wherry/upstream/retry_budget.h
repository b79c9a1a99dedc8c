// SPDX-License-Identifier: MIT
// How many requests of a group may be sent again: a share of those of the last ten
// seconds, and a few in any case. So a group in trouble gets little more to do than it
// has. Pure, and for all workers at once; counts that cross a step of the window may be
// off by what other threads add in that moment.
#pragma once

#include <stdatomic.h>

#include "wherry/base/attributes.h"
#include "wherry/conf/conf_health.h"

enum {
	RETRY_BUDGET_STEPS = 10,
	RETRY_BUDGET_STEP_MS = 1000,
};

struct retry_budget_step {
	_Atomic uint64_t requests, retries;
};

// Zeroed, nothing has happened yet.
struct retry_budget {
	_Atomic uint64_t step; // the newest one, counted from the clock's start
	struct retry_budget_step steps[RETRY_BUDGET_STEPS];
	_Atomic uint64_t told_ms; // last time it was said that it is used up
};

// A request that is not sent again.
void retry_budget_note(struct retry_budget *budget, uint64_t now);
// May one be sent again? Then it is counted.
MUST_CHECK bool retry_budget_take(
	struct retry_budget *budget, const struct conf_retry *conf, uint64_t now);
// After it was refused: is it worth a line in the log? Once in a window.
MUST_CHECK bool retry_budget_tell(struct retry_budget *budget, uint64_t now);
