// SPDX-License-Identifier: MIT
// The stream as its parts see it: stream.c (its life), stream_input.c, stream_output.c,
// and stream_tls.c between them and the consumer.
#pragma once

#include <event2/buffer.h>

#include "wherry/net/stream.h"

struct stream_tls;

struct stream {
	// What a write looks at lies together: those of a fan-out meet streams that no
	// cache holds any more.
	struct stream_tls *tls; // NULL: plain
	struct evbuffer *queue; // NULL while empty
	struct loop *loop;
	size_t corked_length; // in the loop's gather buffer
	uint64_t bytes_out;
	uint64_t bytes_sent; // to the kernel or the queue; with TLS more than bytes_out
	int socket;
	bool is_connecting;
	bool is_broken; // writes go nowhere
	bool is_corked;
	bool is_full;
	bool is_last;     // no byte follows what is written
	bool is_shutdown; // FIN was asked for
	bool is_destroyed;

	// And what a read looks at.
	const struct stream_handler *handler;
	void *arg;
	uint8_t *kept; // lent but not taken; NULL while empty
	size_t kept_length;
	size_t kept_capacity;
	uint64_t last_read_ms;
	uint64_t bytes_in;
	bool is_paused;
	bool is_reading; // read_event is registered
	bool is_read_to_seal;
	bool is_lending; // the handler's on_data is on the stack
	bool wants_kept; // resumed meanwhile: lend what was kept without waiting for more
	bool is_kept_sealed; // it came before TLS was started
	bool is_eof;
	bool is_ended; // the last on_end was called, or is deferred
	struct event read_event;
	struct loop_deferred deferred;

	struct event write_event; // registered only while something waits, or connecting
	uint64_t write_stall_ms;
	uint64_t taken_before; // stream_bytes_taken, when it was last looked at
	int error;
	enum stream_end deferred_end;
	bool has_deferred_end;
	bool has_connected; // to be told
	bool has_drained;   // to be told
	bool is_aborted;    // RST was asked for
};

void stream_input_init(struct stream *stream);
// What was kept is lent again. May destroy the stream.
void stream_input_lend_kept(struct stream *stream);
// The write side as the others need it.
void stream_output_init(struct stream *stream);
void stream_output_finish(struct stream *stream);
void stream_output_wait(struct stream *stream);
// What is due, once the callbacks now on the stack have returned.
void stream_do_later(struct stream *stream);
// Tells the end once the callbacks now on the stack have returned.
void stream_end_later(struct stream *stream, enum stream_end end, int error);
void stream_end_now(struct stream *stream, enum stream_end end, int error);

// Passes bytes to the kernel as they are, and queues what it refuses.
void stream_output_send(struct stream *stream, const struct iovec *pieces, size_t count);
// Lends data, which begins with what was kept, or keeps it while paused. length counts
// the new bytes behind what was kept. May destroy the stream.
void stream_receive(struct stream *stream, uint8_t *data, size_t length);
MUST_CHECK bool stream_reserve_kept(struct stream *stream, size_t capacity);
// Up to this much of what is kept is moved in front of what is read, instead of reading
// where the kept bytes are.
enum {
	STREAM_KEPT_JOIN_MAX = 256
};

// stream_tls.c; all but the last for streams with TLS only.

// Sealed bytes have arrived. May destroy the stream.
void stream_tls_receive(struct stream *stream, const uint8_t *data, size_t length);
// What was kept before TLS started is sealed. May destroy the stream.
void stream_tls_receive_kept(struct stream *stream);
// FIN came.
void stream_tls_receive_end(struct stream *stream);
// The connection stands: the handshake may begin.
void stream_tls_connected(struct stream *stream);
bool stream_tls_is_ready(const struct stream *stream);
void stream_tls_write(struct stream *stream, const struct iovec *pieces, size_t count);
// Content that waits for the end of the handshake.
size_t stream_tls_waiting_length(const struct stream *stream);
// Content and close_notify in one send.
void stream_tls_write_last(struct stream *stream, const void *data, size_t length);
// close_notify, unless it is out.
void stream_tls_shutdown(struct stream *stream);
// Allowed for plain streams.
void stream_tls_free(struct stream *stream);
