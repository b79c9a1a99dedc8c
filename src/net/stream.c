// SPDX-License-Identifier: MIT
// A stream's life and its reading side; see the header. Writing is stream_output.c.
#include "wherry/net/stream.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stream_priv.h"
#include "wherry/base/mem.h"
#include "wherry/base/now.h"

enum {
	KEPT_CAPACITY_MIN = 1024,
};

static void run_deferred(void *arg);

void stream_end_now(struct stream *stream, enum stream_end end, int error)
{
	if (stream->is_destroyed || stream->is_ended)
		return;
	if (end != STREAM_END_EOF) {
		stream->is_ended = true;
		stream->is_broken = true;
		stream->error = error;
		stream_output_finish(stream);
	}
	if (stream->is_reading) {
		(void)event_del(&stream->read_event);
		stream->is_reading = false;
	}
	stream->handler->on_end(stream->arg, end);
}

void stream_end_later(struct stream *stream, enum stream_end end, int error)
{
	if (stream->is_destroyed || stream->is_ended || stream->has_deferred_end)
		return;
	stream->has_deferred_end = true;
	stream->deferred_end = end;
	stream->error = error;
	stream_do_later(stream);
}

void stream_do_later(struct stream *stream)
{
	loop_defer(stream->loop, &stream->deferred, run_deferred, stream);
}

// Registers the read event, if reading is wanted. The opposite is lazy: a paused stream's
// event is removed when it fires, so that a pause and a resume between two arrivals cost
// no system call.
static void update_reading(struct stream *stream)
{
	if (stream->is_reading || stream->is_paused || stream->is_connecting ||
		stream->is_eof || stream->is_ended || stream->is_destroyed)
		return;
	if (event_add(&stream->read_event, NULL) != 0)
		stream_end_later(stream, STREAM_END_MEMORY, ENOMEM);
	else
		stream->is_reading = true;
}

bool stream_reserve_kept(struct stream *stream, size_t capacity)
{
	if (capacity <= stream->kept_capacity)
		return true;
	if (capacity < KEPT_CAPACITY_MIN)
		capacity = KEPT_CAPACITY_MIN;
	uint8_t *grown = realloc(stream->kept, capacity);
	if (!grown)
		return false;
	stream->kept = grown;
	stream->kept_capacity = capacity;
	return true;
}

static void drop_kept(struct stream *stream)
{
	free(stream->kept);
	stream->kept = NULL;
	stream->kept_length = stream->kept_capacity = 0;
}

static void keep(struct stream *stream, const uint8_t *data, size_t length)
{
	if (data == stream->kept) {
		stream->kept_length = length;
	} else if (stream_reserve_kept(stream, length)) {
		memcpy(stream->kept, data, length);
		stream->kept_length = length;
	} else {
		stream_end_later(stream, STREAM_END_MEMORY, ENOMEM);
	}
}

// Lends data, which is the scratch buffer or the kept bytes, and keeps what is not taken.
static void lend(struct stream *stream, uint8_t *data, size_t length)
{
	stream->is_lending = true;
	stream->wants_kept = false;
	size_t taken = stream->handler->on_data(stream->arg, data, length);
	stream->is_lending = false;
	if (stream->is_destroyed)
		return;
	assert(taken <= length);
	size_t rest = length - taken;
	if (rest == 0) {
		drop_kept(stream);
	} else if (data == stream->kept) {
		memmove(stream->kept, data + taken, rest);
		stream->kept_length = rest;
	} else {
		keep(stream, data + taken, rest);
	}
	stream->is_kept_sealed &= rest > 0;
	if (stream->wants_kept && rest > 0)
		stream_resume(stream);
	else if (stream->is_kept_sealed)
		stream_do_later(stream);
	update_reading(stream);
}

static void free_stream(struct stream *stream)
{
	stream_tls_free(stream);
	free(stream->kept);
	free(stream);
}

