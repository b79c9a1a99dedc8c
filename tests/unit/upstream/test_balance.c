// SPDX-License-Identifier: MIT
// Orders are exact over a cycle and smooth inside it; choices skip what is not usable.
#include "wherry/upstream/balance.h"

#include <stdlib.h>

#include <criterion/criterion.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SERVER(its_weight, load, usable)                                                 \
	{                                                                                \
		.weight = (its_weight), .active = (load), .is_usable = (usable)          \
	}

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
		SERVER(1, 9, true), SERVER(1, 0, true), SERVER(1, 0, true)};

	for (uint64_t cursor = 0; cursor < 12; cursor++)
		cr_expect_eq(balance_round_robin(order, 4, cursor, look, candidates),
			order[cursor % 4]);
	cr_expect_eq(balance_round_robin(order, 4, UINT64_MAX, look, candidates), 2);
}

Test(balance, round_robin_skips_unusable_servers)
{
	static const uint16_t order[] = {0, 1, 2};
	static const struct balance_candidate second_only[] = {
		SERVER(1, 0, false), SERVER(1, 0, true), SERVER(1, 0, false)};
	static const struct balance_candidate none[] = {
		SERVER(1, 0, false), SERVER(1, 0, false), SERVER(1, 0, false)};

	for (uint64_t cursor = 0; cursor < 3; cursor++) {
		cr_expect_eq(balance_round_robin(order, 3, cursor, look, second_only), 1);
		cr_expect_eq(
			balance_round_robin(order, 3, cursor, look, none), BALANCE_NONE);
	}
}

Test(balance, round_robin_shares_the_turns_of_unusable_servers)
{
	static const uint16_t order[] = {0, 1, 2, 3};
	static const struct balance_candidate candidates[] = {SERVER(1, 0, true),
		SERVER(1, 0, false), SERVER(1, 0, true), SERVER(1, 0, true)};
	unsigned turns[MAX_SERVERS] = {0};

	for (uint64_t cursor = 0; cursor < 3000; cursor++)
		turns[balance_round_robin(order, 4, cursor, look, candidates)]++;
	for (size_t i = 0; i < 4; i++)
		cr_expect(i == 1 ? turns[i] == 0 : turns[i] > 900 && turns[i] < 1100,
			"server %zu has %u", i, turns[i]);
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
		{"least active", 3, 0,
			{SERVER(1, 5, true), SERVER(1, 3, true), SERVER(1, 4, true)}, 1},
		{"by weight", 2, 0, {SERVER(4, 7, true), SERVER(2, 4, true)}, 0},
		{"no rounding", 2, 0, {SERVER(3, 2, true), SERVER(2, 1, true)}, 1},
		{"tie across weights: cursor", 2, 1,
			{SERVER(4, 8, true), SERVER(1, 2, true)}, 1},
		{"tie: from cursor on", 3, 1,
			{SERVER(1, 1, true), SERVER(1, 1, true), SERVER(1, 1, true)}, 1},
		{"tie: cursor wraps", 3, 5,
			{SERVER(1, 1, true), SERVER(1, 1, true), SERVER(1, 1, true)}, 2},
		{"tie: best is before cursor", 3, 2,
			{SERVER(1, 1, true), SERVER(1, 1, true), SERVER(1, 2, true)}, 0},
		{"unusable", 3, 0,
			{SERVER(1, 0, false), SERVER(1, 9, true), SERVER(1, 8, true)}, 2},
		{"none", 2, 0, {SERVER(1, 0, false), SERVER(1, 0, false)}, BALANCE_NONE},
		{"large loads", 2, 0,
			{SERVER(1 << 23, UINT32_MAX, true),
				SERVER(1 << 23, UINT32_MAX - 1, true)},
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
		SERVER(1, 0, true), SERVER(2, 0, true), SERVER(5, 0, true)};

	for (uint64_t i = 0; i < 800; i++)
		candidates[balance_least_connections(3, i, look, candidates)].active++;
	cr_expect_eq(candidates[0].active, 100);
	cr_expect_eq(candidates[1].active, 200);
	cr_expect_eq(candidates[2].active, 500);
}

enum {
	KEYS = 20000,
	MANY = 40
};

// count servers of weight 1, ids as of names.
static void make_servers(struct balance_candidate *servers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		servers[i] = (struct balance_candidate){
			.weight = 1, .is_usable = true, .id = balance_mix(1000 + i)};
}

static void expect_share(
	const char *name, size_t server, size_t got, size_t of, double share)
{
	double expected = (double)of * share;
	cr_expect((double)got > expected * 0.9 && (double)got < expected * 1.1,
		"%s: server %zu has %zu of %zu, expected %.0f", name, server, got, of,
		expected);
}

Test(balance, random_two_is_nearly_even)
{
	struct balance_candidate servers[3];
	make_servers(servers, 3);
	size_t length = 0;
	uint16_t *order = balance_order((const unsigned[]){1, 1, 1}, 3, &length);

	for (uint64_t i = 0; i < 999; i++)
		servers[balance_random_two(order, length, 3, i, look, servers)].active++;
	for (size_t i = 0; i < 3; i++)
		cr_expect(servers[i].active >= 330 && servers[i].active <= 336,
			"server %zu has %lu", i, servers[i].active);
	free(order);
}

Test(balance, random_two_follows_weights)
{
	static const unsigned weights[] = {10, 1, 1, 4};
	struct balance_candidate servers[4];
	make_servers(servers, 4);
	for (size_t i = 0; i < 4; i++)
		servers[i].weight = weights[i];
	size_t length = 0;
	uint16_t *order = balance_order(weights, 4, &length);

	for (uint64_t i = 0; i < 3200; i++)
		servers[balance_random_two(order, length, 4, i, look, servers)].active++;
	for (size_t i = 0; i < 4; i++)
		expect_share("weights", i, servers[i].active, 3200, weights[i] / 16.0);
	free(order);
}

