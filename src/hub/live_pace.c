// SPDX-License-Identifier: MIT
// The pace of a live URL; see the header.
#include "wherry/hub/live_pace.h"

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

void live_pace_set(struct live_pace *pace, uint64_t interval_ms, uint64_t max_interval_ms)
{
	pace->interval_ms = interval_ms;
	pace->max_interval_ms = larger(interval_ms, max_interval_ms);
	if (pace->current_ms < interval_ms)
		pace->current_ms = interval_ms;
	if (pace->current_ms > pace->max_interval_ms)
		pace->current_ms = pace->max_interval_ms;
}

// Half as slow again each time: a change is seen with a delay of at most half of how long
// there was none.
static void slow_down(struct live_pace *pace)
{
	pace->current_ms += pace->current_ms / 2;
	if (pace->current_ms > pace->max_interval_ms)
		pace->current_ms = pace->max_interval_ms;
}

uint64_t live_pace_next(struct live_pace *pace, const struct live_pace_turn *turn)
{
	if (turn->is_changed)
		pace->current_ms = pace->interval_ms;
	else
		slow_down(pace);
	// From its start, so that the time that an answer takes is not added.
	uint64_t next = larger(turn->started_ms + pace->current_ms, turn->ended_ms);
	return larger(next, turn->ended_ms + turn->fresh_ms);
}
