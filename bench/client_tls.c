// SPDX-License-Identifier: MIT
// The TLS of the load generator's connections.
#include "client_tls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/bio.h>
#include <openssl/err.h>

#include "client.h"

static bool explain(struct client *client, const char *otherwise)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	client->error = reason != NULL ? reason : otherwise;
	ERR_clear_error();
	errno = EPROTO;
	return false;
}

static int on_read(BIO *bio, char *into, int wanted)
{
	struct client *client = BIO_get_data(bio);
	struct client_tls_shared *tls = client->shared->tls;
	size_t length =
		tls->source_length < (size_t)wanted ? tls->source_length : (size_t)wanted;
	BIO_clear_retry_flags(bio);
	if (length == 0) {
		BIO_set_retry_read(bio);
		return -1;
	}
	memcpy(into, tls->source, length);
	tls->source += length;
	tls->source_length -= length;
	return (int)length;
}

static int on_write(BIO *bio, const char *bytes, int length)
{
	struct client *client = BIO_get_data(bio);
	struct client_tls_shared *tls = client->shared->tls;
	BIO_clear_retry_flags(bio);
	if (CLIENT_TLS_SEALED_MAX - tls->sealed_length < (size_t)length)
		return -1;
	memcpy(tls->sealed + tls->sealed_length, bytes, (size_t)length);
	tls->sealed_length += (size_t)length;
	return length;
}

static long on_control(BIO *bio, int command, long number, void *pointer)
{
	(void)bio, (void)number, (void)pointer;
	return command == BIO_CTRL_FLUSH;
}

// A ticket came: the newest one is kept, as each is to be used once (RFC 8446 C.4).
static int on_session(SSL *ssl, SSL_SESSION *session)
{
	struct client *client = SSL_get_app_data(ssl);
	SSL_SESSION_free(client->tls.session);
	client->tls.session = session;
	return 1;
}

bool client_tls_init(struct client_tls_shared *tls, bool is_resuming)
{
	tls->is_resuming = is_resuming;
	tls->method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "bench_load");
	tls->context = SSL_CTX_new(TLS_client_method());
	if (tls->method == NULL || tls->context == NULL)
		return false;
	SSL_CTX *context = tls->context;
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(
		context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	if (is_resuming)
		SSL_CTX_sess_set_new_cb(context, on_session);
	return BIO_meth_set_read(tls->method, on_read) == 1 &&
	       BIO_meth_set_write(tls->method, on_write) == 1 &&
	       BIO_meth_set_ctrl(tls->method, on_control) == 1 &&
	       SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
	       SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256") == 1 &&
	       SSL_CTX_set1_groups_list(context, "X25519") == 1;
}

void client_tls_finish(struct client_tls_shared *tls)
{
	SSL_CTX_free(tls->context);
	BIO_meth_free(tls->method);
}

// What the kernel does not take of the shared buffer goes behind what is pending.
static bool keep(struct client *client, const uint8_t *bytes, size_t length)
{
	struct client_tls *tls = &client->tls;
	if (length == 0)
		return true;
	size_t left = tls->pending_length - tls->pending_sent;
	uint8_t *all = malloc(left + length);
	if (all == NULL)
		return explain(client, "out of memory");
	if (left > 0)
		memcpy(all, tls->pending + tls->pending_sent, left);
	memcpy(all + left, bytes, length);
	free(tls->pending);
	tls->pending = all;
	tls->pending_length = left + length;
	tls->pending_sent = 0;
	return true;
}

// Sends what the kernel takes. False: it refuses for good.
static bool put(
	struct client *client, const uint8_t *bytes, size_t length, size_t *ret_sent)
{
	ssize_t sent = length == 0 ? 0 : send(client->fd, bytes, length, MSG_NOSIGNAL);
	*ret_sent = sent < 0 ? 0 : (size_t)sent;
	return sent >= 0 || errno == EAGAIN || explain(client, "send failed");
}

bool client_tls_flush(struct client *client)
{
	struct client_tls *tls = &client->tls;
	size_t sent;
	if (tls->pending_length == 0)
		return true;
	if (!put(client, tls->pending + tls->pending_sent,
		    tls->pending_length - tls->pending_sent, &sent))
		return false;
	tls->pending_sent += sent;
	if (tls->pending_sent == tls->pending_length) {
		free(tls->pending);
		tls->pending = NULL;
		tls->pending_length = tls->pending_sent = 0;
	}
	return true;
}

// After each call of OpenSSL: what it sealed leaves, behind what is pending.
static bool send_sealed(struct client *client)
{
	struct client_tls_shared *tls = client->shared->tls;
	size_t length = tls->sealed_length;
	size_t sent = 0;
	tls->sealed_length = 0;
	if (client->tls.pending_length == 0 && !put(client, tls->sealed, length, &sent))
		return false;
	return keep(client, tls->sealed + sent, length - sent);
}

