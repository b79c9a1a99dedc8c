// SPDX-License-Identifier: MIT
// When the next connection of a drain may be told to close, whichever worker has it: the
// workers draw from one sequence of moments that are spread evenly over the window, so
// that the rate is the process's and nobody counts the others' connections. Atomics only.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "wherry/base/attributes.h"

struct drain_pace {
	uint64_t window_us, end_us;
	_Atomic uint64_t last_us; // the moment that was drawn last; 0 = none was
	_Atomic uint64_t joined;  // connections that wait for their moment, or did
	_Atomic uint64_t left;    // of them, those that still wait
};

// Times are now_ms().
void drain_pace_init(struct drain_pace *pace, uint64_t now, uint64_t window_ms);
// Another connection waits. Those that come late have what is left of the window, and
// longer if it would go faster than a tenth above the even rate.
void drain_pace_join(struct drain_pace *pace);
// One ended by itself.
void drain_pace_leave(struct drain_pace *pace);
// True if one of those that wait may be told now; it does not wait any longer.
MUST_CHECK bool drain_pace_take(struct drain_pace *pace, uint64_t now);
// When to ask again.
uint64_t drain_pace_next_ms(struct drain_pace *pace);
