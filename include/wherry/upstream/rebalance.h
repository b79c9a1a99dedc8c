// SPDX-License-Identifier: MIT
// How many WebSockets each server of a group should give up, so that a server that came
// later gets its share of those that are open: pure arithmetic.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rebalance_server {
	unsigned weight; // at least 1
	uint64_t live;   // WebSockets on it
	uint64_t bound;  // of them, those that can't be moved
	uint64_t max;    // most that it takes; UINT64_MAX = no limit
	bool is_usable;  // else it is left out: it gives nothing and gets nothing
};

// Fills ret_moves, a number for each server, and gives their sum. A server with more than
// tolerance percent above its fair share (and more than one: shares are rounded) gives up
// all it has above it, if it can be moved and the others have room for it.
uint64_t rebalance_plan(const struct rebalance_server *servers, size_t count,
	unsigned tolerance, uint64_t *ret_moves);
