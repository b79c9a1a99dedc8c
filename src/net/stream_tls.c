// SPDX-License-Identifier: MIT
// TLS as a codec in front of a stream (DESIGN: the data path). OpenSSL reads from what
// one recv brought and writes into a buffer of the loop, through a BIO of our own: so one
// recv serves many records, many small records leave in one send, and OpenSSL never waits
// for a socket to take bytes.
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "stream_tls_priv.h"

enum {
	// Queued for a peer that reads nothing, while it makes OpenSSL answer it.
	ANSWERS_MAX = 1024 * 1024
};

static int bio_write(BIO *bio, const char *data, int length)
{
	stream_tls_output_seal(BIO_get_data(bio), data, (size_t)length);
	return length;
}

static int bio_read(BIO *bio, char *data, int length)
{
	struct stream *stream = BIO_get_data(bio);
	struct stream_tls *tls = stream->tls;
	size_t size = (size_t)length;
	if (size > tls->source_length)
		size = tls->source_length;
	BIO_clear_retry_flags(bio);
	if (size == 0) {
		BIO_set_retry_read(bio);
		return -1;
	}
	memcpy(data, tls->source, size);
	tls->source += size;
	tls->source_length -= size;
	return (int)size;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
	return command == BIO_CTRL_FLUSH; // the rest is for sockets and files
}

static BIO_METHOD *bio_method;

static void make_bio_method(void)
{
	bio_method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "stream");
	if (!bio_method)
		return;
	(void)BIO_meth_set_write(bio_method, bio_write); // these can't fail
	(void)BIO_meth_set_read(bio_method, bio_read);
	(void)BIO_meth_set_ctrl(bio_method, bio_control);
}

static BIO *create_bio(struct stream *stream)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	(void)pthread_once(&once, make_bio_method); // fails only for bad arguments
	BIO *bio = bio_method ? BIO_new(bio_method) : NULL;
	if (!bio)
		return NULL;
	BIO_set_data(bio, stream);
	BIO_set_init(bio, 1);
	return bio;
}

bool stream_start_tls(struct stream *stream, SSL *ssl)
{
	struct stream_tls *tls = calloc(1, sizeof(*tls));
	BIO *bio = create_bio(stream);
	if (!tls || !bio) {
		free(tls);
		BIO_free(bio);
		SSL_free(ssl);
		return false;
	}
	SSL_set_bio(ssl, bio, bio);
	tls->ssl = ssl;
	stream->tls = tls;
	stream->is_kept_sealed = stream->is_lending || stream->kept_length > 0;
	if (stream->is_lending)
		return true; // what is left of it is looked at behind on_data
	if (!stream->is_connecting && !SSL_is_server(ssl))
		stream->has_connected = true;
	if (stream->has_connected || stream->is_kept_sealed)
		stream_do_later(stream);
	return true;
}

SSL *stream_tls(const struct stream *stream)
{
	return stream->tls ? stream->tls->ssl : NULL;
}

const char *stream_error_text(const struct stream *stream)
{
	return stream->tls ? stream->tls->error_text : NULL;
}

bool stream_tls_is_ready(const struct stream *stream)
{
	return stream->tls->is_ready;
}

void stream_tls_note_error(struct stream_tls *tls)
{
	unsigned long error = ERR_peek_error();
	tls->error_text = ERR_reason_error_string(error);
	if (ERR_GET_REASON(error) == SSL_R_CERTIFICATE_VERIFY_FAILED)
		tls->error_text =
			X509_verify_cert_error_string(SSL_get_verify_result(tls->ssl));
	if (ERR_GET_REASON(error) == SSL_R_HTTP_REQUEST)
		tls->error_text = "plain HTTP where TLS was expected";
	if (ERR_GET_REASON(error) == SSL_R_WRONG_VERSION_NUMBER)
		tls->error_text = "what came is not TLS (wrong version number)";
	// Of a server it is no alert that came, but what it refused itself.
	if (ERR_GET_REASON(error) == SSL_R_TLSV1_UNRECOGNIZED_NAME &&
		SSL_is_server(tls->ssl))
		tls->error_text = "no certificate has the name in the client's SNI "
				  "(unknown_name: refuse)";
	if (!tls->error_text)
		tls->error_text = "TLS failed for an unknown reason";
}

// One step of the handshake. True once it is done and the consumer, who was told, still
// wants the stream.
static bool advance(struct stream *stream)
{
	struct stream_tls *tls = stream->tls;
	ERR_clear_error();
	int result = SSL_do_handshake(tls->ssl);
	if (result == 1) {
		tls->is_ready = true;
		stream_tls_output_start(stream);
		if (stream->handler->on_connect)
			stream->handler->on_connect(stream->arg);
		return !stream->is_destroyed && !stream->is_ended;
	}
	bool is_bad = SSL_get_error(tls->ssl, result) != SSL_ERROR_WANT_READ;
	if (is_bad)
		stream_tls_note_error(tls);
	stream_tls_output_flush(stream); // an alert says why to the peer, too
	if (is_bad)
		stream_end_now(stream, STREAM_END_TLS, EPROTO);
	return false;
}

