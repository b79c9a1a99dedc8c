// SPDX-License-Identifier: MIT
// Which server of a group is next: pure functions of weights, loads and a cursor.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wherry/base/attributes.h"

#define BALANCE_NONE SIZE_MAX

// The longest order, unless there are more servers than this.
enum {
	BALANCE_MAX_ORDER = 4096
};

struct balance_candidate {
	unsigned weight; // at least 1
	uint64_t active; // connections it has now
	bool is_usable;
};

// How the candidates are looked at, one by one: a group of a thousand servers is not
// copied to choose one of them.
typedef struct balance_candidate (*balance_look_cb)(const void *arg, size_t index);

// A smooth weighted order: server i stands weight/gcd times in it, spread out. Weights
// that would make it longer than BALANCE_MAX_ORDER are scaled down, none below 1. count
// is 1 to 65536. Freed with free(); NULL when memory is short.
MUST_CHECK uint16_t *balance_order(
	const unsigned *weights, size_t count, size_t *ret_length);

// The usable server at cursor in the order, or the next one after it; BALANCE_NONE.
size_t balance_round_robin(const uint16_t *order, size_t length, uint64_t cursor,
	balance_look_cb look, const void *arg);
// The usable server with the least active/weight; among equals the first one from cursor
// on.
size_t balance_least_connections(
	size_t count, uint64_t cursor, balance_look_cb look, const void *arg);
