// SPDX-License-Identifier: MIT
// The other end of a TLS connection; see the header.
#include "tls_peer.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <criterion/criterion.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

enum {
	PIECE_SIZE = 64 * 1024,
	DAY_SECONDS = 24 * 3600,
};

static void add_certificate(SSL_CTX *context)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();
	cr_assert(key && certificate);
	cr_assert(X509_set_version(certificate, 2));
	cr_assert(ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1));
	cr_assert(X509_gmtime_adj(X509_getm_notBefore(certificate), -DAY_SECONDS));
	cr_assert(X509_gmtime_adj(X509_getm_notAfter(certificate), DAY_SECONDS));
	X509_NAME *name = X509_get_subject_name(certificate);
	cr_assert(X509_NAME_add_entry_by_txt(
		name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1, 0));
	cr_assert(X509_set_issuer_name(certificate, name));
	cr_assert(X509_set_pubkey(certificate, key));
	cr_assert(X509_sign(certificate, key, EVP_sha256()));
	cr_assert(SSL_CTX_use_certificate(context, certificate));
	cr_assert(SSL_CTX_use_PrivateKey(context, key));
	X509_free(certificate);
	EVP_PKEY_free(key);
}

void tls_peer_init(struct tls_peer *peer, enum tls_peer_role role, int max_version)
{
	*peer = (struct tls_peer){.error = SSL_ERROR_WANT_READ};
	SSL_CTX *server = SSL_CTX_new(TLS_server_method());
	SSL_CTX *client = SSL_CTX_new(TLS_client_method());
	cr_assert(server && client);
	add_certificate(server);
	cr_assert(SSL_CTX_set_max_proto_version(server, max_version));
	(void)SSL_CTX_set_options(server, SSL_OP_NO_RENEGOTIATION);
	peer->context = role == TLS_PEER_CLIENT ? client : server;
	peer->other = role == TLS_PEER_CLIENT ? server : client;
	(void)SSL_CTX_set_mode(peer->other, SSL_MODE_RELEASE_BUFFERS);
	peer->ssl = SSL_new(peer->context);
	cr_assert(peer->ssl);
	SSL_set_bio(peer->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	if (role == TLS_PEER_CLIENT)
		SSL_set_connect_state(peer->ssl);
	else
		SSL_set_accept_state(peer->ssl);
}

void tls_peer_finish(struct tls_peer *peer)
{
	SSL_free(peer->ssl);
	SSL_CTX_free(peer->context);
	SSL_CTX_free(peer->other);
	buf_finish(&peer->sealed);
	buf_finish(&peer->opened);
}

SSL *tls_peer_make_other(struct tls_peer *peer)
{
	SSL *ssl = SSL_new(peer->other);
	cr_assert(ssl);
	if (SSL_is_server(peer->ssl))
		SSL_set_connect_state(ssl);
	else
		SSL_set_accept_state(ssl);
	return ssl;
}

static void receive(struct tls_peer *peer, int socket)
{
	uint8_t piece[PIECE_SIZE];
	ssize_t got;
	while ((got = recv(socket, piece, sizeof(piece), MSG_DONTWAIT)) > 0)
		cr_assert_eq(BIO_write(SSL_get_rbio(peer->ssl), piece, (int)got), got);
	if (got == 0)
		peer->is_ended = true;
}

static void collect(struct tls_peer *peer)
{
	char piece[PIECE_SIZE];
	int got;
	while ((got = BIO_read(SSL_get_wbio(peer->ssl), piece, sizeof(piece))) > 0)
		buf_append(&peer->sealed, piece, (size_t)got);
}

void tls_peer_step(struct tls_peer *peer, int socket)
{
	char piece[PIECE_SIZE];
	size_t got;
	int result;
	receive(peer, socket);
	ERR_clear_error();
	while ((result = SSL_read_ex(peer->ssl, piece, sizeof(piece), &got)) == 1)
		buf_append(&peer->opened, piece, got);
	peer->error = SSL_get_error(peer->ssl, result);
	collect(peer);
}

void tls_peer_send(struct tls_peer *peer, int socket, size_t most)
{
	size_t length = peer->sealed.length < most ? peer->sealed.length : most;
	ssize_t sent =
		send(socket, peer->sealed.data, length, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent <= 0)
		return;
	peer->sealed.length -= (size_t)sent;
	memmove(peer->sealed.data, peer->sealed.data + sent, peer->sealed.length);
}

void tls_peer_write(struct tls_peer *peer, const void *data, size_t length)
{
	size_t written;
	cr_assert_eq(SSL_write_ex(peer->ssl, data, length, &written), 1);
	collect(peer);
}
