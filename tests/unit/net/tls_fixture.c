// SPDX-License-Identifier: MIT
#include "tls_fixture.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "wherry/net/tls_server.h"
#include "wherry/net/tls_tickets.h"

enum {
	PATHS_MAX = 64,
	STEPS_MAX = 20,
	DAY_S = 24 * 3600
};

static char folder[] = "/tmp/wherry-tls-XXXXXX";
static char *paths[PATHS_MAX];
static size_t path_count;

void tls_fixture_enter(void)
{
	memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
	cr_assert_not_null(mkdtemp(folder));
}

void tls_fixture_leave(void)
{
	for (size_t i = 0; i < path_count; i++) {
		(void)unlink(paths[i]);
		free(paths[i]);
	}
	path_count = 0;
	(void)rmdir(folder);
}

static FILE *open_file(const char *name, const char *ending)
{
	cr_assert_lt(path_count, PATHS_MAX);
	cr_assert_gt(asprintf(&paths[path_count], "%s/%s%s", folder, name, ending), 0);
	int fd = open(paths[path_count++], O_WRONLY | O_CREAT | O_TRUNC, 0600);
	cr_assert_geq(fd, 0);
	return fdopen(fd, "w");
}

const char *tls_fixture_write_chain(const char *name, X509 *const certificates[])
{
	FILE *file = open_file(name, ".pem");
	for (size_t i = 0; certificates[i]; i++)
		cr_assert_eq(PEM_write_X509(file, certificates[i]), 1);
	cr_assert_eq(fclose(file), 0);
	return paths[path_count - 1];
}

