// SPDX-License-Identifier: MIT
// One worker's TLS; see the header. Contexts are made when a host is first asked for.
#include "wherry/net/tls_server.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "tls_set_priv.h"

#include "wherry/base/url.h"

struct tls_server {
	size_t references; // all on one thread
	struct tls_set *set;
	EVP_MD *sha256;
	SSL_CTX **contexts; // by host; NULL = not made yet
};

// What a connection was given.
struct accepted {
	struct tls_server *server;
	size_t host;
	bool has_known_name; // the client asked for a name that a certificate has
};

enum {
	HELLO_MAX = 16 * 1024 // bytes of a ClientHello (SECURITY T46)
};

void tls_server_unref(struct tls_server *server)
{
	if (!server || --server->references > 0)
		return;
	for (size_t i = 0; server->contexts && i < server->set->host_count; i++)
		SSL_CTX_free(server->contexts[i]);
	free(server->contexts);
	EVP_MD_free(server->sha256);
	tls_set_unref(server->set);
	free(server);
}

static void free_accepted(
	void *ssl, void *value, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
	struct accepted *accepted = value;
	if (accepted)
		tls_server_unref(accepted->server);
	free(accepted);
}

// OpenSSL gives out places in its objects by number, for good.
static CRYPTO_ONCE index_once = CRYPTO_ONCE_STATIC_INIT;
static int accepted_index = -1;

static void make_index(void)
{
	accepted_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, free_accepted);
}

static struct accepted *get_accepted(const SSL *ssl)
{
	return SSL_get_ex_data(ssl, accepted_index);
}

// The name in server_name (RFC 6066 section 3): list length, type 0, name length, name.
// Empty if there is none; false if it is broken.
static bool read_name(SSL *ssl, struct str *ret_name)
{
	const unsigned char *data;
	size_t length;
	*ret_name = STR("");
	if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &data, &length) != 1)
		return true;
	if (length < 5 || (size_t)(data[0] << 8 | data[1]) != length - 2 ||
		data[2] != TLSEXT_NAMETYPE_host_name ||
		(size_t)(data[3] << 8 | data[4]) != length - 5)
		return false;
	*ret_name = (struct str){(const char *)data + 5, length - 5};
	return true;
}

static bool is_too_long(SSL *ssl)
{
	const unsigned char *part;
	int *types = NULL;
	size_t count = 0;
	size_t total = SSL_client_hello_get0_ciphers(ssl, &part);
	if (SSL_client_hello_get1_extensions_present(ssl, &types, &count) != 1)
		return true;
	for (size_t i = 0; i < count; i++) {
		size_t length = 0;
		(void)SSL_client_hello_get0_ext(
			ssl, (unsigned)types[i], &part, &length); // it is present
		total += 4 + length;
	}
	OPENSSL_free(types);
	return total > HELLO_MAX;
}

static int on_server_name(SSL *ssl, int *alert, void *arg)
{
	// The choice is made; what is left is to say whether the name was heard.
	return get_accepted(ssl)->has_known_name ? SSL_TLSEXT_ERR_OK
						 : SSL_TLSEXT_ERR_NOACK;
}

static int on_client_hello(SSL *ssl, int *alert, void *arg);

static SSL_CTX *get_context(struct tls_server *server, size_t host)
{
	SSL_CTX *context = server->contexts[host];
	if (context)
		return context;
	context = tls_context_create(server->set, host, NULL);
	if (!context)
		return NULL;
	SSL_CTX_set_client_hello_cb(context, on_client_hello, server);
	SSL_CTX_set_tlsext_servername_callback(context, on_server_name);
	server->contexts[host] = context;
	return context;
}

// A session belongs to the name and to the rules it was made under: with another one it
// is not resumed (SECURITY T25).
static bool bind_sessions(SSL *ssl, const struct tls_server *server, struct str name)
{
	unsigned char id[EVP_MAX_MD_SIZE];
	char lower[TLS_SET_NAME_MAX];
	size_t length = name.length < sizeof(lower) ? name.length : sizeof(lower);
	for (size_t i = 0; i < length; i++)
		lower[i] = (char)(name.data[i] >= 'A' && name.data[i] <= 'Z'
					  ? name.data[i] - 'A' + 'a'
					  : name.data[i]);
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
	bool is_bound =
		digest && EVP_DigestInit_ex(digest, server->sha256, NULL) == 1 &&
		EVP_DigestUpdate(digest, server->set->digest, TLS_SET_DIGEST_SIZE) == 1 &&
		EVP_DigestUpdate(digest, lower, length) == 1 &&
		EVP_DigestFinal_ex(digest, id, NULL) == 1 &&
		SSL_set_session_id_context(ssl, id, SSL_MAX_SID_CTX_LENGTH) == 1;
	EVP_MD_CTX_free(digest);
	return is_bound;
}

