// SPDX-License-Identifier: MIT
// One stream and the other end of its socket, with a consumer that does what the test
// says and notes what it was told.
#pragma once

#include "wherry/base/buf.h"
#include "wherry/net/stream.h"

enum fixture_act {
	ACT_NONE,
	ACT_PAUSE,
	ACT_DESTROY
};

struct fixture {
	struct loop *loop;
	struct stream *stream; // NULL once destroyed
	int peer;              // does not block
	struct loop_timer deadline;

	// What the consumer does.
	size_t take_at_most; // of each slice
	size_t take_from;    // takes nothing of shorter slices
	enum fixture_act on_data, on_drain, on_end, on_connect;

	// What it was told.
	struct buf taken;
	size_t data_count, drain_count, end_count, connect_count;
	size_t last_length; // of a slice
	enum stream_end last_end;
};

enum {
	FIXTURE_STALL_MS = 10 * 1000
};

// Its arg is a fixture.
extern const struct stream_handler fixture_handler;

// A UNIX socket pair; the stream is paused, with the fixture's handler.
void fixture_start(struct fixture *fixture);
// A TCP connection over loopback, which knows resets.
void fixture_start_tcp(struct fixture *fixture);
// That socket becomes the stream, peer the other end.
void fixture_start_with(struct fixture *fixture, int socket, int peer,
	enum stream_state state, uint64_t write_stall_ms);
void fixture_finish(struct fixture *fixture);
void fixture_destroy_stream(struct fixture *fixture);

// Waits for one turn of the loop that has something to do.
void fixture_turn(struct fixture *fixture);
// A few turns without waiting: what has to happen has happened then.
void fixture_settle(struct fixture *fixture);

// The peer: asserts that all is sent at once.
void fixture_send(struct fixture *fixture, const void *data, size_t length);
void fixture_close_peer(struct fixture *fixture);
// RST instead of FIN, TCP only.
void fixture_reset_peer(struct fixture *fixture);
// Whatever there is for the peer; true at its end.
bool fixture_receive(struct fixture *fixture, struct buf *into);
