// SPDX-License-Identifier: MIT
// A stream's writing side: straight to the kernel while nothing waits, else one queue.
#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

#include "stream_priv.h"

enum {
	WRITE_PIECES_MAX = 8,    // pieces of one writev, with the corked bytes
	JOINED_MAX_BYTES = 2048, // up to here a copy is cheaper than a list of pieces
	DRAIN_TURN_BYTES = 256 * 1024, // written to one stream in one turn of the loop
};

// The kernel could not now, but may in a moment.
static bool is_passing(int error)
{
	return error == EAGAIN || error == EINTR || error == ENOBUFS;
}

// The write failed. When the peer is gone, what it had sent before is still to be read,
// and the read side then meets the end, if it has not met it before; so only the queue is
// dropped here. Of other errors the read side knows nothing.
static void break_output(struct stream *stream, int error)
{
	stream->error = error;
	stream_output_finish(stream);
	stream->is_broken = true;
	if (stream->is_full) { // who waits for room must not wait for ever
		stream->is_full = false;
		stream->has_drained = true;
		stream_do_later(stream);
	}
	if (stream->is_eof || (error != EPIPE && error != ECONNRESET))
		stream_end_later(stream, STREAM_END_ERROR, error);
}

static void free_queue(struct stream *stream)
{
	if (stream->queue)
		evbuffer_free(stream->queue);
	stream->queue = NULL;
}

// Waits for the socket to take bytes; while connecting, for the connection.
void stream_output_wait(struct stream *stream)
{
	struct timeval stall = {
		.tv_sec = (time_t)(stream->write_stall_ms / 1000),
		.tv_usec = (suseconds_t)(stream->write_stall_ms % 1000) * 1000,
	};
	bool has_limit = !stream->is_connecting && stream->write_stall_ms != UINT64_MAX;
	stream->taken_before = stream_bytes_taken(stream);
	if (event_add(&stream->write_event, has_limit ? &stall : NULL) != 0)
		stream_end_later(stream, STREAM_END_MEMORY, ENOMEM);
}

static void set_connected(struct stream *stream)
{
	stream->is_connecting = false;
	stream->has_connected = true;
	stream_do_later(stream);
}

static void on_queue_written(struct stream *stream)
{
	size_t left = stream->queue ? evbuffer_get_length(stream->queue) : 0;
	if (left == 0) {
		free_queue(stream);
		(void)event_del(&stream->write_event);
		if (stream->is_shutdown)
			(void)shutdown(
				stream->socket, SHUT_WR); // a reset shows when reading
	}
	bool is_news = left == 0 && stream->is_shutdown;
	if (stream->is_full && left <= STREAM_LOW_BYTES) {
		stream->is_full = false;
		is_news = true;
	}
	if (is_news && stream->handler->on_drain)
		stream->handler->on_drain(stream->arg);
}

static void write_queue(struct stream *stream)
{
	if (stream->queue) {
		int sent = evbuffer_write_atmost(
			stream->queue, stream->socket, DRAIN_TURN_BYTES);
		if (sent < 0 && is_passing(errno))
			return;
		if (sent < 0) {
			break_output(stream, errno);
			return;
		}
	}
	on_queue_written(stream);
}

static void finish_connect(struct stream *stream)
{
	int error = 0;
	socklen_t length = sizeof(error);
	if (getsockopt(stream->socket, SOL_SOCKET, SO_ERROR, &error, &length) != 0)
		error = errno;
	(void)event_del(&stream->write_event);
	if (error != 0) {
		stream_end_now(stream, STREAM_END_ERROR, error);
		return;
	}
	set_connected(stream);
	if (stream->queue || stream->is_shutdown)
		stream_output_wait(stream);
}

// A slow peer takes bytes out of the kernel's buffer long before there is room in it
// again.
static void check_stall(struct stream *stream)
{
	uint64_t taken = stream_bytes_taken(stream);
	if (taken == stream->taken_before)
		stream_end_now(stream, STREAM_END_STALL, ETIMEDOUT);
	stream->taken_before = taken;
}

