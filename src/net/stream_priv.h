// SPDX-License-Identifier: MIT
// The stream as its two halves see it: stream.c (life and reading) and stream_output.c.
#pragma once

#include <event2/buffer.h>

#include "wherry/net/stream.h"

struct stream {
	struct loop *loop;
	const struct stream_handler *handler;
	void *arg;
	struct event read_event;
	struct event write_event; // registered only while something waits, or connecting
	struct evbuffer *queue;   // NULL while empty
	uint8_t *kept;            // lent but not taken; NULL while empty
	size_t kept_length;
	size_t kept_capacity;
	size_t corked_length; // in the loop's gather buffer
	uint64_t write_stall_ms;
	uint64_t last_read_ms;
	uint64_t bytes_in;
	uint64_t bytes_out;
	uint64_t taken_before; // stream_bytes_taken, when it was last looked at
	struct loop_deferred deferred;
	int socket;
	int error;
	enum stream_end deferred_end;
	bool has_deferred_end;
	bool is_connecting;
	bool has_connected; // to be told
	bool has_drained;   // to be told
	bool is_paused;
	bool is_reading; // read_event is registered
	bool is_lending; // the handler's on_data is on the stack
	bool wants_kept; // resumed meanwhile: lend what was kept without waiting for more
	bool is_eof;
	bool is_ended;  // the last on_end was called, or is deferred
	bool is_broken; // writes go nowhere
	bool is_corked;
	bool is_full;
	bool is_shutdown; // FIN was asked for
	bool is_destroyed;
};

// The write side as the read side needs it.
void stream_output_init(struct stream *stream);
void stream_output_finish(struct stream *stream);
void stream_output_wait(struct stream *stream);
// What is due, once the callbacks now on the stack have returned.
void stream_do_later(struct stream *stream);
// Tells the end once the callbacks now on the stack have returned.
void stream_end_later(struct stream *stream, enum stream_end end, int error);
void stream_end_now(struct stream *stream, enum stream_end end, int error);