// One step of the handshake. Its last flight stays for the first bytes of the
// application to leave with it.
static bool step(struct client *client)
{
	SSL *ssl = client->tls.ssl;
	ERR_clear_error();
	int result = SSL_do_handshake(ssl);
	if (result == 1) {
		bool is_expected =
			client->shared->tls->is_resuming && client->tls.session != NULL;
		return SSL_session_reused(ssl) == is_expected ||
		       explain(client, is_expected ? "a session was not resumed"
						   : "a session was resumed unasked");
	}
	if (SSL_get_error(ssl, result) != SSL_ERROR_WANT_READ)
		return explain(client, "the TLS handshake failed");
	return send_sealed(client);
}

bool client_tls_start(struct client *client)
{
	struct client_tls_shared *shared = client->shared->tls;
	SSL *ssl = SSL_new(shared->context);
	BIO *bio = BIO_new(shared->method);
	client->tls.ssl = ssl;
	if (ssl == NULL || bio == NULL)
		return explain(client, "out of memory");
	BIO_set_data(bio, client);
	BIO_set_init(bio, 1);
	SSL_set_bio(ssl, bio, bio);
	SSL_set_connect_state(ssl);
	if (SSL_set_app_data(ssl, client) != 1 ||
		SSL_set_tlsext_host_name(ssl, "bench.test") != 1)
		return explain(client, "out of memory");
	if (client->tls.session != NULL && SSL_set_session(ssl, client->tls.session) != 1)
		return explain(client, "a session cannot be used");
	return step(client);
}

// Opens all records that came whole. False: an error.
static bool open_records(
	struct client *client, uint8_t *plain, size_t size, size_t *ret_length)
{
	size_t part;
	*ret_length = 0;
	ERR_clear_error();
	while (*ret_length < size && SSL_read_ex(client->tls.ssl, plain + *ret_length,
					     size - *ret_length, &part) == 1)
		*ret_length += part;
	int error = SSL_get_error(client->tls.ssl, 0);
	if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_ZERO_RETURN)
		return explain(client, "a TLS record is bad");
	return send_sealed(client);
}

ssize_t client_tls_receive(struct client *client, uint8_t *plain, size_t size)
{
	struct client_tls_shared *tls = client->shared->tls;
	ssize_t received = recv(client->fd, tls->received, CLIENT_TLS_RECEIVE_BYTES, 0);
	if (received <= 0)
		return received;
	tls->source = tls->received;
	tls->source_length = (size_t)received;
	size_t length = 0;
	if (!client_tls_is_open(client) && !step(client))
		return -1;
	if (client_tls_is_open(client) && tls->source_length > 0 &&
		!open_records(client, plain, size, &length))
		return -1;
	errno = EAGAIN;
	return length > 0 ? (ssize_t)length : -1;
}

bool client_tls_is_ended(const struct client *client)
{
	return client->tls.ssl != NULL &&
	       (SSL_get_shutdown(client->tls.ssl) & SSL_RECEIVED_SHUTDOWN);
}

bool client_tls_is_open(const struct client *client)
{
	return SSL_is_init_finished(client->tls.ssl) == 1;
}

// Copies up to one record's worth from the pieces, from *index and *offset on.
static size_t gather(uint8_t record[CLIENT_TLS_RECORD_BYTES], const struct iovec *pieces,
	size_t count, size_t *index, size_t *offset)
{
	size_t length = 0;
	while (*index < count && length < CLIENT_TLS_RECORD_BYTES) {
		size_t left = pieces[*index].iov_len - *offset;
		size_t room = CLIENT_TLS_RECORD_BYTES - length;
		size_t part = left < room ? left : room;
		memcpy(record + length, (uint8_t *)pieces[*index].iov_base + *offset,
			part);
		length += part;
		*offset += part;
		if (part == left) {
			(*index)++;
			*offset = 0;
		}
	}
	return length;
}

ssize_t client_tls_send(struct client *client, const struct iovec *pieces, size_t count)
{
	struct client_tls_shared *tls = client->shared->tls;
	size_t index = 0, offset = 0, total = 0;
	if (client->tls.pending_length > 0) {
		errno = EAGAIN;
		return -1;
	}
	ERR_clear_error();
	while (index < count && total < CLIENT_TLS_SEND_BYTES) {
		size_t length = gather(tls->record, pieces, count, &index, &offset);
		size_t written;
		if (SSL_write_ex(client->tls.ssl, tls->record, length, &written) != 1) {
			(void)explain(client, "a record cannot be sealed");
			errno = EPROTO;
			return -1;
		}
		total += length;
	}
	return send_sealed(client) ? (ssize_t)total : -1;
}

void client_tls_end(struct client *client)
{
	struct client_tls *tls = &client->tls;
	if (tls->ssl == NULL)
		return;
	ERR_clear_error();
	// The peer may be gone: then nobody hears it.
	if (client_tls_is_open(client) && SSL_shutdown(tls->ssl) >= 0)
		(void)send_sealed(client);
	client->shared->tls->sealed_length = 0;
	SSL_free(tls->ssl);
	free(tls->pending);
	tls->ssl = NULL;
	tls->pending = NULL;
	tls->pending_length = tls->pending_sent = 0;
}

void client_tls_forget(struct client *client)
{
	SSL_SESSION_free(client->tls.session);
	client->tls.session = NULL;
}
