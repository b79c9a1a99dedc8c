// SPDX-License-Identifier: MIT
// What all connections of one worker share: the newest edition, the pool, the limits, and
// the list of the connections themselves. Owned by proxy; pure data.
#pragma once

#include <sys/queue.h>

#include "wherry/net/loop.h"
#include "wherry/proxy/edition.h"
#include "wherry/upstream/pool.h"

struct conn;
struct conn_walk;
struct drain;
struct feeds;
struct limits;
struct lives;
LIST_HEAD(conn_list, conn);
LIST_HEAD(drain_list, drain);
LIST_HEAD(conn_walk_list, conn_walk);
TAILQ_HEAD(conn_queue, conn);

struct site {
	struct loop *loop;
	struct edition *edition; // the newest; the site is one of its users
	struct pool *pool;
	struct limits *limits; // shared by all workers
	struct feeds *feeds;   // what this worker has of the hub
	struct lives *lives;   // what this worker has of live URLs
	struct conn_list conns;
	struct drain_list drains;     // under way
	struct conn_walk_list walks;  // the same
	struct conn_queue handshakes; // TLS, under way; the oldest first
	size_t handshake_count;
	size_t conn_count;
	size_t refused_count; // of them, those that only wait for their refusal to be
			      // read
	size_t unanswered_count; // refused without an answer, since it was last logged
	uint64_t unanswered_warned_ms;
	uint64_t next_id;
	uint64_t id_step;            // ids of different workers never meet
	bool is_stopping;            // no keep-alive any more
	void (*on_empty)(void *arg); // the last connection ended; may be NULL
	void *arg;
};
