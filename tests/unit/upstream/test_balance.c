// SPDX-License-Identifier: MIT
// Orders are exact over a cycle and smooth inside it; choices skip what is not usable.
#include "wherry/upstream/balance.h"

#include <stdlib.h>

#include <criterion/criterion.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	MAX_SERVERS = 6
};

struct weights_row {
	const char *name;
	size_t count;
	unsigned weights[MAX_SERVERS];
	size_t length;               // expected
	unsigned turns[MAX_SERVERS]; // expected in one cycle
};

static const struct weights_row weights_rows[] = {
	{"one server", 1, {7}, 1, {1}},
	{"equal", 3, {1, 1, 1}, 3, {1, 1, 1}},
	{"equal and large", 3, {1000000, 1000000, 1000000}, 3, {1, 1, 1}},
	{"common divisor", 3, {10, 20, 30}, 6, {1, 2, 3}},
	{"no common divisor", 3, {5, 1, 1}, 7, {5, 1, 1}},
	{"one heavy, many light", 6, {10, 1, 1, 1, 1, 1}, 15, {10, 1, 1, 1, 1, 1}},
	{"too long: scaled", 2, {3 * 4096, 4096 + 1}, 4095, {3071, 1024}},
	{"too long: none below one", 2, {4294967295u, 1}, 4096, {4095, 1}},
};

static void count_turns(const uint16_t *order, size_t length, unsigned turns[MAX_SERVERS])
{
	for (size_t i = 0; i < length; i++)
		turns[order[i]]++;
}

Test(balance, order_gives_each_its_weight_over_a_cycle)
{
	for (size_t i = 0; i < COUNT(weights_rows); i++) {
		const struct weights_row *row = &weights_rows[i];
		size_t length = 0;
		uint16_t *order = balance_order(row->weights, row->count, &length);
		unsigned turns[MAX_SERVERS] = {0};

		cr_assert_not_null(order);
		cr_expect_eq(length, row->length, "%s: length %zu", row->name, length);
		count_turns(order, length, turns);
		for (size_t j = 0; j < row->count; j++)
			cr_expect_eq(turns[j], row->turns[j], "%s: server %zu has %u",
				row->name, j, turns[j]);
		free(order);
	}
}

// In every window of the cycle, also across its end, a server has at most two turns more
// or less than its exact share.
static void expect_smooth(const char *name, const uint16_t *order, size_t length,
	size_t server, size_t turns)
{
	for (size_t from = 0; from < length; from++) {
		double seen = 0;

		for (size_t size = 1; size <= length; size++) {
			seen += order[(from + size - 1) % length] == server;
			double share = (double)size * (double)turns / (double)length;
			if (seen > share + 2 || seen < share - 2) {
				cr_expect_fail("%s: server %zu has %.0f of %zu turns",
					name, server, seen, size);
				return;
			}
		}
	}
}

Test(balance, order_is_smooth)
{
	for (size_t i = 0; i < COUNT(weights_rows); i++) {
		const struct weights_row *row = &weights_rows[i];
		size_t length = 0;
		if (row->length > 100)
			continue; // the check is quadratic
		uint16_t *order = balance_order(row->weights, row->count, &length);

		cr_assert_not_null(order);
		for (size_t j = 0; j < row->count; j++)
			expect_smooth(row->name, order, length, j, row->turns[j]);
		free(order);
	}
}

Test(balance, order_interleaves_a_heavy_server_with_light_ones)
{
	static const uint16_t expected[] = {0, 0, 1, 0, 2, 0, 0};
	size_t length = 0;
	uint16_t *order = balance_order((const unsigned[]){5, 1, 1}, 3, &length);

	cr_assert_not_null(order);
	cr_assert_eq(length, COUNT(expected));
	cr_expect_arr_eq(order, expected, sizeof(expected));
	free(order);
}

static struct balance_candidate look(const void *arg, size_t index)
{
	return ((const struct balance_candidate *)arg)[index];
}

Test(balance, round_robin_follows_the_cursor_and_wraps)
{
	static const uint16_t order[] = {0, 1, 0, 2};
	static const struct balance_candidate candidates[] = {
		{1, 9, true}, {1, 0, true}, {1, 0, true}};

	for (uint64_t cursor = 0; cursor < 12; cursor++)
		cr_expect_eq(balance_round_robin(order, 4, cursor, look, candidates),
			order[cursor % 4]);
	cr_expect_eq(balance_round_robin(order, 4, UINT64_MAX, look, candidates), 2);
}

Test(balance, round_robin_skips_unusable_servers)
{
	static const uint16_t order[] = {0, 1, 2};
	static const struct balance_candidate second_only[] = {
		{1, 0, false}, {1, 0, true}, {1, 0, false}};
	static const struct balance_candidate none[] = {
		{1, 0, false}, {1, 0, false}, {1, 0, false}};

	for (uint64_t cursor = 0; cursor < 3; cursor++) {
		cr_expect_eq(balance_round_robin(order, 3, cursor, look, second_only), 1);
		cr_expect_eq(
			balance_round_robin(order, 3, cursor, look, none), BALANCE_NONE);
	}
}

struct least_row {
	const char *name;
	size_t count;
	uint64_t cursor;
	struct balance_candidate candidates[3];
	size_t expected;
};

Test(balance, least_connections_compares_load_by_weight)
{
	static const struct least_row rows[] = {
		{"least active", 3, 0, {{1, 5, true}, {1, 3, true}, {1, 4, true}}, 1},
		{"by weight", 2, 0, {{4, 7, true}, {2, 4, true}}, 0},
		{"no rounding", 2, 0, {{3, 2, true}, {2, 1, true}}, 1},
		{"tie across weights: cursor", 2, 1, {{4, 8, true}, {1, 2, true}}, 1},
		{"tie: from cursor on", 3, 1, {{1, 1, true}, {1, 1, true}, {1, 1, true}},
			1},
		{"tie: cursor wraps", 3, 5, {{1, 1, true}, {1, 1, true}, {1, 1, true}},
			2},
		{"tie: best is before cursor", 3, 2,
			{{1, 1, true}, {1, 1, true}, {1, 2, true}}, 0},
		{"unusable", 3, 0, {{1, 0, false}, {1, 9, true}, {1, 8, true}}, 2},
		{"none", 2, 0, {{1, 0, false}, {1, 0, false}}, BALANCE_NONE},
		{"large loads", 2, 0,
			{{UINT32_MAX, UINT32_MAX, true},
				{UINT32_MAX, UINT32_MAX - 1, true}},
			1},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct least_row *row = &rows[i];
		size_t got = balance_least_connections(
			row->count, row->cursor, look, row->candidates);

		cr_expect_eq(got, row->expected, "%s: got %zu", row->name, got);
	}
}

// Connections that never end: the loads settle at the weights' ratio.
Test(balance, least_connections_fills_by_weight)
{
	struct balance_candidate candidates[] = {
		{1, 0, true}, {2, 0, true}, {5, 0, true}};

	for (uint64_t i = 0; i < 800; i++)
		candidates[balance_least_connections(3, i, look, candidates)].active++;
	cr_expect_eq(candidates[0].active, 100);
	cr_expect_eq(candidates[1].active, 200);
	cr_expect_eq(candidates[2].active, 500);
}
