// SPDX-License-Identifier: MIT
// Which sessions are resumed, and which lead to a full handshake (SECURITY T25, T47).
#include "wherry/net/tls_server.h"

#include <criterion/criterion.h>

#include <openssl/core_names.h>

#include "tls_fixture.h"
#include "wherry/base/now.h"
#include "wherry/net/tls_tickets.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

// Hosts a and b with certificates of their own, and also-a, which has that of a.
static const char *const hosts[] = {"a.test", "b.test", "also-a.test"};
static struct conf_certificate certificates[2];
static struct tls_tickets *tickets;

static void enter(void)
{
	static const char *const names[] = {"DNS:a.test,DNS:also-a.test", "DNS:b.test"};
	tls_fixture_enter();
	for (size_t i = 0; i < COUNT(names); i++) {
		struct tls_fixture_pair pair =
			tls_fixture_make(&(struct tls_fixture_wish){
				.common_name = i == 0 ? "a" : "b", .names = names[i]});
		certificates[i] = tls_fixture_write(i == 0 ? "a" : "b", &pair);
		tls_fixture_free(&pair);
	}
	tickets = tls_tickets_create();
	cr_assert_not_null(tickets);
}

static void leave(void)
{
	tls_tickets_unref(tickets);
	tls_fixture_leave();
}

TestSuite(tls_session, .init = enter, .fini = leave);

static struct tls_server *serve(struct conf_tls more)
{
	more.certificates = certificates;
	more.certificate_count = COUNT(certificates);
	return tls_fixture_serve(&more, tickets);
}

static SSL_SESSION *begin(struct tls_server *server, const char *name, int version)
{
	struct tls_fixture_result result = tls_fixture_ask(server,
		&(struct tls_fixture_client){.server_name = name, .version = version});
	cr_assert(result.is_done);
	cr_assert_not(result.is_resumed);
	cr_assert_not_null(result.session);
	return result.session;
}

// Is it resumed? A handshake it is in any case. Gives the new ticket if there is one.
static bool resume(struct tls_server *server, SSL_SESSION *session, const char *name,
	SSL_SESSION **ret_session)
{
	struct tls_fixture_result result = tls_fixture_ask(
		server, &(struct tls_fixture_client){
				.server_name = name,
				.session = session,
				.version = SSL_SESSION_get_protocol_version(session),
			});
	cr_expect(result.is_done, "%s", name ? name : "no name");
	if (ret_session)
		*ret_session = result.session;
	else
		SSL_SESSION_free(result.session);
	return result.is_resumed;
}

Test(tls_session, is_resumed_for_its_own_host_alone)
{
	struct tls_server *server = serve((struct conf_tls){0});
	for (size_t v = 0; v < COUNT(versions); v++) {
		for (size_t i = 0; i < COUNT(hosts); i++) {
			for (size_t j = 0; j < COUNT(hosts); j++) {
				SSL_SESSION *session =
					begin(server, hosts[i], versions[v]);
				cr_expect_eq(resume(server, session, hosts[j], NULL),
					i == j, "%s, then %s", hosts[i], hosts[j]);
				SSL_SESSION_free(session);
			}
			SSL_SESSION *session = begin(server, hosts[i], versions[v]);
			cr_expect_not(resume(server, session, NULL, NULL));
			SSL_SESSION_free(session);
			session = begin(server, NULL, versions[v]);
			cr_expect_not(resume(server, session, hosts[i], NULL));
			cr_expect(resume(server, session, NULL, NULL));
			SSL_SESSION_free(session);
		}
	}
	tls_server_unref(server);
}

// As when a client lands on another worker, or certificates were loaded again.
Test(tls_session, is_resumed_by_another_server_of_the_same_rules)
{
	struct tls_server *server = serve((struct conf_tls){0});
	struct tls_server *other = serve((struct conf_tls){0});
	for (size_t v = 0; v < COUNT(versions); v++) {
		SSL_SESSION *session = begin(server, "b.test", versions[v]);
		cr_expect(resume(other, session, "b.test", NULL));
		SSL_SESSION_free(session);
	}
	tls_server_unref(server);
	tls_server_unref(other);
}

Test(tls_session, is_not_resumed_under_other_rules)
{
	struct tls_fixture_pair authority = tls_fixture_make(
		&(struct tls_fixture_wish){.common_name = "CA", .is_authority = true});
	X509 *const chain[] = {authority.certificate, NULL};
	struct conf_tls others[] = {
		{.ciphers = "ECDHE+AESGCM"},
		{.client_ca = {tls_fixture_write_chain("ca", chain), "test.yaml:3:1"},
			.is_client_auth_optional = true},
	};
	struct tls_server *server = serve((struct conf_tls){0});
	for (size_t v = 0; v < COUNT(versions); v++) {
		for (size_t i = 0; i < COUNT(others); i++) {
			struct tls_server *other = serve(others[i]);
			SSL_SESSION *session = begin(server, "a.test", versions[v]);
			cr_expect_not(
				resume(other, session, "a.test", NULL), "rules %zu", i);
			SSL_SESSION_free(session);
			tls_server_unref(other);
		}
	}
	tls_server_unref(server);
	tls_fixture_free(&authority);
}

