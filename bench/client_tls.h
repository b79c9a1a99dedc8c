// SPDX-License-Identifier: MIT
// The TLS of the load generator's connections. One cipher and one group are offered, so
// that all servers do the same work, and whole flights leave in one call, so that the
// other end decides how many it needs. Certificates are taken as they come.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <openssl/ssl.h>

struct client;

enum {
	CLIENT_TLS_RECORD_BYTES = 16 * 1024,
	CLIENT_TLS_SEND_BYTES = 256 * 1024, // of plaintext that one call seals at most
	CLIENT_TLS_RECEIVE_BYTES = 256 * 1024,
	CLIENT_TLS_SEALED_MAX = CLIENT_TLS_SEND_BYTES + CLIENT_TLS_RECORD_BYTES
};

// What all connections of a run share.
struct client_tls_shared {
	SSL_CTX *context;
	BIO_METHOD *method;
	bool is_resuming;      // every handshake but a client's first must resume
	const uint8_t *source; // of received: what OpenSSL has not read yet
	size_t source_length;
	size_t sealed_length;                    // 0 between two calls
	uint8_t record[CLIENT_TLS_RECORD_BYTES]; // gathers the pieces of one
	uint8_t sealed[CLIENT_TLS_SEALED_MAX];   // what is to leave
	uint8_t received[CLIENT_TLS_RECEIVE_BYTES];
};

struct client_tls {
	SSL *ssl;             // NULL: plain, or not begun
	SSL_SESSION *session; // the newest ticket; outlives the connection
	uint8_t *pending;     // what the kernel did not take
	size_t pending_length;
	size_t pending_sent;
};

// False: OpenSSL refuses. To be finished in both cases.
bool client_tls_init(struct client_tls_shared *tls, bool is_resuming);
void client_tls_finish(struct client_tls_shared *tls);

// Sends the first flight. False: client->error says why, as below.
bool client_tls_start(struct client *client);

// As recv: the plaintext of one read, 0 at the end, -1 and EAGAIN if none came. `size` is
// at least CLIENT_TLS_RECEIVE_BYTES + CLIENT_TLS_RECORD_BYTES. Any other error stands in
// client->error.
ssize_t client_tls_receive(struct client *client, uint8_t *plain, size_t size);

// Whether the peer's close_notify came, perhaps behind bytes that were just received.
bool client_tls_is_ended(const struct client *client);

// Whether the handshake is done.
bool client_tls_is_open(const struct client *client);

// As sendmsg; what it takes may still be pending. -1 and EAGAIN while something is.
ssize_t client_tls_send(struct client *client, const struct iovec *pieces, size_t count);

// Sends what is pending as far as the kernel takes it.
bool client_tls_flush(struct client *client);

// Says goodbye and frees all but the session.
void client_tls_end(struct client *client);

// Frees the session.
void client_tls_forget(struct client *client);
