// SPDX-License-Identifier: MIT
// Clients that show a certificate, and those that should.
#include "wherry/net/tls_server.h"

#include <criterion/criterion.h>

#include "tls_fixture.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static struct tls_fixture_pair authority, ours, theirs;
static struct conf_certificate certificate;
static struct conf_file client_ca;

static void enter(void)
{
	tls_fixture_enter();
	authority = tls_fixture_make(
		&(struct tls_fixture_wish){.common_name = "CA", .is_authority = true});
	ours = tls_fixture_make(&(struct tls_fixture_wish){.common_name = "al\xc3\xaf"
									  "ce, \"x\"\r\n",
		.issuer = &authority});
	theirs = tls_fixture_make(&(struct tls_fixture_wish){.common_name = "mallory"});
	struct tls_fixture_pair server = tls_fixture_make(
		&(struct tls_fixture_wish){.common_name = "a", .names = "DNS:a.test"});
	X509 *const chain[] = {authority.certificate, NULL};
	certificate = tls_fixture_write("a", &server);
	client_ca =
		(struct conf_file){tls_fixture_write_chain("ca", chain), "test.yaml:3:1"};
	tls_fixture_free(&server);
}

static void leave(void)
{
	tls_fixture_free(&authority);
	tls_fixture_free(&ours);
	tls_fixture_free(&theirs);
	tls_fixture_leave();
}

TestSuite(tls_client, .init = enter, .fini = leave);

static struct tls_server *serve(bool is_optional)
{
	return tls_fixture_serve(&(struct conf_tls){.certificates = &certificate,
					 .certificate_count = 1,
					 .client_ca = client_ca,
					 .is_client_auth_optional = is_optional},
		NULL);
}

Test(tls_client, needs_a_certificate_of_the_authority)
{
	static const struct {
		bool is_optional;
		const struct tls_fixture_pair *pair;
		bool is_done;
	} rows[] = {
		{false, NULL, false},
		{false, &ours, true},
		{false, &theirs, false},
		{true, NULL, true},
		{true, &ours, true},
		// Optional is not "anything goes".
		{true, &theirs, false},
	};
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tls_server *server = serve(rows[i].is_optional);
		for (size_t v = 0; v < COUNT(versions); v++) {
			SSL *ssl = tls_server_accept(server);
			struct tls_fixture_result result = tls_fixture_shake(
				ssl, &(struct tls_fixture_client){.pair = rows[i].pair,
					     .version = versions[v]});
			cr_expect_eq(result.is_done, rows[i].is_done, "row %zu", i);
			cr_expect(tls_server_asks_client(ssl));
			SSL_SESSION_free(result.session);
			SSL_free(ssl);
		}
		tls_server_unref(server);
	}
}

static void expect_slice(struct str slice, const char *expected)
{
	cr_expect(str_equal(slice, str_from(expected)), "%.*s", STR_ARG(slice));
}

// Whatever the name holds, it is one line of ASCII.
Test(tls_client, is_known_by_its_certificate)
{
	struct tls_server *server = serve(true);
	struct buf text = BUF_INIT;
	struct tls_server_client client;
	SSL *ssl = tls_server_accept(server);
	struct tls_fixture_result result =
		tls_fixture_shake(ssl, &(struct tls_fixture_client){.pair = &ours});
	cr_assert(tls_server_client_read(ssl, &text, &client));
	expect_slice(client.subject, "CN=al\\C3\\AFce\\, \\\"x\\\"\\0D\\0A");
	expect_slice(client.issuer, "CN=CA");
	cr_expect_gt(client.serial.length, 0);
	cr_expect_eq(client.fingerprint.length, 64);
	SSL_SESSION *session = result.session;
	SSL_free(ssl);

	// Also when it is the session that it was shown in.
	ssl = tls_server_accept(server);
	result = tls_fixture_shake(
		ssl, &(struct tls_fixture_client){.pair = &ours, .session = session});
	cr_expect(result.is_resumed);
	cr_assert(tls_server_client_read(ssl, &text, &client));
	expect_slice(client.issuer, "CN=CA");
	SSL_SESSION_free(result.session);
	SSL_SESSION_free(session);
	SSL_free(ssl);

	ssl = tls_server_accept(server);
	result = tls_fixture_shake(ssl, &(struct tls_fixture_client){0});
	cr_expect(result.is_done);
	cr_expect_not(tls_server_client_read(ssl, &text, &client));
	SSL_SESSION_free(result.session);
	SSL_free(ssl);
	buf_finish(&text);
	tls_server_unref(server);
}

Test(tls_client, is_not_asked_without_an_authority)
{
	struct tls_server *server = tls_fixture_serve(
		&(struct conf_tls){.certificates = &certificate, .certificate_count = 1},
		NULL);
	SSL *ssl = tls_server_accept(server);
	struct buf text = BUF_INIT;
	struct tls_server_client client;
	struct tls_fixture_result result =
		tls_fixture_shake(ssl, &(struct tls_fixture_client){.pair = &ours});
	cr_expect(result.is_done);
	cr_expect_not(tls_server_asks_client(ssl));
	cr_expect_not(tls_server_client_read(ssl, &text, &client));
	SSL_SESSION_free(result.session);
	SSL_free(ssl);
	tls_server_unref(server);
}
