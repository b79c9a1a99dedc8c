// SPDX-License-Identifier: MIT
// A token bucket in one word: the time at which it would be full again. Pure; the caller
// says what time it is. Each limit allows its burst at once, and beyond that its count
// for each period, evenly.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct rate_limit {
	uint64_t count; // in each period; 0 = no limit
	uint64_t period_ms;
	uint64_t burst; // at least 1
};

enum {
	// What now_ms may be late: a limit forgives that much, or clients that keep to it
	// exactly would be refused now and then.
	RATE_CLOCK_STEP_MS = 4,
};

// Zeroed, it is full.
struct rate {
	uint64_t full_at; // now_ms, in units of RATE_UNIT
};

// The same for several threads, without a lock.
struct rate_shared {
	_Atomic uint64_t full_at;
};

// Takes amount (at most 1 MiB) out. 0: taken; else nothing was, and so many ms must pass
// before it can be, or before the bucket is full, if it holds less.
uint64_t rate_take(struct rate *rate, const struct rate_limit *limit, uint64_t now_ms,
	uint64_t amount);
// Any thread.
uint64_t rate_take_shared(struct rate_shared *rate, const struct rate_limit *limit,
	uint64_t now_ms, uint64_t amount);
