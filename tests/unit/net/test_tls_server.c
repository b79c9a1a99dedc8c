// SPDX-License-Identifier: MIT
// Which certificate a client gets, and what it may ask for then.
#include "wherry/net/tls_server.h"

#include <criterion/criterion.h>

#include "tls_fixture.h"
#include "wherry/net/tls_tickets.h"

TestSuite(tls_server, .init = tls_fixture_enter, .fini = tls_fixture_leave);

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static struct conf_certificate write_pair(
	const char *common_name, const char *names, enum tls_fixture_kind kind)
{
	struct tls_fixture_pair pair = tls_fixture_make(&(struct tls_fixture_wish){
		.common_name = common_name, .names = names, .kind = kind});
	struct conf_certificate written = tls_fixture_write(common_name, &pair);
	tls_fixture_free(&pair);
	return written;
}

static struct tls_fixture_result ask(struct tls_server *server, const char *name)
{
	struct tls_fixture_result result = tls_fixture_ask(
		server, &(struct tls_fixture_client){.server_name = name});
	SSL_SESSION_free(result.session);
	result.session = NULL;
	return result;
}

Test(tls_server, chooses_the_certificate_by_its_names)
{
	static const struct {
		const char *name, *expected;
	} rows[] = {
		{"a.example.com", "a"},
		{"A.EXAMPLE.com.", "a"},
		{"b.example.com", "b"},
		{"x.w.example.com", "w"},
		{"exact.w.example.com", "b"},
		// A wildcard is one label, RFC 6125 section 6.4.3.
		{"y.x.w.example.com", "a"},
		{"w.example.com", "a"},
		{".w.example.com", "a"},
		{"*.w.example.com", "w"},
		// The common name counts only where there is no other.
		{"cn.example.com", "cn.example.com"},
		{"b", "a"},
		{"127.0.0.9", "b"},
		{"unknown.example.com", "a"},
		{"localhost", "a"},
		{NULL, "a"},
	};
	struct conf_certificate certificates[] = {
		write_pair("a", "DNS:a.example.com", TLS_FIXTURE_ECDSA),
		write_pair("b", "DNS:b.example.com,DNS:exact.w.example.com,IP:127.0.0.9",
			TLS_FIXTURE_ECDSA),
		write_pair("w", "DNS:*.w.example.com", TLS_FIXTURE_ECDSA),
		write_pair("cn.example.com", NULL, TLS_FIXTURE_ECDSA),
	};
	struct tls_server *server = tls_fixture_serve(
		&(struct conf_tls){.certificates = certificates, .certificate_count = 4},
		NULL);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tls_fixture_result result = ask(server, rows[i].name);
		cr_expect(result.is_done);
		cr_expect_str_eq(result.common_name, rows[i].expected, "%s: %s",
			rows[i].name ? rows[i].name : "no name", result.common_name);
	}
	tls_server_unref(server);
}

Test(tls_server, refuses_unknown_names_if_told_to)
{
	struct conf_certificate certificate =
		write_pair("a", "DNS:a.example.com", TLS_FIXTURE_ECDSA);
	struct tls_server *server =
		tls_fixture_serve(&(struct conf_tls){.certificates = &certificate,
					  .certificate_count = 1,
					  .refuses_unknown_names = true},
			NULL);
	static const char *const unknown[] = {"b.example.com", NULL};
	cr_expect(ask(server, "a.example.com").is_done);
	for (size_t i = 0; i < COUNT(unknown); i++) {
		struct tls_fixture_result result = ask(server, unknown[i]);
		cr_expect_not(result.is_done);
		cr_expect_eq(result.alert, SSL_AD_UNRECOGNIZED_NAME, "%d", result.alert);
	}
	tls_server_unref(server);
}

Test(tls_server, takes_the_kind_of_certificate_that_the_client_can_check)
{
	static const struct {
		const char *sigalgs, *name;
		int version, key_type;
	} rows[] = {
		{NULL, "a.example.com", TLS1_3_VERSION, EVP_PKEY_EC},
		{"ecdsa_secp256r1_sha256", "a.example.com", TLS1_3_VERSION, EVP_PKEY_EC},
		{"rsa_pss_rsae_sha256", "a.example.com", TLS1_3_VERSION, EVP_PKEY_RSA},
		{"RSA+SHA256", "a.example.com", TLS1_2_VERSION, EVP_PKEY_RSA},
		{"ECDSA+SHA256", "a.example.com", TLS1_2_VERSION, EVP_PKEY_EC},
		// The default has both kinds, too.
		{"RSA+SHA256", NULL, TLS1_2_VERSION, EVP_PKEY_RSA},
		{"ECDSA+SHA256", NULL, TLS1_2_VERSION, EVP_PKEY_EC},
		// A name that only one of them has.
		{"RSA+SHA256:ECDSA+SHA256", "b.example.com", TLS1_2_VERSION,
			EVP_PKEY_RSA},
	};
	struct conf_certificate certificates[] = {
		write_pair("rsa", "DNS:a.example.com,DNS:b.example.com", TLS_FIXTURE_RSA),
		write_pair("ecdsa", "DNS:a.example.com", TLS_FIXTURE_ECDSA),
	};
	struct tls_server *server = tls_fixture_serve(
		&(struct conf_tls){.certificates = certificates, .certificate_count = 2},
		NULL);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tls_fixture_result result =
			tls_fixture_ask(server, &(struct tls_fixture_client){
							.server_name = rows[i].name,
							.sigalgs = rows[i].sigalgs,
							.version = rows[i].version,
						});
		cr_expect(result.is_done, "row %zu", i);
		cr_expect_eq(result.key_type, rows[i].key_type, "row %zu", i);
		SSL_SESSION_free(result.session);
	}
	tls_server_unref(server);
}