// An EOF that is told again, to a new handler, comes after what was kept for it.
static void tell_end(struct stream *stream)
{
	bool is_eof = stream->deferred_end == STREAM_END_EOF;
	if (is_eof && stream->kept_length > 0 && !stream->is_paused)
		lend(stream, stream->kept, stream->kept_length);
	if (stream->is_destroyed || (is_eof && stream->is_paused))
		return; // a resume leads here again
	stream->has_deferred_end = false;
	stream_end_now(stream, stream->deferred_end, stream->error);
}

static void tell_drained(struct stream *stream)
{
	stream->has_drained = false;
	if (stream->handler->on_drain)
		stream->handler->on_drain(stream->arg);
	if (!stream->is_destroyed && !stream->is_paused && stream->kept_length > 0)
		stream_do_later(stream); // they wait for their turn too
}

static void tell_connected(struct stream *stream)
{
	stream->has_connected = false;
	if (!stream->is_paused)
		stream_resume(stream);
	if (stream->tls)
		stream_tls_connected(stream);
	else if (stream->handler->on_connect)
		stream->handler->on_connect(stream->arg);
}

// The one thing put off to the end of the turn: what it is, the state says.
static void run_deferred(void *arg)
{
	struct stream *stream = arg;
	if (stream->is_destroyed)
		free_stream(stream);
	else if (stream->has_deferred_end)
		tell_end(stream);
	else if (stream->is_connecting)
		stream_output_wait(stream);
	else if (stream->has_connected)
		tell_connected(stream);
	else if (stream->has_drained)
		tell_drained(stream);
	else if (stream->is_paused || stream->is_ended || stream->kept_length == 0)
		return;
	else if (stream->is_kept_sealed)
		stream_tls_receive_kept(stream);
	else
		lend(stream, stream->kept, stream->kept_length);
}

// Room behind what is kept, so that the consumer sees one piece. Little is kept after a
// frame header, and is moved in front of a full read; a long head grows where it lies, by
// halves, so that bytes that trickle in are not copied again and again.
static uint8_t *find_room(struct stream *stream, size_t *ret_room)
{
	size_t kept = stream->kept_length;
	if (kept <= STREAM_KEPT_JOIN_MAX) {
		uint8_t *scratch = loop_scratch(stream->loop);
		if (kept > 0)
			memcpy(scratch, stream->kept, kept);
		*ret_room = (stream->is_read_to_seal ? LOOP_READ_TO_SEAL_SIZE
						     : LOOP_READ_SIZE) -
			    kept;
		return scratch;
	}
	if (stream->kept_capacity - kept < KEPT_CAPACITY_MIN / 4 &&
		!stream_reserve_kept(stream, kept + kept / 2 + KEPT_CAPACITY_MIN / 2))
		return NULL;
	*ret_room = stream->kept_capacity - kept;
	return stream->kept;
}

void stream_receive(struct stream *stream, uint8_t *data, size_t length)
{
	stream->bytes_in += length;
	stream->last_read_ms = now_ms();
	size_t joined = stream->kept_length + length;
	if (data == stream->kept)
		stream->kept_length = joined;
	if (stream->is_paused)
		keep(stream, data, joined);
	else
		lend(stream, data, joined);
}

static void on_received(struct stream *stream, uint8_t *data, size_t length)
{
	if (stream->tls)
		stream_tls_receive(stream, data, length);
	else
		stream_receive(stream, data, length);
}

static void on_fin(struct stream *stream)
{
	if (stream->is_broken) {
		// A reset: the write that met it has taken the error away.
		stream_end_now(stream, STREAM_END_ERROR, stream->error);
	} else if (stream->tls) {
		stream_tls_receive_end(stream);
	} else {
		stream->is_eof = true;
		stream_end_now(stream, STREAM_END_EOF, 0);
	}
}

// Of TLS it is the opened bytes that join what was kept.
static ssize_t receive(struct stream *stream, uint8_t **ret_data)
{
	size_t room = LOOP_READ_SEALED_SIZE;
	size_t kept = stream->tls ? 0 : stream->kept_length;
	*ret_data = stream->tls ? loop_scratch(stream->loop) : find_room(stream, &room);
	if (*ret_data)
		return recv(stream->socket, *ret_data + kept, room, 0);
	errno = ENOMEM;
	return -1;
}

