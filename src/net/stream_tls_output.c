// SPDX-License-Identifier: MIT
// The sealing side of TLS under a stream: content into records, records into one send.
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "stream_tls_priv.h"

void stream_tls_output_flush(struct stream *stream)
{
	struct stream_tls *tls = stream->tls;
	struct iovec pieces[] = {
		{tls->held, tls->held_length},
		{loop_sealed(stream->loop), tls->sealed_length},
	};
	if (tls->sealed_length == 0)
		return;
	tls->sealed_length = tls->held_length = 0;
	if (!stream->is_broken && tls->held)
		stream_output_send(stream, pieces, 2);
	else if (!stream->is_broken)
		stream_output_send(stream, &pieces[1], 1);
	free(tls->held);
	tls->held = NULL;
}

// Of TLS 1.3 the server's last flight is a ticket, for which nobody waits: it leaves with
// the first answer, or with close_notify, instead of waking the client for itself.
static bool hold_ticket(struct stream *stream)
{
	struct stream_tls *tls = stream->tls;
	size_t length = tls->sealed_length;
	if (length == 0 || !SSL_is_server(tls->ssl) ||
		SSL_version(tls->ssl) < TLS1_3_VERSION)
		return false;
	tls->held = malloc(length);
	if (!tls->held)
		return false;
	memcpy(tls->held, loop_sealed(stream->loop), length);
	tls->held_length = length;
	tls->sealed_length = 0;
	return true;
}

void stream_tls_output_seal(struct stream *stream, const void *sealed, size_t length)
{
	struct stream_tls *tls = stream->tls;
	if (tls->sealed_length + length > LOOP_SEALED_SIZE)
		stream_tls_output_flush(stream);
	assert(length <= LOOP_SEALED_SIZE);
	memcpy(loop_sealed(stream->loop) + tls->sealed_length, sealed, length);
	tls->sealed_length += length;
}

size_t stream_tls_waiting_length(const struct stream *stream)
{
	struct evbuffer *waiting = stream->tls->waiting;
	return waiting ? evbuffer_get_length(waiting) : 0;
}

static void seal(struct stream *stream, const void *data, size_t length)
{
	struct stream_tls *tls = stream->tls;
	size_t written;
	if (length == 0 || stream->is_broken)
		return;
	ERR_clear_error();
	if (SSL_write_ex(tls->ssl, data, length, &written) == 1)
		return;
	stream_tls_note_error(tls);
	stream->is_broken = true;
	stream_end_later(stream, STREAM_END_TLS, EPROTO);
}

// Small pieces share a record.
static void seal_pieces(struct stream *stream, const struct iovec *pieces, size_t count)
{
	uint8_t *record = loop_record(stream->loop);
	size_t length = 0;
	for (size_t i = 0; i < count; i++) {
		if (length + pieces[i].iov_len > LOOP_RECORD_SIZE) {
			seal(stream, record, length);
			length = 0;
		}
		if (pieces[i].iov_len > LOOP_RECORD_SIZE) {
			seal(stream, pieces[i].iov_base, pieces[i].iov_len);
		} else {
			memcpy(record + length, pieces[i].iov_base, pieces[i].iov_len);
			length += pieces[i].iov_len;
		}
	}
	seal(stream, record, length);
}

static void let_wait(struct stream *stream, const struct iovec *pieces, size_t count)
{
	struct stream_tls *tls = stream->tls;
	if (!tls->waiting)
		tls->waiting = evbuffer_new();
	for (size_t i = 0; i < count; i++) {
		if (tls->waiting && evbuffer_add(tls->waiting, pieces[i].iov_base,
					    pieces[i].iov_len) == 0)
			continue;
		stream->is_broken = true;
		stream_end_later(stream, STREAM_END_MEMORY, ENOMEM);
		return;
	}
	if (stream_tls_waiting_length(stream) >= STREAM_HIGH_BYTES)
		stream->is_full = true;
}

void stream_tls_write(struct stream *stream, const struct iovec *pieces, size_t count)
{
	if (!stream->tls->is_ready) {
		let_wait(stream, pieces, count);
		return;
	}
	if (count == 1)
		seal(stream, pieces[0].iov_base, pieces[0].iov_len);
	else
		seal_pieces(stream, pieces, count);
	stream_tls_output_flush(stream);
}

void stream_tls_write_last(struct stream *stream, const void *data, size_t length)
{
	struct stream_tls *tls = stream->tls;
	seal(stream, data, length);
	if (!stream->is_broken) {
		ERR_clear_error();
		(void)SSL_shutdown(tls->ssl); // the peer's answer is not waited for
	}
	stream_tls_output_flush(stream);
}

void stream_tls_shutdown(struct stream *stream)
{
	struct stream_tls *tls = stream->tls;
	if (!tls->is_ready || stream->is_broken || stream->is_shutdown ||
		(SSL_get_shutdown(tls->ssl) & SSL_SENT_SHUTDOWN))
		return;
	ERR_clear_error();
	(void)SSL_shutdown(tls->ssl); // the peer's answer is not waited for
	stream_tls_output_flush(stream);
}

void stream_tls_output_start(struct stream *stream)
{
	struct stream_tls *tls = stream->tls;
	size_t length = stream_tls_waiting_length(stream);
	if (length > 0) {
		const uint8_t *content = evbuffer_pullup(tls->waiting, -1);
		if (content)
			seal(stream, content, length);
		else
			stream_end_later(stream, STREAM_END_MEMORY, ENOMEM);
	}
	if (tls->waiting)
		evbuffer_free(tls->waiting);
	tls->waiting = NULL;
	if (length > 0 || !hold_ticket(stream))
		stream_tls_output_flush(stream);
	if (stream->is_full && !stream->queue) {
		stream->is_full = false;
		stream->has_drained = true;
		stream_do_later(stream);
	}
	if (!stream->is_shutdown)
		return;
	stream->is_shutdown = false; // it had to wait
	stream_shutdown(stream);
}