Test(tls_server, speaks_http11_by_alpn_or_nothing)
{
	static const struct {
		const char *wire;
		size_t length;
		const char *expected; // NULL = refused
	} rows[] = {
		{"\x08http/1.1", 9, "http/1.1"},
		{"\x02h2\x08http/1.1", 12, "http/1.1"},
		{"\x02h2", 3, NULL},
		{NULL, 0, ""},
	};
	struct conf_certificate certificate =
		write_pair("a", "DNS:a.example.com", TLS_FIXTURE_ECDSA);
	struct tls_server *server = tls_fixture_serve(
		&(struct conf_tls){.certificates = &certificate, .certificate_count = 1},
		NULL);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tls_fixture_result result = tls_fixture_ask(
			server, &(struct tls_fixture_client){
					.alpn = (const unsigned char *)rows[i].wire,
					.alpn_length = rows[i].length});
		cr_expect_eq(result.is_done, rows[i].expected != NULL, "row %zu", i);
		if (rows[i].expected)
			cr_expect_str_eq(result.alpn, rows[i].expected, "row %zu", i);
		else
			cr_expect_eq(result.alert, SSL_AD_NO_APPLICATION_PROTOCOL);
		SSL_SESSION_free(result.session);
	}
	tls_server_unref(server);
}

Test(tls_server, speaks_no_version_below_the_lowest)
{
	static const struct {
		bool requires_tls13;
		int version;
		bool is_done;
	} rows[] = {
		{false, TLS1_1_VERSION, false},
		{false, TLS1_2_VERSION, true},
		{false, TLS1_3_VERSION, true},
		{true, TLS1_2_VERSION, false},
		{true, TLS1_3_VERSION, true},
	};
	struct conf_certificate certificate =
		write_pair("a", "DNS:a.example.com", TLS_FIXTURE_ECDSA);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tls_server *server = tls_fixture_serve(
			&(struct conf_tls){.certificates = &certificate,
				.certificate_count = 1,
				.requires_tls13 = rows[i].requires_tls13},
			NULL);
		struct tls_fixture_result result = tls_fixture_ask(
			server, &(struct tls_fixture_client){.version = rows[i].version,
					// Old versions sign with SHA-1, below level 1.
					.ciphers = "ALL:@SECLEVEL=0"});
		cr_expect_eq(result.is_done, rows[i].is_done, "row %zu", i);
		SSL_SESSION_free(result.session);
		tls_server_unref(server);
	}
}

Test(tls_server, keeps_to_the_ciphers_it_was_told)
{
	struct conf_certificate certificate =
		write_pair("a", "DNS:a.example.com", TLS_FIXTURE_ECDSA);
	struct tls_server *server =
		tls_fixture_serve(&(struct conf_tls){.certificates = &certificate,
					  .certificate_count = 1,
					  .ciphers = "ECDHE+CHACHA20",
					  .ciphersuites = "TLS_CHACHA20_POLY1305_SHA256"},
			NULL);
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	for (size_t i = 0; i < COUNT(versions); i++) {
		SSL *ssl = tls_server_accept(server);
		struct tls_fixture_result result = tls_fixture_shake(
			ssl, &(struct tls_fixture_client){.version = versions[i]});
		cr_expect(result.is_done);
		cr_expect_not_null(strstr(SSL_get_cipher_name(ssl), "CHACHA20"));
		SSL_SESSION_free(result.session);
		SSL_free(ssl);
	}
	tls_server_unref(server);
}

