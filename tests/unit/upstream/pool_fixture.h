// SPDX-License-Identifier: MIT
// What the tests of this room share: a set from a configuration text, and a pool whose
// server is two listeners on loopback.
#pragma once

#include "wherry/upstream/pool.h"

enum {
	FIXTURE_LISTENERS = 2
};

struct fixture {
	struct loop *loop;
	struct upstream_set *set;
	struct pool *pool;
	const struct upstream_server *server;
	struct loop_timer deadline;
	int listeners[FIXTURE_LISTENERS];
	struct addr addresses[FIXTURE_LISTENERS];
	size_t end_count; // told to our own handler
};

// Asserts that the text is right.
struct upstream_set *fixture_load(const char *text);

// The text's first server is the one that is dialled; it has no address yet.
void fixture_start(struct fixture *fixture, const char *text);
void fixture_finish(struct fixture *fixture);
// The listeners' addresses become the server's.
void fixture_set_addresses(struct fixture *fixture, size_t first, size_t count);

// Dials, waits until it stands, and accepts at that listener. The peer's socket blocks,
// but no longer than the deadline.
struct stream *fixture_connect(struct fixture *fixture, size_t listener, int *ret_peer);
// The handler of such a stream: takes no byte, counts ends; each stops the loop.
extern const struct stream_handler fixture_handler;
// Runs the loop until our side has closed.
void fixture_run_until_closed(struct fixture *fixture, int peer);
// Our side has closed already; closes the peer.
void fixture_expect_closed(int peer);
void fixture_expect_open(int peer);
