// SPDX-License-Identifier: MIT
// The groups of servers as the whole process sees them: how busy each server is and when
// it last refused. Shared by all workers: atomics only. Sockets are the pool's.
#pragma once

#include <stdatomic.h>

#include "wherry/conf/conf.h"

struct tls_client_set;

struct upstream_server {
	const struct conf_server *conf;
	size_t index; // over all groups of the set: the pool's key
	_Atomic uint64_t active;
	_Atomic uint64_t refused_until_ms; // a failed connect rests it for a moment
};

struct upstream {
	const struct conf_upstream *conf;
	struct upstream_server *servers;
	size_t server_count;
	uint16_t *order; // balance_order
	size_t order_length;
	_Atomic uint64_t cursor;
	struct tls_client_set *tls; // for its https servers; NULL = it has none
};

struct upstream_set {
	size_t references;          // the control loop's
	struct conf *conf;          // holds a reference
	struct upstream *upstreams; // same indices as conf->upstreams
	size_t upstream_count;
	size_t server_count; // over all groups
};

// With one reference. NULL when memory is short. Takes its own reference of conf.
MUST_CHECK struct upstream_set *upstream_set_create(struct conf *conf);
// Reads what TLS to the servers needs, before any pool is made of the set. False with one
// line for each problem.
MUST_CHECK bool upstream_set_load_tls(struct upstream_set *set, struct buf *ret_text);
// The control loop's thread. NULL is allowed.
struct upstream_set *upstream_set_ref(struct upstream_set *set);
void upstream_set_unref(struct upstream_set *set);

// Servers already tried for one request.
enum {
	UPSTREAM_MAX_TRIES = 3
};
struct upstream_tries {
	size_t count;
	const struct upstream_server *servers[UPSTREAM_MAX_TRIES];
};

// Chooses a server not tried yet, reserves a place on it (active + 1; given back by
// upstream_release) and notes it in tries. Resting servers are chosen only if no other is
// left. NULL if all were tried, or tries are used up.
MUST_CHECK struct upstream_server *upstream_pick(
	struct upstream *upstream, struct upstream_tries *tries, uint64_t now);
void upstream_release(struct upstream_server *server);
// A connect failed or succeeded: rest it for 1 s, or end its rest.
void upstream_note_refused(struct upstream_server *server, uint64_t now);
void upstream_note_connected(struct upstream_server *server);