// SECURITY T25: 3 hosts, of which two share a certificate, with every Host.
Test(tls_server, knows_which_hosts_belong_to_a_connection)
{
	static const struct {
		const char *name, *host;
		bool matches;
	} rows[] = {
		{"a.example.com", "a.example.com", true},
		{"a.example.com", "A.example.COM:8443", true},
		{"a.example.com", "a.example.com.", true},
		{"a.example.com", "also-a.example.com", true},
		{"a.example.com", "b.example.com", false},
		{"a.example.com", "B.EXAMPLE.COM:443", false},
		{"a.example.com", "x.w.example.com", false},
		{"a.example.com", "unknown.example.com", true},
		{"a.example.com", "127.0.0.1:8443", true},
		{"a.example.com", "[::1]", true},
		{"a.example.com", "", true},
		{"b.example.com", "a.example.com", false},
		{"b.example.com", "b.example.com", true},
		{"x.w.example.com", "y.w.example.com", true},
		{"x.w.example.com", "a.example.com", false},
		// Who named no host, or one that is not here, got the default.
		{NULL, "b.example.com", true},
		{"unknown.example.com", "b.example.com", true},
	};
	struct conf_certificate certificates[] = {
		write_pair("a", "DNS:a.example.com,DNS:also-a.example.com",
			TLS_FIXTURE_ECDSA),
		write_pair("b", "DNS:b.example.com", TLS_FIXTURE_ECDSA),
		write_pair("w", "DNS:*.w.example.com", TLS_FIXTURE_ECDSA),
	};
	struct tls_server *server = tls_fixture_serve(
		&(struct conf_tls){.certificates = certificates, .certificate_count = 3},
		NULL);
	for (size_t i = 0; i < COUNT(rows); i++) {
		SSL *ssl = tls_server_accept(server);
		struct tls_fixture_result result = tls_fixture_shake(
			ssl, &(struct tls_fixture_client){.server_name = rows[i].name});
		cr_expect(result.is_done);
		cr_expect_eq(tls_server_host_matches(ssl, str_from(rows[i].host)),
			rows[i].matches, "%s, %s",
			rows[i].name ? rows[i].name : "no name", rows[i].host);
		SSL_SESSION_free(result.session);
		SSL_free(ssl);
	}
	tls_server_unref(server);
}

static struct tls_set *load(struct conf_certificate *certificate)
{
	struct buf text = BUF_INIT;
	struct tls_tickets *tickets = tls_tickets_create();
	struct conf_listener listener = {.name = "test",
		.tls = {.certificates = certificate, .certificate_count = 1}};
	struct tls_set *set = tls_set_load(&listener, tickets, &text);
	cr_assert_not_null(set, "%.*s", STR_ARG(text));
	tls_tickets_unref(tickets);
	buf_finish(&text);
	return set;
}

Test(tls_server, lives_as_long_as_its_connections)
{
	struct conf_certificate pair = write_pair("old", "DNS:a.test", TLS_FIXTURE_ECDSA);
	struct tls_set *set = load(&pair);
	struct tls_server *server = tls_server_create(set);
	cr_assert_not_null(server);
	SSL *begun = tls_server_accept(server);
	tls_set_unref(set);
	tls_server_unref(server);
	struct tls_fixture_client client = {.server_name = "a.test"};
	struct tls_fixture_result result = tls_fixture_shake(begun, &client);
	cr_expect_str_eq(result.common_name, "old");
	SSL_SESSION_free(result.session);
	cr_expect(tls_server_host_matches(begun, STR("a.test")));
	SSL_free(begun);
}

Test(tls_server, serves_a_certificate_of_its_own_making)
{
	struct conf_listener listener = {.name = "test", .tls = {.is_self_signed = true}};
	cr_assert(addr_parse(STR("192.0.2.7:443"), &listener.address));
	struct buf text = BUF_INIT, words = BUF_INIT;
	struct tls_tickets *tickets = tls_tickets_create();
	struct tls_set *set = tls_set_load(&listener, tickets, &text);
	cr_assert_not_null(set);
	tls_set_describe(set, &words);
	cr_expect(str_has_prefix(buf_str(&words),
			  STR("localhost, 127.0.0.1, ::1, 192.0.2.7 until 20")),
		"%.*s", STR_ARG(words));
	buf_clear(&words);
	tls_set_write_fingerprint(set, &words);
	cr_expect_eq(words.length, 32 * 3 - 1);
	cr_expect_eq(text.length, 0, "%.*s", STR_ARG(text));
	struct tls_server *server = tls_server_create(set);
	cr_expect(ask(server, "localhost").is_done);
	tls_server_unref(server);
	tls_set_unref(set);
	tls_tickets_unref(tickets);
	buf_finish(&words);
	buf_finish(&text);
}

// SECURITY T46: a hello of more than 16 KiB is nobody's.
Test(tls_server, refuses_a_client_hello_that_is_too_long)
{
	static unsigned char protocols[40 * 1024];
	struct conf_certificate certificate =
		write_pair("a", "DNS:a.example.com", TLS_FIXTURE_ECDSA);
	struct tls_server *server = tls_fixture_serve(
		&(struct conf_tls){.certificates = &certificate, .certificate_count = 1},
		NULL);
	static const struct {
		size_t length;
		bool is_done;
	} rows[] = {{15 * 1024, true}, {17 * 1024, false}, {40 * 1024, false}};
	for (size_t i = 0; i < sizeof(protocols); i += 256) {
		memset(protocols + i, 'x', 256);
		protocols[i] = 255;
	}
	memcpy(protocols, "\x08http/1.1\xf6", 10); // and 246 times "x"
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tls_fixture_result result = tls_fixture_ask(
			server, &(struct tls_fixture_client){.alpn = protocols,
					.alpn_length = rows[i].length});
		cr_expect_eq(result.is_done, rows[i].is_done, "row %zu", i);
		SSL_SESSION_free(result.session);
	}
	tls_server_unref(server);
}
