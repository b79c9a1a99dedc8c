// SPDX-License-Identifier: MIT
// How often the backend of a live URL is asked: once an interval, more slowly when it
// says so or is slow itself, and, where that is wanted, while nothing changes. Pure.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct live_pace {
	uint64_t interval_ms;
	uint64_t max_interval_ms; // while nothing changes; at most interval_ms = no
				  // slowing
	uint64_t current_ms;
};

// One question and its answer; times are now_ms.
struct live_pace_turn {
	uint64_t started_ms, ended_ms;
	uint64_t fresh_ms; // how long the answer is good for, as the backend says
	bool is_changed;   // it is not what it was
};

// Also for other limits: what was learned is kept as far as they allow.
void live_pace_set(
	struct live_pace *pace, uint64_t interval_ms, uint64_t max_interval_ms);
// When to ask again.
uint64_t live_pace_next(struct live_pace *pace, const struct live_pace_turn *turn);
