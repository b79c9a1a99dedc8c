// SPDX-License-Identifier: MIT
// Who gives up how many: by table, and what holds for all groups, by many random ones.
#include "wherry/upstream/rebalance.h"

#include <stdlib.h>

#include <criterion/criterion.h>

enum {
	SERVERS_MAX = 12,
	ROUNDS = 20000,
};
#define NO_MAX UINT64_MAX

struct plan_case {
	const char *name;
	size_t count;
	unsigned tolerance;
	struct rebalance_server servers[4];
	uint64_t moves[4];
};

static const struct plan_case cases[] = {
	{"nothing is there", 2, 2, {{1, 0, 0, NO_MAX, true}, {1, 0, 0, NO_MAX, true}},
		{0, 0}},
	{"one server", 1, 2, {{1, 100, 0, NO_MAX, true}}, {0}},
	{"a third one comes", 3, 2,
		{{1, 150, 0, NO_MAX, true}, {1, 150, 0, NO_MAX, true},
			{1, 0, 0, NO_MAX, true}},
		{50, 50, 0}},
	{"by weight", 2, 0, {{1, 100, 0, NO_MAX, true}, {3, 100, 0, NO_MAX, true}},
		{50, 0}},
	{"even already", 3, 0,
		{{1, 34, 0, NO_MAX, true}, {1, 33, 0, NO_MAX, true},
			{1, 33, 0, NO_MAX, true}},
		{0, 0, 0}},
	{"within the tolerance", 2, 10,
		{{1, 110, 0, NO_MAX, true}, {1, 90, 0, NO_MAX, true}}, {0, 0}},
	{"just above it", 2, 10, {{1, 111, 0, NO_MAX, true}, {1, 89, 0, NO_MAX, true}},
		{11, 0}},
	{"one is down", 3, 0,
		{{1, 90, 0, NO_MAX, true}, {1, 500, 0, NO_MAX, false},
			{1, 10, 0, NO_MAX, true}},
		{40, 0, 0}},
	{"all are down", 2, 0, {{1, 90, 0, NO_MAX, false}, {1, 0, 0, NO_MAX, false}},
		{0, 0}},
	{"all are bound", 2, 0, {{1, 100, 100, NO_MAX, true}, {1, 0, 0, NO_MAX, true}},
		{0, 0}},
	{"some are bound", 2, 0, {{1, 100, 70, NO_MAX, true}, {1, 0, 0, NO_MAX, true}},
		{30, 0}},
	{"the new one takes little", 3, 0,
		{{1, 150, 0, NO_MAX, true}, {1, 150, 0, NO_MAX, true},
			{1, 0, 0, 20, true}},
		{10, 10, 0}},
	{"no room anywhere", 2, 0, {{1, 150, 0, 50, true}, {1, 50, 0, 50, true}}, {0, 0}},
};

Test(rebalance, plans)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct plan_case *one = &cases[i];
		uint64_t moves[4], sum = 0;
		uint64_t total =
			rebalance_plan(one->servers, one->count, one->tolerance, moves);
		for (size_t j = 0; j < one->count; j++) {
			cr_expect_eq(moves[j], one->moves[j], "%s: %llu from %zu",
				one->name, (unsigned long long)moves[j], j);
			sum += moves[j];
		}
		cr_expect_eq(total, sum, "%s", one->name);
	}
}

static uint64_t draw(unsigned *seed, uint64_t most)
{
	return (uint64_t)rand_r(seed) % (most + 1);
}

static size_t make_group(unsigned *seed, struct rebalance_server *servers)
{
	size_t count = 1 + (size_t)draw(seed, SERVERS_MAX - 1);
	uint64_t most = draw(seed, 1) ? 5 : 5000;
	for (size_t i = 0; i < count; i++) {
		uint64_t live = draw(seed, 3) ? draw(seed, most) : 0;
		servers[i] = (struct rebalance_server){
			.weight = 1 + (unsigned)draw(seed, 9),
			.live = live,
			.bound = draw(seed, 3) ? 0 : draw(seed, live),
			.max = draw(seed, 4) ? NO_MAX : draw(seed, most),
			.is_usable = draw(seed, 5) != 0,
		};
	}
	return count;
}

static double find_share(
	const struct rebalance_server *servers, size_t count, size_t index)
{
	double live = 0, weight = 0;
	for (size_t i = 0; i < count; i++) {
		live += servers[i].is_usable ? (double)servers[i].live : 0;
		weight += servers[i].is_usable ? servers[i].weight : 0;
	}
	return live * servers[index].weight / weight;
}

// As connections that were closed come again to a group that balances by their number.
static void put_back(struct rebalance_server *servers, size_t count, uint64_t moved)
{
	for (; moved > 0; moved--) {
		size_t best = count;
		for (size_t i = 0; i < count; i++) {
			if (!servers[i].is_usable || servers[i].live >= servers[i].max)
				continue;
			if (best == count ||
				servers[i].live * servers[best].weight <
					servers[best].live * servers[i].weight)
				best = i;
		}
		cr_assert_lt(best, count, "there was room for all that moved");
		servers[best].live++;
	}
}

Test(rebalance, moves_no_more_than_the_excess)
{
	unsigned seed = 1;
	for (size_t round = 0; round < ROUNDS; round++) {
		struct rebalance_server servers[SERVERS_MAX];
		uint64_t moves[SERVERS_MAX];
		size_t count = make_group(&seed, servers);
		unsigned tolerance = (unsigned)draw(&seed, 20);
		(void)rebalance_plan(servers, count, tolerance, moves);
		for (size_t i = 0; i < count; i++) {
			cr_assert_leq(moves[i], servers[i].live - servers[i].bound);
			if (moves[i] == 0)
				continue;
			double share = find_share(servers, count, i);
			double excess = (double)servers[i].live - share;
			if (servers[i].max < share)
				excess = (double)(servers[i].live - servers[i].max);
			cr_assert(servers[i].is_usable);
			cr_assert_leq((double)moves[i], excess + 1);
		}
	}
}

Test(rebalance, has_nothing_more_to_do_when_it_was_done)
{
	unsigned seed = 2;
	for (size_t round = 0; round < ROUNDS / 10; round++) {
		struct rebalance_server servers[SERVERS_MAX];
		uint64_t moves[SERVERS_MAX];
		size_t count = make_group(&seed, servers);
		unsigned tolerance = (unsigned)draw(&seed, 20);
		for (size_t i = 0; i < count; i++)
			servers[i].bound = 0;
		uint64_t moved = rebalance_plan(servers, count, tolerance, moves);
		for (size_t i = 0; i < count; i++)
			servers[i].live -= moves[i];
		put_back(servers, count, moved);
		uint64_t more = rebalance_plan(servers, count, tolerance, moves);
		cr_expect_leq(more, count, "%llu after %llu, seed %u",
			(unsigned long long)more, (unsigned long long)moved, seed);
	}
}