static void on_writable(evutil_socket_t fd, short events, void *arg)
{
	struct stream *stream = arg;
	if (stream->is_connecting)
		finish_connect(stream);
	else if (events & EV_TIMEOUT)
		check_stall(stream);
	else
		write_queue(stream);
}

void stream_output_init(struct stream *stream)
{
	(void)event_assign(&stream->write_event, loop_base(stream->loop), stream->socket,
		EV_WRITE | EV_PERSIST, on_writable, stream);
}

void stream_output_finish(struct stream *stream)
{
	(void)event_del(&stream->write_event);
	free_queue(stream);
	stream->corked_length = 0;
}

static void enqueue(
	struct stream *stream, const struct iovec *pieces, size_t count, size_t skip)
{
	bool was_empty = !stream->queue;
	if (was_empty)
		stream->queue = evbuffer_new();
	bool is_stored = stream->queue != NULL;
	for (size_t i = 0; i < count && is_stored; i++) {
		size_t length = pieces[i].iov_len;
		size_t sent = skip < length ? skip : length;
		skip -= sent;
		is_stored =
			length == sent || evbuffer_add(stream->queue,
						  (const char *)pieces[i].iov_base + sent,
						  length - sent) == 0;
	}
	if (!is_stored) {
		stream_end_later(stream, STREAM_END_MEMORY, ENOMEM);
		break_output(stream, ENOMEM);
		return;
	}
	if (evbuffer_get_length(stream->queue) >= STREAM_HIGH_BYTES)
		stream->is_full = true;
	if (was_empty && !stream->is_connecting)
		stream_output_wait(stream);
}

static ssize_t send_joined(
	int socket, const struct iovec *pieces, size_t count, size_t total, int flags)
{
	char joined[JOINED_MAX_BYTES];
	char *at = joined;
	for (size_t i = 0; i < count; i++) {
		memcpy(at, pieces[i].iov_base, pieces[i].iov_len);
		at += pieces[i].iov_len;
	}
	return send(socket, joined, total, flags);
}

static ssize_t send_pieces(const struct stream *stream, const struct iovec *pieces,
	size_t count, size_t total)
{
	// The last bytes wait for the FIN, to leave with it in one segment.
	int flags = MSG_NOSIGNAL | (stream->is_last ? MSG_MORE : 0);
	if (count == 1)
		return send(stream->socket, pieces[0].iov_base, total, flags);
	if (total <= JOINED_MAX_BYTES)
		return send_joined(stream->socket, pieces, count, total, flags);
	struct msghdr message = {.msg_iov = (struct iovec *)pieces, .msg_iovlen = count};
	return sendmsg(stream->socket, &message, flags);
}

// Sends at once what the kernel takes, and queues the rest. A near peer's connection may
// stand by now though nobody has looked yet: the first write finds out, and saves the
// wait.
void stream_output_send(struct stream *stream, const struct iovec *pieces, size_t count)
{
	size_t total = 0;
	for (size_t i = 0; i < count; i++)
		total += pieces[i].iov_len;
	stream->bytes_sent += total;
	size_t sent = 0;
	if (!stream->queue) {
		ssize_t got = send_pieces(stream, pieces, count, total);
		if (got < 0 && !is_passing(errno)) {
			if (stream->is_connecting)
				stream_end_later(stream, STREAM_END_ERROR, errno);
			break_output(stream, errno);
			return;
		}
		sent = got > 0 ? (size_t)got : 0;
		if (sent > 0 && stream->is_connecting)
			set_connected(stream);
	}
	if (sent < total)
		enqueue(stream, pieces, count, sent);
}

static void emit(struct stream *stream, const struct iovec *pieces, size_t count)
{
	if (stream->tls)
		stream_tls_write(stream, pieces, count);
	else
		stream_output_send(stream, pieces, count);
}

static void gather(struct stream *stream, const struct iovec *pieces, size_t count)
{
	uint8_t *into = loop_gather(stream->loop) + stream->corked_length;
	for (size_t i = 0; i < count; i++) {
		memcpy(into, pieces[i].iov_base, pieces[i].iov_len);
		into += pieces[i].iov_len;
		stream->corked_length += pieces[i].iov_len;
	}
}