const char *tls_fixture_write_key(const char *name, EVP_PKEY *key)
{
	FILE *file = open_file(name, ".key");
	cr_assert_eq(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
	cr_assert_eq(fclose(file), 0);
	return paths[path_count - 1];
}

const char *tls_fixture_write_locked_key(const char *name, EVP_PKEY *key)
{
	FILE *file = open_file(name, ".key");
	cr_assert_eq(PEM_write_PrivateKey(file, key, EVP_aes_128_cbc(),
			     (const unsigned char *)"secret", 6, NULL, NULL),
		1);
	cr_assert_eq(fclose(file), 0);
	return paths[path_count - 1];
}

const char *tls_fixture_write_text(const char *name, const char *text)
{
	FILE *file = open_file(name, ".pem");
	cr_assert_geq(fputs(text, file), 0);
	cr_assert_eq(fclose(file), 0);
	return paths[path_count - 1];
}

struct conf_certificate tls_fixture_write(
	const char *name, const struct tls_fixture_pair *pair)
{
	X509 *const chain[] = {pair->certificate, NULL};
	return (struct conf_certificate){
		.cert = {tls_fixture_write_chain(name, chain), "test.yaml:1:1"},
		.key = {tls_fixture_write_key(name, pair->key), "test.yaml:2:1"},
	};
}

static void add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	cr_assert_not_null(extension, "%s", value);
	cr_assert_eq(X509_add_ext(certificate, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

struct tls_fixture_pair tls_fixture_make(const struct tls_fixture_wish *wish)
{
	struct tls_fixture_pair pair = {
		.certificate = X509_new(),
		.key = wish->kind == TLS_FIXTURE_ECDSA
			       ? EVP_EC_gen("P-256")
			       : EVP_RSA_gen(wish->rsa_bits ? wish->rsa_bits : 2048),
	};
	static long serial = 1;
	X509 *one = pair.certificate;
	X509 *issuer = wish->issuer ? wish->issuer->certificate : one;
	bool is_short = wish->valid_from_s != 0 || wish->valid_until_s != 0;
	cr_assert(one && pair.key);
	X509_set_version(one, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(one), serial++);
	X509_gmtime_adj(X509_getm_notBefore(one), is_short ? wish->valid_from_s : -DAY_S);
	X509_gmtime_adj(X509_getm_notAfter(one), is_short ? wish->valid_until_s : DAY_S);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(one), "CN", MBSTRING_UTF8,
		(const unsigned char *)wish->common_name, -1, -1, 0);
	X509_set_issuer_name(one, X509_get_subject_name(issuer));
	X509_set_pubkey(one, pair.key);
	if (wish->names)
		add_extension(one, issuer, NID_subject_alt_name, wish->names);
	add_extension(one, issuer, NID_basic_constraints,
		wish->is_authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
	EVP_PKEY *signer = wish->issuer ? wish->issuer->key : pair.key;
	cr_assert_gt(X509_sign(one, signer, EVP_sha256()), 0);
	return pair;
}

void tls_fixture_free(struct tls_fixture_pair *pair)
{
	X509_free(pair->certificate);
	EVP_PKEY_free(pair->key);
	*pair = (struct tls_fixture_pair){0};
}

// OpenSSL tells of sessions and alerts by callbacks; the result is where they go.
static int keep_session(SSL *ssl, SSL_SESSION *session)
{
	struct tls_fixture_result *result = SSL_get_app_data(ssl);
	SSL_SESSION_free(result->session);
	result->session = session;
	return 1;
}

static void keep_alert(const SSL *ssl, int where, int value)
{
	struct tls_fixture_result *result = SSL_get_app_data(ssl);
	if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT)
		result->alert = value & 0xff;
}

static SSL *make_client(
	const struct tls_fixture_client *wish, struct tls_fixture_result *result)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	// A cache inside that goes away would spoil the sessions.
	SSL_CTX_set_session_cache_mode(
		context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
	SSL_CTX_sess_set_new_cb(context, keep_session);
	SSL *ssl = SSL_new(context);
	SSL_CTX_free(context);
	cr_assert_not_null(ssl);
	SSL_set_app_data(ssl, result);
	SSL_set_info_callback(ssl, keep_alert);
	SSL_set_connect_state(ssl);
	if (wish->server_name)
		SSL_set_tlsext_host_name(ssl, wish->server_name);
	if (wish->pair)
		cr_assert_eq(SSL_use_cert_and_key(ssl, wish->pair->certificate,
				     wish->pair->key, NULL, 1),
			1);
	if (wish->sigalgs)
		cr_assert_eq(SSL_set1_sigalgs_list(ssl, wish->sigalgs), 1);
	if (wish->ciphers)
		cr_assert_eq(SSL_set_cipher_list(ssl, wish->ciphers), 1);
	if (wish->version) {
		SSL_set_min_proto_version(ssl, wish->version);
		SSL_set_max_proto_version(ssl, wish->version);
	}
	if (wish->session)
		cr_assert_eq(SSL_set_session(ssl, wish->session), 1);
	if (wish->alpn)
		cr_assert_eq(
			SSL_set_alpn_protos(ssl, wish->alpn, (unsigned)wish->alpn_length),
			0);
	return ssl;
}

static void connect_pair(SSL *server, SSL *client)
{
	BIO *a, *b;
	cr_assert_eq(BIO_new_bio_pair(&a, 0, &b, 0), 1);
	SSL_set_bio(server, a, a);
	SSL_set_bio(client, b, b);
}

// Turns until both are done or one has failed; then the ticket is read.
static bool run(SSL *server, SSL *client)
{
	char byte;
	for (int i = 0; i < STEPS_MAX; i++) {
		ERR_clear_error();
		int theirs = SSL_do_handshake(client);
		ERR_clear_error();
		int ours = SSL_do_handshake(server);
		if (theirs == 1 && ours == 1) {
			ERR_clear_error();
			(void)SSL_read(client, &byte, 1); // the ticket, or an alert
			return true;
		}
		if (ours <= 0 && SSL_get_error(server, ours) == SSL_ERROR_SSL) {
			(void)SSL_do_handshake(client); // the alert
			(void)SSL_read(client, &byte, 1);
			return false;
		}
	}
	return false;
}

static void describe(SSL *client, struct tls_fixture_result *result)
{
	X509 *leaf = SSL_get0_peer_certificate(client);
	const unsigned char *alpn;
	unsigned alpn_length;
	SSL_get0_alpn_selected(client, &alpn, &alpn_length);
	cr_assert_lt(alpn_length, sizeof(result->alpn));
	if (alpn_length > 0)
		memcpy(result->alpn, alpn, alpn_length);
	result->version = SSL_version(client);
	result->is_early_data_taken =
		SSL_get_early_data_status(client) == SSL_EARLY_DATA_ACCEPTED;
	result->is_resumed = SSL_session_reused(client) == 1;
	// The callback is not called where a ticket of TLS 1.2 is renewed.
	if (!result->session && result->version == TLS1_2_VERSION)
		result->session = SSL_get1_session(client);
	if (!leaf)
		return;
	X509_NAME_get_text_by_NID(X509_get_subject_name(leaf), NID_commonName,
		result->common_name, sizeof(result->common_name));
	result->key_type = EVP_PKEY_get_base_id(X509_get0_pubkey(leaf));
}

struct tls_server *tls_fixture_serve(
	const struct conf_tls *conf, struct tls_tickets *tickets)
{
	struct buf text = BUF_INIT;
	struct conf_listener listener = {.name = "test", .tls = *conf};
	struct tls_tickets *own =
		tickets ? tls_tickets_ref(tickets) : tls_tickets_create();
	struct tls_set *set = tls_set_load(&listener, own, &text);
	cr_assert_not_null(set, "%.*s", STR_ARG(text));
	struct tls_server *server = tls_server_create(set);
	cr_assert_not_null(server);
	tls_set_unref(set);
	tls_tickets_unref(own);
	buf_finish(&text);
	return server;
}

struct tls_fixture_result tls_fixture_ask(
	struct tls_server *server, const struct tls_fixture_client *client)
{
	SSL *ssl = tls_server_accept(server);
	struct tls_fixture_result result = tls_fixture_shake(ssl, client);
	SSL_free(ssl);
	return result;
}

struct tls_fixture_result tls_fixture_shake(
	SSL *server, const struct tls_fixture_client *wish)
{
	struct tls_fixture_result result = {.alert = -1};
	cr_assert_not_null(server);
	SSL *client = make_client(wish, &result);
	connect_pair(server, client);
	size_t written;
	if (wish->early_data)
		(void)SSL_write_early_data(
			client, wish->early_data, strlen(wish->early_data), &written);
	result.is_done = run(server, client);
	describe(client, &result);
	// One that breaks off gives up its session, too.
	SSL_set_shutdown(client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(client);
	return result;
}
