// SPDX-License-Identifier: MIT
// A byte stream over one socket: reads into the loop's scratch and lends the bytes out,
// writes straight through and queues only what the kernel refuses. It knows no protocol.
//
// Reading: the consumer returns how many bytes it took. The rest is kept and lent again,
// joined with what arrives next; so an incomplete head or frame header needs no buffer of
// the consumer's. While paused nothing is read and no event is registered; what was kept
// is lent again, at the end of the turn, when reading resumes.
//
// Writing: never calls back. Failures and stalls are told later, through on_end.
//
// TLS: a codec in front, of which the consumer sees nothing but the ends of its own.
#pragma once

#include <sys/uio.h>

#include "wherry/base/addr.h"
#include "wherry/net/loop.h"

struct ssl_st; // OpenSSL's SSL
struct stream;

enum {
	STREAM_HIGH_BYTES = 64 * 1024, // queued: the other side's reading should stop
	STREAM_LOW_BYTES = 16 * 1024,  // queued: it may go on
};

enum stream_end {
	// The peer sends no more; writing may go on.
	STREAM_END_EOF,
	// Reset, broken, or a failed connect: stream_error has the errno.
	STREAM_END_ERROR,
	// The peer took no byte for the write-stall time.
	STREAM_END_STALL,
	// No memory for the queue or the kept bytes.
	STREAM_END_MEMORY,
	// The handshake, or a record, failed: stream_error_text.
	STREAM_END_TLS,
	// The connection ended without TLS's close_notify.
	STREAM_END_TRUNCATED,
};

// None of these runs inside another stream's on_data, nor inside a call into the stream.
// Each may destroy its stream.
struct stream_handler {
	// Bytes lent until it returns; gives how many were taken.
	size_t (*on_data)(void *arg, const uint8_t *data, size_t length);
	// The queue, having been at the high mark, fell to the low one; or, after
	// stream_shutdown, the last byte and the FIN have left. May be NULL.
	void (*on_drain)(void *arg);
	// EOF at most once, after all bytes before it were lent; any other end is the
	// last call.
	void (*on_end)(void *arg, enum stream_end end);
	// The connection stands: of streams created as connecting, and of those with TLS
	// once the handshake is done. May be NULL.
	void (*on_connect)(void *arg);
};

enum stream_state {
	STREAM_CONNECTED,
	STREAM_CONNECTING
};

// Takes the socket, also when it fails (NULL: no memory). It is not reading yet: set a
// handler and resume.
MUST_CHECK struct stream *stream_create(
	struct loop *loop, int socket, enum stream_state state, uint64_t write_stall_ms);
// Closes the socket at once, whatever is queued. Its callbacks do not run any more. NULL
// is allowed.
void stream_destroy(struct stream *stream);

// From here on the connection speaks TLS, as the side that ssl was set up for. Takes ssl,
// also when it fails (no memory; the stream is to be destroyed then). Bytes kept so far,
// or left by the on_data that calls this, are TLS's already. No on_data comes before
// on_connect; what is written meanwhile waits. Once a stream.
MUST_CHECK bool stream_start_tls(struct stream *stream, struct ssl_st *ssl);
// Lent; NULL for a plain stream.
struct ssl_st *stream_tls(const struct stream *stream);

// The next owner of the events. What was kept for the former one is kept for this one,
// and an EOF is told again.
void stream_set_handler(
	struct stream *stream, const struct stream_handler *handler, void *arg);
struct loop *stream_loop(const struct stream *stream);
// The descriptor, to ask the kernel about it; it stays the stream's.
int stream_socket(const struct stream *stream);

// Also asks for what was kept to be lent again, if it is not paused.
void stream_resume(struct stream *stream);
void stream_pause(struct stream *stream);
bool stream_is_paused(const struct stream *stream);
// What is read will be written to a stream with TLS: reads are as long as those of TLS,
// but for the rims of the records that become of them.
void stream_read_to_seal(struct stream *stream);
// Bytes lent but not taken, before the call of on_data that runs now, if any.
size_t stream_kept_length(const struct stream *stream);

void stream_write(struct stream *stream, const void *data, size_t length);
void stream_writev(struct stream *stream, const struct iovec *pieces, size_t count);
// The same, and promises that nothing is written behind it: it may wait for the FIN, to
// leave with it, and over TLS close_notify leaves in the same send. The stream is to be
// shut down or destroyed as soon as its queue is empty.
void stream_write_last(struct stream *stream, const void *data, size_t length);
// Small writes are gathered until stream_uncork, to leave in one system call. One stream
// of a loop at a time; within one callback.
void stream_cork(struct stream *stream);
void stream_uncork(struct stream *stream);
// Bytes not yet taken by the kernel.
size_t stream_queued_length(const struct stream *stream);
// The queue has passed the high mark and not fallen to the low one since.
bool stream_is_full(const struct stream *stream);

// After all queued bytes have left: FIN. Reading goes on.
void stream_shutdown(struct stream *stream);
// The next close sends RST instead of FIN, for a message that is cut off.
void stream_abort(struct stream *stream);

// A write failed: nothing more will reach the peer. The end itself is told by the read
// side, after the bytes that had arrived before; so it waits while reading is paused.
bool stream_is_broken(const struct stream *stream);

// errno of STREAM_END_ERROR.
int stream_error(const struct stream *stream);
// What went wrong with TLS, as static text; NULL if nothing did.
const char *stream_error_text(const struct stream *stream);
// Total bytes read from and accepted for the peer; with TLS those of the content.
uint64_t stream_bytes_in(const struct stream *stream);
uint64_t stream_bytes_out(const struct stream *stream);
// The same toward the peer as it travels: with TLS those of the records, so that they can
// be held against what is taken of them.
uint64_t stream_bytes_sent(const struct stream *stream);
// Of bytes sent, what has left both our queue and the kernel's: the peer has it. One
// system call.
uint64_t stream_bytes_taken(const struct stream *stream);
// The peer is known to be gone, also while paused. One system call.
bool stream_has_reset(const struct stream *stream);
// now_ms() of the last byte read, or of the last resume: since then the peer is silent.
uint64_t stream_last_read_ms(const struct stream *stream);
