// SPDX-License-Identifier: MIT
// TLS toward clients, as one worker does it with one listener's set: makes the SSL object
// of each connection, and chooses the certificate once the client has said which host it
// wants. The bytes are the stream's business. All but the creation of sets is for the
// worker's own thread.
#pragma once

#include <openssl/ssl.h>

#include "wherry/net/tls_set.h"

struct tls_server;

// With one reference, the caller's; each connection has one of its own. Takes a reference
// to the set. NULL when memory is short.
MUST_CHECK struct tls_server *tls_server_create(struct tls_set *set);
struct tls_server *tls_server_ref(struct tls_server *server);
void tls_server_unref(struct tls_server *server); // NULL is allowed

// For a new connection: accept state, no BIO yet. The caller's to free, on this thread.
// NULL when memory is short.
MUST_CHECK SSL *tls_server_accept(struct tls_server *server);

// After the handshake. May this Host (a port is ignored) be asked for here? Not if the
// client named another one in its SNI and the two have different certificates: then 421
// (RFC 9110 section 7.4).
bool tls_server_host_matches(const SSL *ssl, struct str host);

// What is known of the client by its certificate, which was verified.
struct tls_server_client {
	struct str subject;     // RFC 4514, in ASCII: "CN=alice,O=Example"
	struct str issuer;      // the same
	struct str serial;      // hexadecimal
	struct str fingerprint; // SHA-256 of the certificate, hexadecimal
};
// False if the client has none (client_auth: optional), or memory is short. The slices
// lie in text.
MUST_CHECK bool tls_server_client_read(
	const SSL *ssl, struct buf *text, struct tls_server_client *ret_client);
// Does the listener ask clients for certificates?
bool tls_server_asks_client(const SSL *ssl);
