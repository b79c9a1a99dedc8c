// SPDX-License-Identifier: MIT
// Which server of a group is next: pure functions of weights, loads, a key and a cursor.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wherry/base/attributes.h"

#define BALANCE_NONE SIZE_MAX

// The longest order, unless there are more servers than this.
enum {
	BALANCE_MAX_ORDER = 4096,
	BALANCE_WHOLE = 256, // parts of a weight
};

struct balance_candidate {
	unsigned weight; // at least 1
	uint64_t active; // connections it has now
	bool is_usable;
	unsigned cold; // parts of BALANCE_WHOLE that its weight lacks; 0 = none
	uint64_t id;   // the same for the same server always: balance_hash
};

// How the candidates are looked at, one by one: a group of a thousand servers is not
// copied to choose one of them.
typedef struct balance_candidate (*balance_look_cb)(const void *arg, size_t index);

// A smooth weighted order: server i stands weight/gcd times in it, spread out. Weights
// that would make it longer than BALANCE_MAX_ORDER are scaled down, none below 1. count
// is 1 to 65536. Freed with free(); NULL when memory is short.
MUST_CHECK uint16_t *balance_order(
	const unsigned *weights, size_t count, size_t *ret_length);

// The usable server at cursor in the order, or else at some other place; BALANCE_NONE.
size_t balance_round_robin(const uint16_t *order, size_t length, uint64_t cursor,
	balance_look_cb look, const void *arg);
// The usable server with the least active/weight; among equals the first one from cursor
// on.
size_t balance_least_connections(
	size_t count, uint64_t cursor, balance_look_cb look, const void *arg);
// Of two that are drawn at random by their weights, the one with the less active/weight:
// nearly as even as looking at all, and many choosers at once don't run to the same one.
// order is balance_order's of the count candidates.
size_t balance_random_two(const uint16_t *order, size_t length, size_t count,
	uint64_t cursor, balance_look_cb look, const void *arg);
// Weighted rendezvous hashing: each key has one order of all servers, and gets the first
// that is usable. So an added server takes only its share of the keys, and one that is
// lost gives up only its own, to all others alike.
size_t balance_hash(size_t count, uint64_t key, balance_look_cb look, const void *arg);

// How cold a server is so long after it came (back): from nine tenths to 0, evenly.
unsigned balance_cold(uint64_t elapsed_ms, uint64_t window_ms);
// Spreads a number over all 64 bits; the same for the same number.
uint64_t balance_mix(uint64_t number);