static void on_readable(evutil_socket_t fd, short events, void *arg)
{
	struct stream *stream = arg;
	if (stream->is_paused) {
		(void)event_del(&stream->read_event);
		stream->is_reading = false;
		return;
	}
	if (stream->deferred.is_queued)
		return; // what was kept is lent first, and an end after it
	if (stream->tls && !stream_tls_is_ready(stream) && !loop_spend_step(stream->loop))
		return; // others are served before the next handshake
	uint8_t *data;
	ssize_t got = receive(stream, &data);
	if (got > 0)
		on_received(stream, data, (size_t)got);
	else if (got == 0)
		on_fin(stream);
	else if (errno == ENOMEM)
		stream_end_now(stream, STREAM_END_MEMORY, ENOMEM);
	else if (errno != EAGAIN && errno != EINTR)
		stream_end_now(stream, STREAM_END_ERROR, errno);
}

struct stream *stream_create(
	struct loop *loop, int socket, enum stream_state state, uint64_t write_stall_ms)
{
	struct stream *stream = mem_create(sizeof(*stream));
	if (!stream) {
		close(socket);
		return NULL;
	}
	stream->loop = loop;
	stream->socket = socket;
	stream->write_stall_ms = write_stall_ms;
	stream->is_paused = true;
	stream->is_connecting = state == STREAM_CONNECTING;
	stream->last_read_ms = now_ms();
	(void)event_assign(&stream->read_event, loop_base(loop), socket,
		EV_READ | EV_PERSIST, on_readable, stream);
	stream_output_init(stream);
	if (stream->is_connecting)
		stream_do_later(stream);
	return stream;
}

void stream_destroy(struct stream *stream)
{
	if (!stream || stream->is_destroyed)
		return;
	if (stream->tls && !stream->queue && !stream->is_aborted)
		stream_tls_shutdown(stream);
	stream->is_destroyed = true;
	if (stream->is_reading)
		(void)event_del(&stream->read_event);
	stream_output_finish(stream);
	close(stream->socket);
	// Its own callback may be on the stack, with kept bytes lent out.
	stream_do_later(stream);
}

void stream_set_handler(
	struct stream *stream, const struct stream_handler *handler, void *arg)
{
	stream->handler = handler;
	stream->arg = arg;
	if (stream->is_eof)
		stream_end_later(stream, STREAM_END_EOF, 0);
}

void stream_read_to_seal(struct stream *stream)
{
	stream->is_read_to_seal = true;
}

struct loop *stream_loop(const struct stream *stream)
{
	return stream->loop;
}

int stream_socket(const struct stream *stream)
{
	return stream->socket;
}

void stream_resume(struct stream *stream)
{
	if (stream->is_paused)
		stream->last_read_ms = now_ms(); // until now its silence was our doing
	stream->is_paused = false;
	stream->wants_kept = true;
	if (stream->is_lending || stream->is_destroyed || stream->is_ended)
		return;
	if (stream->kept_length > 0 || stream->has_deferred_end)
		stream_do_later(stream);
	else
		update_reading(stream);
}

void stream_pause(struct stream *stream)
{
	stream->is_paused = true;
	stream->wants_kept = false;
}

bool stream_is_paused(const struct stream *stream)
{
	return stream->is_paused;
}

size_t stream_kept_length(const struct stream *stream)
{
	return stream->kept_length;
}

bool stream_is_broken(const struct stream *stream)
{
	return stream->is_broken;
}

int stream_error(const struct stream *stream)
{
	return stream->error;
}

uint64_t stream_bytes_in(const struct stream *stream)
{
	return stream->bytes_in;
}

uint64_t stream_bytes_out(const struct stream *stream)
{
	return stream->bytes_out;
}

uint64_t stream_last_read_ms(const struct stream *stream)
{
	return stream->last_read_ms;
}
