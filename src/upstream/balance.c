// SPDX-License-Identifier: MIT
// Smooth weighted round robin as a precomputed order, and least connections.
#include "wherry/upstream/balance.h"

#include <stdlib.h>

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

size_t balance_round_robin(const uint16_t *order, size_t length, uint64_t cursor,
	balance_look_cb look, const void *arg)
{
	for (size_t i = 0; i < length; i++) {
		size_t index = order[(cursor % length + i) % length];

		if (look(arg, index).is_usable)
			return index;
	}
	return BALANCE_NONE;
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
		// active/weight compared without dividing. The products fit: no process
		// has 2^32 connections.
		if (best_index == BALANCE_NONE ||
			candidate.active * best.weight < best.active * candidate.weight) {
			best_index = index;
			best = candidate;
		}
	}
	return best_index;
}
