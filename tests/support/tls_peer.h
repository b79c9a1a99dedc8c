// SPDX-License-Identifier: MIT
// The other end of a TLS connection, played by OpenSSL itself over a socket that the test
// holds: what it sends can be cut and joined at will. With a certificate made on the
// spot.
#pragma once

#include <openssl/ssl.h>

#include "wherry/base/buf.h"

struct tls_peer {
	SSL_CTX *context;  // of this end
	SSL_CTX *other;    // of the end under test
	SSL *ssl;          // over memory
	struct buf sealed; // on its way to the socket
	struct buf opened; // content received
	int error;         // SSL_get_error of the last step
	bool is_ended;     // FIN came
};

enum tls_peer_role {
	TLS_PEER_CLIENT, // the end under test is the server
	TLS_PEER_SERVER
};

void tls_peer_init(struct tls_peer *peer, enum tls_peer_role role, int max_version);
void tls_peer_finish(struct tls_peer *peer);
// For the end under test, its role set; the caller owns it.
SSL *tls_peer_make_other(struct tls_peer *peer);

// Reads the socket, goes on with the handshake, opens what there is; sealed has then what
// it would send.
void tls_peer_step(struct tls_peer *peer, int socket);
// Sends sealed, or at most that many bytes of it.
void tls_peer_send(struct tls_peer *peer, int socket, size_t most);
// Seals content for the next send.
void tls_peer_write(struct tls_peer *peer, const void *data, size_t length);