void stream_writev(struct stream *stream, const struct iovec *pieces, size_t count)
{
	if (stream->is_broken || stream->is_destroyed || stream->is_shutdown)
		return;
	size_t total = 0;
	for (size_t i = 0; i < count; i++)
		total += pieces[i].iov_len;
	if (total == 0)
		return;
	stream->bytes_out += total;
	if (stream->is_corked && stream->corked_length + total <= LOOP_GATHER_SIZE) {
		gather(stream, pieces, count);
		return;
	}
	if (stream->corked_length == 0) {
		emit(stream, pieces, count);
		return;
	}
	struct iovec all[WRITE_PIECES_MAX];
	all[0].iov_base = loop_gather(stream->loop);
	all[0].iov_len = stream->corked_length;
	stream->corked_length = 0;
	memcpy(all + 1, pieces, count * sizeof(*pieces));
	emit(stream, all, count + 1);
}

void stream_write(struct stream *stream, const void *data, size_t length)
{
	struct iovec piece = {.iov_base = (void *)data, .iov_len = length};
	stream_writev(stream, &piece, 1);
}

void stream_write_last(struct stream *stream, const void *data, size_t length)
{
	stream->is_last = true;
	bool is_sealed = stream->tls && stream_tls_is_ready(stream) &&
			 stream->corked_length == 0 && !stream->is_broken &&
			 !stream->is_destroyed && !stream->is_shutdown;
	if (!is_sealed) {
		stream_write(stream, data, length);
		return;
	}
	stream->bytes_out += length;
	stream_tls_write_last(stream, data, length);
}

void stream_cork(struct stream *stream)
{
	stream->is_corked = true;
}

void stream_uncork(struct stream *stream)
{
	stream->is_corked = false;
	if (stream->corked_length == 0)
		return;
	struct iovec piece = {loop_gather(stream->loop), stream->corked_length};
	stream->corked_length = 0;
	emit(stream, &piece, 1);
}

size_t stream_queued_length(const struct stream *stream)
{
	size_t queued = stream->queue ? evbuffer_get_length(stream->queue) : 0;
	if (stream->tls)
		queued += stream_tls_waiting_length(stream);
	return queued + stream->corked_length;
}

uint64_t stream_bytes_sent(const struct stream *stream)
{
	size_t waiting = stream->tls ? stream_tls_waiting_length(stream) : 0;
	return stream->bytes_sent + stream->corked_length + waiting;
}

uint64_t stream_bytes_taken(const struct stream *stream)
{
	size_t queued = stream->queue ? evbuffer_get_length(stream->queue) : 0;
	uint64_t sent = stream->bytes_sent - queued;
	// In the kernel; of UNIX sockets in memory, which is more than bytes.
	int waiting = 0;
	if (ioctl(stream->socket, SIOCOUTQ, &waiting) != 0 || waiting < 0)
		return sent;
	return sent > (uint64_t)waiting ? sent - (uint64_t)waiting : 0;
}

bool stream_has_reset(const struct stream *stream)
{
	struct pollfd look = {.fd = stream->socket};
	return stream->is_broken ||
	       (poll(&look, 1, 0) == 1 && (look.revents & (POLLERR | POLLHUP)));
}

bool stream_is_full(const struct stream *stream)
{
	return stream->is_full;
}

void stream_shutdown(struct stream *stream)
{
	if (stream->is_shutdown || stream->is_broken || stream->is_destroyed)
		return;
	stream_uncork(stream);
	if (stream->tls)
		stream_tls_shutdown(stream);
	stream->is_shutdown = true;
	if (stream->tls && !stream_tls_is_ready(stream))
		return; // what waits for the handshake goes before
	if (!stream->queue && !stream->is_connecting)
		(void)shutdown(stream->socket, SHUT_WR); // a reset shows when reading
}

void stream_abort(struct stream *stream)
{
	struct linger none = {.l_onoff = 1, .l_linger = 0};
	stream->is_aborted = true;
	(void)setsockopt(stream->socket, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
}
