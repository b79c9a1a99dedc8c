// SPDX-License-Identifier: MIT
// The SSL_CTX of one virtual host: what is allowed, and with which certificates.
#include <openssl/err.h>

#include "tls_set_priv.h"

enum {
	CLIENT_CHAIN_MAX = 32 * 1024, // bytes of a client's certificates
	CLIENT_CHAIN_DEPTH = 5,
	SECURITY_LEVEL = 2, // RSA from 2048 bits, no SHA-1
};

static const char no_memory[] = "out of memory";

// ALPN (RFC 7301): only HTTP/1.1 can be had here.
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_length,
	const unsigned char *in, unsigned in_length, void *arg)
{
	static const unsigned char ours[] = "\x08http/1.1";
	int result = SSL_select_next_proto(
		(unsigned char **)out, out_length, ours, sizeof(ours) - 1, in, in_length);
	return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK
						: SSL_TLSEXT_ERR_ALERT_FATAL;
}

static bool add_certificates(
	SSL_CTX *context, const struct tls_host *host, const char **reterr_text)
{
	for (size_t i = 0; i < TLS_CERTIFICATE_KINDS; i++) {
		const struct tls_certificate *one = host->certificates[i];
		if (!one)
			continue;
		// A key of its own, since RSA blinding locks what threads share.
		EVP_PKEY *key = EVP_PKEY_dup(one->key);
		bool is_added = key && SSL_CTX_use_cert_and_key(context, one->leaf, key,
					       one->chain, 1) == 1;
		EVP_PKEY_free(key);
		if (is_added)
			continue;
		*reterr_text = ERR_reason_error_string(ERR_peek_last_error());
		return false;
	}
	return true;
}

static bool set_ciphers(
	SSL_CTX *context, const struct tls_set *set, const char **reterr_text)
{
	*reterr_text = "ciphers: none of them is known";
	if (set->ciphers && SSL_CTX_set_cipher_list(context, set->ciphers) != 1)
		return false;
	*reterr_text = "ciphersuites: none of them is known";
	return !set->ciphersuites ||
	       SSL_CTX_set_ciphersuites(context, set->ciphersuites) == 1;
}

// A ticket is renewed each time, but what it says of the client holds until the client's
// certificate ends: then there is a whole handshake, which looks at it again.
static SSL_TICKET_RETURN judge_session(SSL *ssl, SSL_SESSION *session,
	const unsigned char *key_name, size_t key_name_length, SSL_TICKET_STATUS status,
	void *arg)
{
	if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	const X509 *certificate = SSL_SESSION_get0_peer(session);
	if (certificate && X509_cmp_current_time(X509_get0_notAfter(certificate)) <= 0)
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE
					    : SSL_TICKET_RETURN_USE_RENEW;
}

static bool set_clients(SSL_CTX *context, const struct tls_set *set)
{
	int mode = SSL_VERIFY_PEER;
	if (!set->client_ca)
		return true;
	if (!set->is_client_auth_optional)
		mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	STACK_OF(X509_NAME) *names = SSL_dup_CA_list(set->client_ca_names);
	if (!names)
		return false;
	SSL_CTX_set_client_CA_list(context, names);
	SSL_CTX_set1_cert_store(context, set->client_ca);
	SSL_CTX_set_verify(context, mode, NULL);
	SSL_CTX_set_verify_depth(context, CLIENT_CHAIN_DEPTH);
	SSL_CTX_set_max_cert_list(context, CLIENT_CHAIN_MAX);
	return SSL_CTX_set_session_ticket_cb(context, NULL, judge_session, NULL) == 1;
}

// Early data stays off: it can be replayed (SECURITY T47). Sessions live in tickets
// alone.
static bool set_options(SSL_CTX *context, const struct tls_set *set)
{
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					     SSL_OP_CIPHER_SERVER_PREFERENCE |
					     SSL_OP_PRIORITIZE_CHACHA);
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_timeout(context, TLS_TICKETS_ROTATE_MS / 1000);
	SSL_CTX_set_security_level(context, SECURITY_LEVEL);
	SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
	int version = set->requires_tls13 ? TLS1_3_VERSION : TLS1_2_VERSION;
	return SSL_CTX_set_min_proto_version(context, version) == 1 &&
	       SSL_CTX_set_num_tickets(context, 1) == 1 &&
	       SSL_CTX_set_max_early_data(context, 0) == 1 &&
	       SSL_CTX_set_recv_max_early_data(context, 0) == 1 &&
	       tls_tickets_use(set->tickets, context);
}

SSL_CTX *tls_context_create(
	const struct tls_set *set, size_t host, const char **reterr_text)
{
	const char *problem = no_memory;
	ERR_clear_error();
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	bool is_made = context && set_options(context, set) &&
		       set_clients(context, set) && set_ciphers(context, set, &problem) &&
		       add_certificates(context, &set->hosts[host], &problem);
	ERR_clear_error();
	if (is_made)
		return context;
	SSL_CTX_free(context);
	if (reterr_text)
		*reterr_text = problem ? problem : no_memory;
	return NULL;
}
