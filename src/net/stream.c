// SPDX-License-Identifier: MIT
// A stream's life; see the header. Reading is stream_input.c, writing stream_output.c.
#include "wherry/net/stream.h"

#include <stdlib.h>
#include <unistd.h>

#include "stream_priv.h"
#include "wherry/base/mem.h"
#include "wherry/base/now.h"

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
		stream_input_lend_kept(stream);
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
		stream_input_lend_kept(stream);
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
	stream_input_init(stream);
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
