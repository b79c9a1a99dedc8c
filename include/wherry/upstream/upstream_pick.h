// SPDX-License-Identifier: MIT
// Chooses a server of a group for a request and reserves a place on it, without a lock or
// memory of its own. Any thread that holds the set.
#pragma once

#include "wherry/upstream/upstream.h"

// Servers already tried for one request.
enum {
	UPSTREAM_MAX_TRIES = 10 // most that retry.tries may allow
};
struct upstream_tries {
	size_t count;
	const struct upstream_server *servers[UPSTREAM_MAX_TRIES];
};

// What the request is known by; zeroed, by nothing.
struct upstream_key {
	uint64_t hash; // of what CONF_BALANCE_HASH goes by
	bool has_hash;
	bool is_bound;      // waits for its server while that is full
	uint64_t server_id; // that has it as long as it can; 0 = none
};

enum upstream_pick_result {
	UPSTREAM_PICK_OK,
	UPSTREAM_PICK_NONE, // all were tried, or tries are used up
	UPSTREAM_PICK_FULL, // who could take it is at max_connections
};

// Chooses a server not tried yet, reserves a place on it (given back by upstream_release)
// and notes it in tries. Backups are chosen when no other server is healthy, and those
// that are not when no backup is either. ret_server is NULL unless OK.
MUST_CHECK enum upstream_pick_result upstream_pick(const struct upstream *upstream,
	const struct upstream_key *key, struct upstream_tries *tries, uint64_t now,
	struct upstream_server **ret_server);
// Gives the place back, and wakes who waits for one. The last touch of the server, unless
// the caller holds a set that has it.
void upstream_release(struct upstream_server *server);
// It may be chosen again after it could not: who waits for a place is woken. The caller
// holds a set that has it.
void upstream_wake(struct upstream_server *server);
// A connection counts for another server from now on, however full that is. The caller
// holds a set that has it.
void upstream_move(struct upstream_server *from, struct upstream_server *to);
