// SPDX-License-Identifier: MIT
// TLS toward servers; see the header.
#include "wherry/net/tls_client.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "tls_pem_priv.h"

enum {
	HOST_MAX = 255,
	SECURITY_LEVEL = 1, // of a server inside, which may be older than browsers like
};

struct tls_client_set {
	atomic_size_t references;
	char *server_name; // NULL = the URL's host
	bool skips_check;  // of the certificates
	X509_STORE *authorities;
	X509 *leaf; // of our own certificate; NULL = none
	STACK_OF(X509) * chain;
	EVP_PKEY *key;
};

struct tls_client {
	struct tls_client_set *set; // a reference
	SSL_CTX *context;
};

static bool load_authorities(
	struct tls_client_set *set, const struct conf_file *file, struct buf *ret_text)
{
	set->authorities = X509_STORE_new();
	if (!set->authorities)
		return false;
	if (!file->path)
		return X509_STORE_set_default_paths(set->authorities) == 1;
	STACK_OF(X509) *all = tls_pem_read_certificates(file, ret_text);
	bool is_loaded = all != NULL;
	for (int i = 0; i < sk_X509_num(all) && is_loaded; i++)
		is_loaded =
			X509_STORE_add_cert(set->authorities, sk_X509_value(all, i)) == 1;
	sk_X509_pop_free(all, X509_free);
	return is_loaded;
}

static bool load_certificate(struct tls_client_set *set,
	const struct conf_upstream_tls *conf, struct buf *ret_text)
{
	if (!conf->cert.path)
		return true;
	set->chain = tls_pem_read_certificates(&conf->cert, ret_text);
	set->key = tls_pem_read_key(&conf->key, ret_text);
	if (!set->chain || !set->key)
		return false;
	set->leaf = sk_X509_shift(set->chain);
	if (X509_check_private_key(set->leaf, set->key) == 1)
		return true;
	tls_pem_complain(ret_text, &conf->key, "is not the key of the certificate");
	return false;
}

struct tls_client_set *tls_client_set_load(
	const struct conf_upstream_tls *conf, struct buf *ret_text)
{
	struct tls_client_set *set = calloc(1, sizeof(*set));
	size_t length_before = ret_text->length;
	if (set) {
		atomic_init(&set->references, 1);
		set->skips_check = conf->skips_check;
		if (conf->server_name)
			set->server_name = str_copy(str_from(conf->server_name));
		bool is_loaded = load_authorities(set, &conf->ca, ret_text);
		is_loaded &= load_certificate(set, conf, ret_text);
		is_loaded &= !conf->server_name || set->server_name;
		ERR_clear_error();
		if (is_loaded)
			return set;
	}
	if (ret_text->length == length_before)
		buf_append_str(ret_text, STR("out of memory for TLS to backends\n"));
	tls_client_set_unref(set);
	return NULL;
}

struct tls_client_set *tls_client_set_ref(struct tls_client_set *set)
{
	if (set)
		atomic_fetch_add_explicit(&set->references, 1, memory_order_relaxed);
	return set;
}

void tls_client_set_unref(struct tls_client_set *set)
{
	if (!set ||
		atomic_fetch_sub_explicit(&set->references, 1, memory_order_acq_rel) != 1)
		return;
	free(set->server_name);
	X509_STORE_free(set->authorities);
	X509_free(set->leaf);
	sk_X509_pop_free(set->chain, X509_free);
	EVP_PKEY_free(set->key);
	free(set);
}

// OpenSSL marks a session as used up once it was resumed, and what comes of it, too; so
// copies are lent out, and one that is marked does not replace the one before.
static int keep_session(SSL *ssl, SSL_SESSION *session)
{
	SSL_SESSION **slot = SSL_get_app_data(ssl);
	if (!SSL_SESSION_is_resumable(session))
		return 0;
	SSL_SESSION_free(*slot);
	*slot = session;
	return 1; // the reference is ours now
}

static bool set_up(SSL_CTX *context, const struct tls_client_set *set)
{
	static const unsigned char protocols[] = "\x08http/1.1";
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_security_level(context, SECURITY_LEVEL);
	SSL_CTX_set_session_cache_mode(
		context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(context, keep_session);
	SSL_CTX_set_verify(
		context, set->skips_check ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
	SSL_CTX_set1_cert_store(context, set->authorities);
	if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
		SSL_CTX_set_alpn_protos(context, protocols, sizeof(protocols) - 1) != 0)
		return false;
	return !set->leaf ||
	       SSL_CTX_use_cert_and_key(context, set->leaf, set->key, set->chain, 1) == 1;
}

struct tls_client *tls_client_create(struct tls_client_set *set)
{
	struct tls_client *client = calloc(1, sizeof(*client));
	SSL_CTX *context = client ? SSL_CTX_new(TLS_client_method()) : NULL;
	if (!context || !set_up(context, set)) {
		SSL_CTX_free(context);
		free(client);
		ERR_clear_error();
		return NULL;
	}
	client->set = tls_client_set_ref(set);
	client->context = context;
	return client;
}

void tls_client_destroy(struct tls_client *client)
{
	if (!client)
		return;
	SSL_CTX_free(client->context);
	tls_client_set_unref(client->set);
	free(client);
}

const struct tls_client_set *tls_client_get_set(const struct tls_client *client)
{
	return client->set;
}

// The name that its certificate must be for; SNI is for names alone (RFC 6066 section 3).
static bool expect_name(SSL *ssl, const char *name)
{
	X509_VERIFY_PARAM *check = SSL_get0_param(ssl);
	X509_VERIFY_PARAM_set_hostflags(check, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (X509_VERIFY_PARAM_set1_ip_asc(check, name) == 1)
		return true;
	ERR_clear_error();
	return X509_VERIFY_PARAM_set1_host(check, name, 0) == 1 &&
	       SSL_set_tlsext_host_name(ssl, name) == 1;
}

// Without it the handshake is a full one.
static void offer_session(SSL *ssl, SSL_SESSION *session)
{
	SSL_SESSION *copy = session ? SSL_SESSION_dup(session) : NULL;
	if (copy)
		(void)SSL_set_session(ssl, copy);
	SSL_SESSION_free(copy);
	ERR_clear_error();
}

SSL *tls_client_connect(struct tls_client *client, struct str host, SSL_SESSION **session)
{
	char text[HOST_MAX + 1];
	const char *name = client->set->server_name;
	SSL *ssl = host.length <= HOST_MAX ? SSL_new(client->context) : NULL;
	if (!ssl)
		return NULL;
	if (!name) {
		memcpy(text, host.data, host.length);
		text[host.length] = '\0';
		name = text;
	}
	SSL_set_connect_state(ssl);
	if (SSL_set_app_data(ssl, session) == 1 && expect_name(ssl, name)) {
		offer_session(ssl, *session);
		return ssl;
	}
	SSL_free(ssl);
	return NULL;
}
