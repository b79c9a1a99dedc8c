// SPDX-License-Identifier: MIT
// Certificates made by the test itself, and handshakes over pairs of BIOs.
#pragma once

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "wherry/conf/conf.h"

enum tls_fixture_kind {
	TLS_FIXTURE_ECDSA,
	TLS_FIXTURE_RSA
};

struct tls_fixture_pair {
	X509 *certificate;
	EVP_PKEY *key;
};

struct tls_fixture_wish {
	enum tls_fixture_kind kind;
	const char *common_name;
	const char *names; // subjectAltName as openssl writes it; NULL = none
	const struct tls_fixture_pair *issuer; // NULL = itself
	bool is_authority;
	long valid_from_s, valid_until_s; // from now; both 0 = a day
	int rsa_bits;                     // 0 = 2048
};

struct tls_fixture_pair tls_fixture_make(const struct tls_fixture_wish *wish);
void tls_fixture_free(struct tls_fixture_pair *pair);

// A folder that is emptied and removed by tls_fixture_leave; all paths are in it and
// valid until then.
void tls_fixture_enter(void);
void tls_fixture_leave(void);
// Writes certificates (up to a NULL) or a key, mode 0600. Gives the path.
const char *tls_fixture_write_chain(const char *name, X509 *const certificates[]);
const char *tls_fixture_write_key(const char *name, EVP_PKEY *key);
// The key behind a pass phrase; any text, as NAME.pem.
const char *tls_fixture_write_locked_key(const char *name, EVP_PKEY *key);
const char *tls_fixture_write_text(const char *name, const char *text);
// Both of a pair, as NAME.pem and NAME.key.
struct conf_certificate tls_fixture_write(
	const char *name, const struct tls_fixture_pair *pair);

// A server with this configuration; fails the test if that does not load. tickets may be
// NULL.
struct tls_server;
struct tls_tickets;
struct tls_server *tls_fixture_serve(
	const struct conf_tls *conf, struct tls_tickets *tickets);

// What a client knows and wants.
struct tls_fixture_client {
	const char *server_name;             // NULL = no SNI
	const struct tls_fixture_pair *pair; // NULL = no certificate
	const char *sigalgs;                 // NULL = OpenSSL's
	const char *ciphers;                 // NULL = OpenSSL's
	int version;                         // 0 = any
	SSL_SESSION *session;                // to resume; NULL = none
	const char *early_data;              // sent first, if the session allows it
	const unsigned char *alpn;           // wire form, NULL = none
	size_t alpn_length;
};

// What came of it. The session is taken once the server's ticket was read.
struct tls_fixture_result {
	bool is_done;
	bool is_resumed;
	int alert;            // that the client got; -1 = none
	char common_name[64]; // of the server's leaf
	int key_type;         // of the server's leaf, EVP_PKEY_EC or EVP_PKEY_RSA
	SSL_SESSION *session; // NULL if there is no ticket; the caller's
	bool is_early_data_taken;
	int version;   // of TLS
	char alpn[16]; // empty = none
};

// A handshake with a new connection of the server's, which is freed.
struct tls_fixture_result tls_fixture_ask(
	struct tls_server *server, const struct tls_fixture_client *client);
// Takes the server's SSL, which stays the caller's, to the end of the handshake.
struct tls_fixture_result tls_fixture_shake(
	SSL *server, const struct tls_fixture_client *client);