// What is kept and what was opened, in one piece: little is moved in front of what is
// opened, much gets it behind, and by halves more room than that, so that a head which
// trickles in holds little and is not copied for each byte.
static uint8_t *join(struct stream *stream, uint8_t *opened, size_t length)
{
	size_t kept = stream->kept_length;
	if (kept <= STREAM_KEPT_JOIN_MAX)
		return opened - kept;
	if (stream->kept_capacity - kept < length &&
		!stream_reserve_kept(stream, kept + length + kept / 2))
		return NULL;
	memcpy(stream->kept + kept, opened, length);
	return stream->kept;
}

// Opens all that is there; gives SSL_ERROR_WANT_READ, _ZERO_RETURN after close_notify, or
// what else ended it.
static int open_all(struct stream *stream, uint8_t *into, size_t room, size_t *ret_length)
{
	struct stream_tls *tls = stream->tls;
	size_t length = 0, got;
	int error = SSL_ERROR_WANT_READ;
	do {
		ERR_clear_error();
		int result = SSL_read_ex(tls->ssl, into + length, room - length, &got);
		if (result == 1)
			length += got;
		else
			error = SSL_get_error(tls->ssl, result);
		if (result != 1)
			break;
	} while (tls->source_length > 0 || SSL_pending(tls->ssl) > 0);
	if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_ZERO_RETURN)
		stream_tls_note_error(tls);
	*ret_length = length;
	return error;
}

static void open_records(struct stream *stream)
{
	struct stream_tls *tls = stream->tls;
	size_t length, kept = stream->kept_length;
	size_t front = kept <= STREAM_KEPT_JOIN_MAX ? kept : 0;
	uint8_t *opened = loop_opened(stream->loop) + front;
	int error = open_all(stream, opened, LOOP_OPENED_SIZE - front, &length);
	bool has_answered = tls->sealed_length > 0;
	stream_tls_output_flush(stream);
	if (front > 0)
		memcpy(opened - front, stream->kept, front);
	uint8_t *data = join(stream, opened, length);
	if (!data) {
		stream_end_now(stream, STREAM_END_MEMORY, ENOMEM);
		return;
	}
	if (length > 0)
		stream_receive(stream, data, length);
	if (stream->is_destroyed || stream->is_ended)
		return;
	if (error == SSL_ERROR_ZERO_RETURN) {
		stream->is_eof = true;
		stream_end_later(stream, STREAM_END_EOF, 0);
	} else if (error != SSL_ERROR_WANT_READ) {
		stream_end_later(stream, STREAM_END_TLS, EPROTO);
	} else if (has_answered && stream_queued_length(stream) > ANSWERS_MAX) {
		tls->error_text = "the peer has TLS answer it, and reads nothing";
		stream_end_later(stream, STREAM_END_TLS, EPROTO);
	}
}

static bool is_hello_bearable(struct stream_tls *tls)
{
	bool is_tls13 = SSL_version(tls->ssl) != TLS1_2_VERSION;
	return !SSL_is_server(tls->ssl) || stream_tls_hello_feed(&tls->hello, is_tls13,
						   tls->source, tls->source_length);
}

void stream_tls_receive(struct stream *stream, const uint8_t *data, size_t length)
{
	struct stream_tls *tls = stream->tls;
	tls->source = data;
	tls->source_length = length;
	if (!tls->is_ready && !is_hello_bearable(tls)) {
		tls->error_text = "a ClientHello of more than 16 KiB";
		stream_end_now(stream, STREAM_END_TLS, EPROTO);
		return;
	}
	if (!tls->is_ready && !advance(stream))
		return;
	if (tls->source_length > 0)
		open_records(stream);
	assert(stream->is_destroyed || stream->is_ended || stream->has_deferred_end ||
		tls->source_length == 0);
}

void stream_tls_receive_kept(struct stream *stream)
{
	uint8_t *sealed = stream->kept;
	size_t length = stream->kept_length;
	stream->kept = NULL;
	stream->kept_length = stream->kept_capacity = 0;
	stream->is_kept_sealed = false;
	stream->bytes_in -= length; // what comes of them is counted
	stream_tls_receive(stream, sealed, length);
	free(sealed);
	if (!stream->is_destroyed && !stream->is_paused)
		stream_resume(stream);
}

void stream_tls_receive_end(struct stream *stream)
{
	struct stream_tls *tls = stream->tls;
	tls->error_text = tls->is_ready ? "the connection ended without close_notify"
					: "the connection ended during the handshake";
	stream_end_now(stream, tls->is_ready ? STREAM_END_TRUNCATED : STREAM_END_TLS,
		ECONNRESET);
}

void stream_tls_connected(struct stream *stream)
{
	if (!stream->tls->is_ready)
		(void)advance(stream); // what comes of it is told
}

void stream_tls_free(struct stream *stream)
{
	struct stream_tls *tls = stream->tls;
	if (!tls)
		return;
	// A connection that just ended says nothing against its session.
	if (tls->is_ready)
		SSL_set_shutdown(tls->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(tls->ssl);
	if (tls->waiting)
		evbuffer_free(tls->waiting);
	free(tls->held);
	free(tls);
	stream->tls = NULL;
}
