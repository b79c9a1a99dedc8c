// SPDX-License-Identifier: MIT
// Which server of a group is next: pure functions of weights, loads and a cursor.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wherry/base/attributes.h"

#define BALANCE_NONE SIZE_MAX

struct balance_candidate {
	unsigned weight; // at least 1
	uint64_t active; // connections it has now
	bool is_usable;
};

// A smooth weighted order: server i stands weight/gcd times in it, spread out. Freed with
// free(); NULL when memory is short.
MUST_CHECK uint16_t *balance_order(
	const unsigned *weights, size_t count, size_t *ret_length);

// The usable server at cursor in the order, or the next one after it; BALANCE_NONE.
size_t balance_round_robin(const uint16_t *order, size_t length, uint64_t cursor,
	const struct balance_candidate *candidates, size_t count);
// The usable server with the least active/weight; among equals the one after cursor.
size_t balance_least_connections(
	const struct balance_candidate *candidates, size_t count, uint64_t cursor);
