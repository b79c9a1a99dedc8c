// SPDX-License-Identifier: MIT
// Smooth weighted round robin as a precomputed order, least connections, two random
// choices, and rendezvous hashing.
#include "wherry/upstream/balance.h"

#include <math.h>
#include <stdlib.h>

enum {
	COLDEST = BALANCE_WHOLE * 9 / 10,
	DRAWS = 16 // at most, for two usable servers
};

struct turn {
	uint64_t weight;
	int64_t credit; // grows by weight each step, falls by the sum when chosen
};

static uint64_t greatest_common_divisor(uint64_t a, uint64_t b)
{
	while (b > 0) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static uint64_t sum_of(const struct turn *turns, size_t count)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += turns[i].weight;
	return sum;
}

// The smallest weights of the same ratios, or of nearly the same where those would make
// the order too long. Returns their sum.
static uint64_t reduce(struct turn *turns, const unsigned *weights, size_t count)
{
	uint64_t divisor = 0;

	for (size_t i = 0; i < count; i++)
		divisor = greatest_common_divisor(divisor, weights[i]);
	for (size_t i = 0; i < count; i++)
		turns[i].weight = weights[i] / divisor;

	uint64_t sum = sum_of(turns, count);
	if (sum <= BALANCE_MAX_ORDER)
		return sum;
	for (size_t i = 0; i < count; i++) {
		uint64_t scaled = turns[i].weight * BALANCE_MAX_ORDER / sum;

		turns[i].weight = scaled > 0 ? scaled : 1;
	}
	return sum_of(turns, count);
}

// One step of the smooth order: all gain credit, the richest has its turn and pays.
static size_t step(struct turn *turns, size_t count, uint64_t sum)
{
	size_t richest = 0;

	for (size_t i = 0; i < count; i++) {
		turns[i].credit += (int64_t)turns[i].weight;
		if (turns[i].credit > turns[richest].credit)
			richest = i;
	}
	turns[richest].credit -= (int64_t)sum;
	return richest;
}

uint16_t *balance_order(const unsigned *weights, size_t count, size_t *ret_length)
{
	struct turn *turns = calloc(count, sizeof(*turns));
	if (!turns)
		return NULL;

	size_t length = (size_t)reduce(turns, weights, count);
	uint16_t *order = calloc(length, sizeof(*order));
	for (size_t i = 0; order && i < length; i++)
		order[i] = (uint16_t)step(turns, count, length);
	free(turns);
	*ret_length = length;
	return order;
}

// In parts of BALANCE_WHOLE.
static uint64_t weight_of(const struct balance_candidate *candidate)
{
	return (uint64_t)candidate->weight * (BALANCE_WHOLE - candidate->cold);
}

// A cold server passes most of its turns on, unless nobody else takes them.
static bool takes_turn(const struct balance_candidate *candidate, uint64_t turn)
{
	return candidate->cold == 0 ||
	       balance_mix(turn) % BALANCE_WHOLE >= candidate->cold;
}

size_t balance_round_robin(const uint16_t *order, size_t length, uint64_t cursor,
	balance_look_cb look, const void *arg)
{
	size_t passed = BALANCE_NONE;
	uint64_t at = cursor;

	// Who can't take a turn leaves it to all others alike: were it always the next
	// one's, that one would have twice its share.
	for (uint64_t i = 0; i <= length; at = balance_mix(cursor) % length + i++) {
		size_t index = order[at % length];
		struct balance_candidate candidate = look(arg, index);

		if (!candidate.is_usable)
			continue;
		if (takes_turn(&candidate, cursor))
			return index;
		if (passed == BALANCE_NONE)
			passed = index;
	}
	return passed;
}

// active/weight compared without dividing. The products fit: no process has 2^32
// connections, and no server a weight of 2^24.
static bool is_less_loaded(
	const struct balance_candidate *a, const struct balance_candidate *b)
{
	return a->active * weight_of(b) < b->active * weight_of(a);
}

size_t balance_least_connections(
	size_t count, uint64_t cursor, balance_look_cb look, const void *arg)
{
	size_t best_index = BALANCE_NONE;
	struct balance_candidate best = {0};

	for (size_t i = 0; i < count; i++) {
		size_t index = (size_t)(cursor % count + i) % count;
		struct balance_candidate candidate = look(arg, index);

		if (!candidate.is_usable)
			continue;
		if (best_index == BALANCE_NONE || is_less_loaded(&candidate, &best)) {
			best_index = index;
			best = candidate;
		}
	}
	return best_index;
}

size_t balance_random_two(const uint16_t *order, size_t length, size_t count,
	uint64_t cursor, balance_look_cb look, const void *arg)
{
	size_t first_index = BALANCE_NONE;
	struct balance_candidate first = {0};

	for (uint64_t i = 0; i < DRAWS; i++) {
		size_t index = order[balance_mix(cursor * DRAWS + i) % length];
		if (index == first_index)
			continue;

		struct balance_candidate candidate = look(arg, index);
		if (!candidate.is_usable)
			continue;
		if (first_index != BALANCE_NONE)
			return is_less_loaded(&candidate, &first) ? index : first_index;
		first_index = index;
		first = candidate;
	}
	// Hardly any is usable, or one stands for nearly all of the weight.
	return balance_least_connections(count, cursor, look, arg);
}

// Each server waits for each key a time of its own, exponentially distributed, so that
// the first to arrive is one of weight w with the chance w / sum of weights, whatever
// others there are (Thaler and Ravishankar 1998).
size_t balance_hash(size_t count, uint64_t key, balance_look_cb look, const void *arg)
{
	size_t first_index = BALANCE_NONE;
	double first = INFINITY;

	for (size_t i = 0; i < count; i++) {
		struct balance_candidate candidate = look(arg, i);
		if (!candidate.is_usable)
			continue;

		// 53 bits fill a double; never 0, nor 1.
		uint64_t bits = balance_mix(key ^ candidate.id) >> 11;
		double chance = ((double)bits + 0.5) * 0x1p-53;
		double arrival = -log(chance) / (double)weight_of(&candidate);
		if (arrival < first) {
			first_index = i;
			first = arrival;
		}
	}
	return first_index;
}

unsigned balance_cold(uint64_t elapsed_ms, uint64_t window_ms)
{
	if (elapsed_ms >= window_ms)
		return 0;
	return (unsigned)((window_ms - elapsed_ms) * COLDEST / window_ms);
}

// The finalizer of SplitMix64.
uint64_t balance_mix(uint64_t number)
{
	number += UINT64_C(0x9e3779b97f4a7c15);
	number = (number ^ number >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	number = (number ^ number >> 27) * UINT64_C(0x94d049bb133111eb);
	return number ^ number >> 31;
}