Test(tls_session, outlives_one_rotation_of_the_keys_and_is_renewed)
{
	struct tls_server *server = serve((struct conf_tls){0});
	uint64_t now = now_ms(), hour = TLS_TICKETS_ROTATE_MS;
	for (size_t v = 0; v < COUNT(versions); v++) {
		SSL_SESSION *renewed;
		SSL_SESSION *session = begin(server, "a.test", versions[v]);
		tls_tickets_rotate_if_due(tickets, now += hour);
		cr_expect(resume(server, session, "a.test", &renewed));
		cr_assert_not_null(renewed, "version %zu", v);
		tls_tickets_rotate_if_due(tickets, now += hour);
		cr_expect_not(resume(server, session, "a.test", NULL));
		cr_expect(resume(server, renewed, "a.test", NULL));
		SSL_SESSION_free(renewed);
		SSL_SESSION_free(session);
	}
	tls_server_unref(server);
}

Test(tls_session, keys_rotate_by_the_hour)
{
	struct tls_server *server = serve((struct conf_tls){0});
	SSL_SESSION *session = begin(server, "a.test", TLS1_3_VERSION);
	uint64_t now = now_ms(), hour = TLS_TICKETS_ROTATE_MS;
	tls_tickets_rotate_if_due(tickets, now + hour - 10000);
	tls_tickets_rotate_if_due(tickets, now + hour + 10000);
	tls_tickets_rotate_if_due(tickets, now + hour + 20000);
	cr_expect(resume(server, session, "a.test", NULL));
	tls_tickets_rotate_if_due(tickets, now + 2 * hour + 10000);
	cr_expect_not(resume(server, session, "a.test", NULL));
	SSL_SESSION_free(session);
	// Nobody came for a day: all keys are new.
	session = begin(server, "a.test", TLS1_3_VERSION);
	tls_tickets_rotate_if_due(tickets, now + 24 * hour);
	cr_expect_not(resume(server, session, "a.test", NULL));
	SSL_SESSION_free(session);
	tls_server_unref(server);
}

// Another process's tickets, or an attacker's.
Test(tls_session, is_not_resumed_with_foreign_keys)
{
	struct tls_server *server = serve((struct conf_tls){0});
	struct tls_tickets *ours = tickets;
	tickets = tls_tickets_create();
	struct tls_server *stranger = serve((struct conf_tls){0});
	for (size_t v = 0; v < COUNT(versions); v++) {
		SSL_SESSION *session = begin(stranger, "a.test", versions[v]);
		cr_expect_not(resume(server, session, "a.test", NULL));
		SSL_SESSION_free(session);
	}
	tls_server_unref(stranger);
	tls_tickets_unref(tickets);
	tickets = ours;
	tls_server_unref(server);
}

// Seals tickets as a ring would whose slot was never filled (nginx CVE-2026-97629).
static int seal_with_zeros(SSL *ssl, unsigned char *name, unsigned char *iv,
	EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int is_sealing)
{
	static unsigned char zeros[32];
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(
			OSSL_MAC_PARAM_KEY, zeros, sizeof(zeros)),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	memset(name, 0, 16);
	memset(iv, 0, 16);
	cr_expect(is_sealing);
	return EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, zeros, iv) == 1 &&
	       EVP_MAC_CTX_set_params(mac, params) == 1;
}

Test(tls_session, is_not_resumed_with_a_key_of_zeros)
{
	struct tls_server *server = serve((struct conf_tls){0});
	for (size_t v = 0; v < COUNT(versions); v++) {
		SSL *ssl = tls_server_accept(server);
		SSL_CTX_set_tlsext_ticket_key_evp_cb(
			SSL_get_SSL_CTX(ssl), seal_with_zeros);
		struct tls_fixture_result result = tls_fixture_shake(
			ssl, &(struct tls_fixture_client){.version = versions[v]});
		cr_assert(result.is_done);
		cr_assert_not_null(result.session);
		cr_assert(tls_tickets_use(tickets, SSL_get_SSL_CTX(ssl)));
		cr_expect_not(resume(server, result.session, NULL, NULL));
		SSL_SESSION_free(result.session);
		SSL_free(ssl);
	}
	tls_server_unref(server);
}

// A ticket that was touched is nobody's, and no error either.
Test(tls_session, is_not_resumed_with_a_ticket_that_was_changed)
{
	struct tls_server *server = serve((struct conf_tls){0});
	SSL_SESSION *session = begin(server, "a.test", TLS1_2_VERSION);
	unsigned char *ticket;
	size_t length;
	SSL_SESSION_get0_ticket(session, (const unsigned char **)&ticket, &length);
	for (size_t i = 0; i < length; i += 7) {
		ticket[i] ^= 1;
		cr_expect_not(resume(server, session, "a.test", NULL), "byte %zu", i);
		ticket[i] ^= 1;
	}
	cr_expect(resume(server, session, "a.test", NULL));
	SSL_SESSION_free(session);
	tls_server_unref(server);
}

// SECURITY T47.
Test(tls_session, takes_no_early_data)
{
	struct tls_server *server = serve((struct conf_tls){0});
	SSL_SESSION *session = begin(server, "a.test", TLS1_3_VERSION);
	cr_expect_eq(SSL_SESSION_get_max_early_data(session), 0);
	// A client that sends some nevertheless.
	cr_assert_eq(SSL_SESSION_set_max_early_data(session, 16384), 1);
	SSL *ssl = tls_server_accept(server);
	struct tls_fixture_result result = tls_fixture_shake(
		ssl, &(struct tls_fixture_client){.server_name = "a.test",
			     .session = session,
			     .early_data = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"});
	char bytes[64];
	cr_expect_not(result.is_early_data_taken);
	cr_expect_leq(SSL_read(ssl, bytes, sizeof(bytes)), 0);
	SSL_SESSION_free(result.session);
	SSL_SESSION_free(session);
	SSL_free(ssl);
	tls_server_unref(server);
}
