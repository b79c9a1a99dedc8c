// SPDX-License-Identifier: MIT
// Fair shares and what is above them; see the header.
#include "wherry/upstream/rebalance.h"

#define UNDECIDED UINT64_MAX

// What is still to be shared out, and by which weights.
struct rest {
	uint64_t live, weight;
};

static bool is_undecided(const struct rebalance_server *server, uint64_t share)
{
	return server->is_usable && share == UNDECIDED;
}

static struct rest sum(const struct rebalance_server *servers, size_t count)
{
	struct rest rest = {0};
	for (size_t i = 0; i < count; i++) {
		if (!servers[i].is_usable)
			continue;
		rest.live += servers[i].live;
		rest.weight += servers[i].weight;
	}
	return rest;
}

static bool is_too_much(const struct rebalance_server *server, const struct rest *rest)
{
	return server->max < rest->live &&
	       rest->live * server->weight > server->max * rest->weight;
}

// A server whose share is more than it takes gets what it takes, which leaves more for
// the others: again, until nobody's is too much.
static void cap_shares(const struct rebalance_server *servers, size_t count,
	struct rest *rest, uint64_t *shares)
{
	bool is_changed = true;
	while (is_changed) {
		struct rest now = *rest;
		is_changed = false;
		for (size_t i = 0; i < count; i++) {
			if (!is_undecided(&servers[i], shares[i]) ||
				!is_too_much(&servers[i], &now))
				continue;
			shares[i] = servers[i].max;
			rest->live -= servers[i].max;
			rest->weight -= servers[i].weight;
			is_changed = true;
		}
	}
}

// Rounded so that the shares' sum is what there is.
static void round_shares(const struct rebalance_server *servers, size_t count,
	const struct rest *rest, uint64_t *shares)
{
	uint64_t weight = 0, given = 0;
	for (size_t i = 0; i < count; i++) {
		if (!is_undecided(&servers[i], shares[i]))
			continue;
		weight += servers[i].weight;
		uint64_t upto = rest->live * weight / rest->weight;
		shares[i] = upto - given;
		given = upto;
	}
}

static uint64_t count_moves(
	const struct rebalance_server *server, uint64_t share, unsigned tolerance)
{
	uint64_t slack = share * tolerance / 100;
	if (!server->is_usable || server->live <= share + (slack > 1 ? slack : 1))
		return 0;
	uint64_t excess = server->live - share;
	uint64_t movable = server->live - server->bound;
	return excess < movable ? excess : movable;
}

uint64_t rebalance_plan(const struct rebalance_server *servers, size_t count,
	unsigned tolerance, uint64_t *ret_moves)
{
	uint64_t *shares = ret_moves, room = 0, total = 0;
	struct rest rest = sum(servers, count);
	for (size_t i = 0; i < count; i++)
		shares[i] = servers[i].is_usable ? UNDECIDED : 0;
	cap_shares(servers, count, &rest, shares);
	round_shares(servers, count, &rest, shares);
	for (size_t i = 0; i < count; i++) {
		if (servers[i].is_usable && shares[i] > servers[i].live)
			room += shares[i] - servers[i].live;
	}
	for (size_t i = 0; i < count; i++) {
		uint64_t moves = count_moves(&servers[i], shares[i], tolerance);
		ret_moves[i] = moves < room - total ? moves : room - total;
		total += ret_moves[i];
	}
	return total;
}