// SSL_set_SSL_CTX carries the certificate only: the rest follows by hand.
static bool use_context(SSL *ssl, SSL_CTX *context)
{
	if (SSL_set_SSL_CTX(ssl, context) != context)
		return false;
	SSL_clear_options(ssl, SSL_get_options(ssl) & ~SSL_CTX_get_options(context));
	SSL_set_options(ssl, SSL_CTX_get_options(context));
	SSL_set_verify(ssl, SSL_CTX_get_verify_mode(context), NULL);
	SSL_set_verify_depth(ssl, SSL_CTX_get_verify_depth(context));
	return true;
}

// OpenSSL's own error behind it says "callback failed" alone.
static int refuse(int *alert, int value, int reason)
{
	ERR_raise(ERR_LIB_SSL, reason);
	*alert = value;
	return SSL_CLIENT_HELLO_ERROR;
}

// Before resumption is decided, which SNI callbacks are too late for.
static int on_client_hello(SSL *ssl, int *alert, void *arg)
{
	struct tls_server *server = arg;
	struct accepted *accepted = get_accepted(ssl);
	struct str name;
	if (!read_name(ssl, &name))
		return refuse(alert, SSL_AD_DECODE_ERROR, SSL_R_BAD_EXTENSION);
	if (is_too_long(ssl))
		return refuse(alert, SSL_AD_DECODE_ERROR, SSL_R_EXCESSIVE_MESSAGE_SIZE);
	accepted->host = 0;
	accepted->has_known_name = tls_set_find(server->set, name, &accepted->host);
	if (!accepted->has_known_name && server->set->refuses_unknown_names)
		return refuse(
			alert, SSL_AD_UNRECOGNIZED_NAME, SSL_R_TLSV1_UNRECOGNIZED_NAME);
	SSL_CTX *context = get_context(server, accepted->host);
	if (!context || !use_context(ssl, context) || !bind_sessions(ssl, server, name))
		return refuse(alert, SSL_AD_INTERNAL_ERROR, ERR_R_INTERNAL_ERROR);
	return SSL_CLIENT_HELLO_SUCCESS;
}

struct tls_server *tls_server_create(struct tls_set *set)
{
	if (CRYPTO_THREAD_run_once(&index_once, make_index) != 1 || accepted_index < 0)
		return NULL;
	struct tls_server *server = calloc(1, sizeof(*server));
	if (!server)
		return NULL;
	server->references = 1;
	server->set = tls_set_ref(set);
	server->sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
	server->contexts = calloc(set->host_count, sizeof(*server->contexts));
	if (server->sha256 && server->contexts && get_context(server, 0))
		return server;
	tls_server_unref(server);
	return NULL;
}

struct tls_server *tls_server_ref(struct tls_server *server)
{
	server->references++;
	return server;
}

SSL *tls_server_accept(struct tls_server *server)
{
	struct accepted *accepted = calloc(1, sizeof(*accepted));
	SSL *ssl = accepted ? SSL_new(server->contexts[0]) : NULL;
	if (!ssl || SSL_set_ex_data(ssl, accepted_index, accepted) != 1) {
		SSL_free(ssl);
		free(accepted);
		return NULL;
	}
	accepted->server = tls_server_ref(server);
	SSL_set_accept_state(ssl);
	return ssl;
}

bool tls_server_host_matches(const SSL *ssl, struct str host)
{
	const struct accepted *accepted = get_accepted(ssl);
	struct str name;
	uint16_t port;
	size_t other;
	if (!accepted->has_known_name || !url_split_authority(host, &name, &port) ||
		!tls_set_find(accepted->server->set, name, &other))
		return true; // what no certificate has is no other host
	return other == accepted->host;
}

bool tls_server_asks_client(const SSL *ssl)
{
	return get_accepted(ssl)->server->set->client_ca != NULL;
}
