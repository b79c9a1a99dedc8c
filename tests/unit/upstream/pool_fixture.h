// SPDX-License-Identifier: MIT
// A pool, and two listeners on loopback: the servers that the name backend.test leads to.
#pragma once

#include "server_set.h"
#include "wherry/upstream/pool.h"

enum {
	FIXTURE_LISTENERS = 2
};

struct fixture {
	struct loop *loop;
	struct server_set servers;
	struct pool *pool;
	// Where the listeners are; NULL while the name has not led there yet.
	const struct upstream_server *listening[FIXTURE_LISTENERS];
	struct loop_timer deadline;
	int listeners[FIXTURE_LISTENERS];
	struct addr addresses[FIXTURE_LISTENERS];
	size_t end_count; // told to our own handler
};

// The text's first server is http://backend.test:80, which has no address yet.
void fixture_start(struct fixture *fixture, const char *text);
void fixture_finish(struct fixture *fixture);
// These listeners' addresses become the name's, and the pool adopts that.
void fixture_set_addresses(struct fixture *fixture, size_t first, size_t count);

// Dials that listener, waits until it stands, and accepts. The peer's socket blocks,
// but no longer than the deadline.
struct stream *fixture_connect(struct fixture *fixture, size_t listener, int *ret_peer);
// The handler of such a stream: takes no byte, counts ends; each stops the loop.
extern const struct stream_handler fixture_handler;
// Runs the loop until our side has closed.
void fixture_run_until_closed(struct fixture *fixture, int peer);
// Our side has closed already; closes the peer.
void fixture_expect_closed(int peer);
void fixture_expect_open(int peer);
