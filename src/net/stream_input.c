// SPDX-License-Identifier: MIT
// A stream's reading side: what is received is lent, and what is not taken kept.
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stream_priv.h"
#include "wherry/base/now.h"

enum {
	KEPT_CAPACITY_MIN = 1024,
};

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

void stream_input_lend_kept(struct stream *stream)
{
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

void stream_input_init(struct stream *stream)
{
	(void)event_assign(&stream->read_event, loop_base(stream->loop), stream->socket,
		EV_READ | EV_PERSIST, on_readable, stream);
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