Test(balance, random_two_finds_the_only_usable_one)
{
	struct balance_candidate servers[MANY];
	unsigned weights[MANY];
	make_servers(servers, MANY);
	for (size_t i = 0; i < MANY; i++) {
		weights[i] = 1;
		servers[i].is_usable = i == 17;
	}
	size_t length = 0;
	uint16_t *order = balance_order(weights, MANY, &length);

	for (uint64_t i = 0; i < 100; i++)
		cr_expect_eq(
			balance_random_two(order, length, MANY, i, look, servers), 17);
	servers[17].is_usable = false;
	cr_expect_eq(
		balance_random_two(order, length, MANY, 0, look, servers), BALANCE_NONE);
	free(order);
}

Test(balance, hash_gives_each_server_its_share_of_the_keys)
{
	static const unsigned weights[] = {1, 2, 3, 4};
	struct balance_candidate servers[4];
	size_t got[4] = {0};
	make_servers(servers, 4);
	for (size_t i = 0; i < 4; i++)
		servers[i].weight = weights[i];

	for (uint64_t key = 0; key < KEYS; key++)
		got[balance_hash(4, key, look, servers)]++;
	for (size_t i = 0; i < 4; i++)
		expect_share("hash", i, got[i], KEYS, weights[i] / 10.0);
}

// Of each count of servers: the one more takes its share, all from others to itself.
Test(balance, hash_moves_only_the_share_of_an_added_server)
{
	struct balance_candidate servers[MANY];
	make_servers(servers, MANY);

	for (size_t count = 1; count < MANY; count++) {
		size_t moved = 0;

		for (uint64_t key = 0; key < KEYS; key++) {
			size_t before = balance_hash(count, key, look, servers);
			size_t after = balance_hash(count + 1, key, look, servers);

			moved += before != after;
			cr_assert(after == before || after == count);
		}
		double expected = (double)KEYS / (double)(count + 1);
		cr_expect(
			(double)moved > expected * 0.8 && (double)moved < expected * 1.2,
			"%zu of %u keys moved to server %zu", moved, KEYS, count);
	}
}

// Wherever it stands: the order of the servers in the group means nothing.
Test(balance, hash_moves_only_the_keys_of_a_lost_server)
{
	struct balance_candidate servers[10], others[10];
	make_servers(servers, 10);

	for (size_t lost = 0; lost < 10; lost++) {
		size_t got[10] = {0}, moved = 0;
		make_servers(others, 10);
		others[lost].is_usable = false;

		for (uint64_t key = 0; key < KEYS; key++) {
			size_t before = balance_hash(10, key, look, servers);
			size_t after = balance_hash(10, key, look, others);

			cr_assert(before == lost ? after != lost : after == before);
			moved += before == lost;
			got[after] += before == lost;
		}
		for (size_t i = 0; i < 10; i++)
			cr_expect(i == lost ||
					  (got[i] > moved / 18 && got[i] < moved / 9 * 2),
				"server %zu takes %zu of %zu", i, got[i], moved);
	}
}

Test(balance, hash_of_no_usable_server_is_none)
{
	struct balance_candidate servers[2];
	make_servers(servers, 2);

	servers[0].is_usable = servers[1].is_usable = false;
	cr_expect_eq(balance_hash(2, 7, look, servers), BALANCE_NONE);
}

Test(balance, warms_evenly)
{
	unsigned before = balance_cold(0, 30000);

	cr_expect_eq(before, 230); // a tenth of the weight
	for (uint64_t elapsed = 0; elapsed <= 30000; elapsed += 100) {
		unsigned cold = balance_cold(elapsed, 30000);

		cr_expect(cold <= before && before - cold <= 1);
		before = cold;
	}
	cr_expect_eq(balance_cold(15000, 30000), 115);
	cr_expect_eq(balance_cold(30000, 30000), 0);
	cr_expect_eq(balance_cold(UINT64_MAX, 30000), 0);
	cr_expect_eq(balance_cold(0, 0), 0);
}

Test(balance, cold_servers_take_their_part)
{
	struct balance_candidate servers[2];
	size_t turns = 0, keys = 0, draws = 0;
	size_t length = 0;
	uint16_t *order = balance_order((const unsigned[]){1, 1}, 2, &length);
	make_servers(servers, 2);
	servers[1].cold = 192; // a quarter is left

	for (uint64_t i = 0; i < KEYS; i++) {
		turns += balance_round_robin(order, length, i, look, servers) == 1;
		keys += balance_hash(2, i, look, servers) == 1;
	}
	for (uint64_t i = 0; i < KEYS; i++) {
		size_t index = balance_random_two(order, length, 2, i, look, servers);

		servers[index].active++;
		draws += index == 1;
	}
	expect_share("turns", 1, turns, KEYS, 0.125); // the other keeps its own
	expect_share("keys", 1, keys, KEYS, 0.2);
	expect_share("draws", 1, draws, KEYS, 0.2);
	free(order);
}

Test(balance, cold_servers_take_all_if_nobody_else_can)
{
	static const uint16_t order[] = {0, 1};
	struct balance_candidate servers[2];
	make_servers(servers, 2);
	servers[0].is_usable = false;
	servers[1].cold = 255;

	for (uint64_t i = 0; i < 100; i++) {
		cr_expect_eq(balance_round_robin(order, 2, i, look, servers), 1);
		cr_expect_eq(balance_least_connections(2, i, look, servers), 1);
	}
}
