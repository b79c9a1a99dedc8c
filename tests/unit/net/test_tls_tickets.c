// SPDX-License-Identifier: MIT
#include "wherry/net/tls_tickets.h"

#include <criterion/criterion.h>

#include "tls_fixture.h"
#include "wherry/net/tls_server.h"

TestSuite(tls_tickets, .init = tls_fixture_enter, .fini = tls_fixture_leave);

// Takes over the tickets.
static struct tls_server *serve(struct tls_tickets *tickets)
{
	struct tls_fixture_pair pair = tls_fixture_make(&(struct tls_fixture_wish){
		.common_name = "a", .names = "DNS:a.example.com"});
	struct conf_certificate certificate = tls_fixture_write("a", &pair);
	struct conf_listener listener = {.name = "test",
		.tls = {.certificates = &certificate, .certificate_count = 1}};
	struct buf text = BUF_INIT;
	struct tls_set *set = tls_set_load(&listener, tickets, &text);
	cr_assert_not_null(set, "%.*s", STR_ARG(text));
	struct tls_server *server = tls_server_create(set);
	cr_assert_not_null(server);
	tls_set_unref(set);
	tls_tickets_unref(tickets);
	buf_finish(&text);
	tls_fixture_free(&pair);
	return server;
}

// As a client keeps it in a file: its own connection's end says nothing against it.
static SSL_SESSION *keep(SSL_SESSION *session)
{
	unsigned char *bytes = NULL;
	int length = session ? i2d_SSL_SESSION(session, &bytes) : 0;
	const unsigned char *at = bytes;
	SSL_SESSION *kept = length > 0 ? d2i_SSL_SESSION(NULL, &at, length) : NULL;
	OPENSSL_free(bytes);
	SSL_SESSION_free(session);
	return kept;
}

static struct tls_fixture_result ask(
	struct tls_server *server, int version, SSL_SESSION *session)
{
	SSL *ssl = tls_server_accept(server);
	struct tls_fixture_result result = tls_fixture_shake(
		ssl, &(struct tls_fixture_client){.server_name = "a.example.com",
			     .version = version,
			     .session = session});
	SSL_free(ssl);
	cr_assert(result.is_done);
	result.session = keep(result.session);
	return result;
}

// RFC 8446 appendix C.4: clients use a ticket once. Browsers do.
Test(tls_tickets, are_followed_by_new_ones_in_tls13)
{
	struct tls_server *server = serve(tls_tickets_create());
	struct tls_fixture_result first = ask(server, TLS1_3_VERSION, NULL);
	cr_assert_not_null(first.session);
	struct tls_fixture_result second = ask(server, TLS1_3_VERSION, first.session);
	cr_expect(second.is_resumed);
	cr_assert_not_null(second.session);
	struct tls_fixture_result third = ask(server, TLS1_3_VERSION, second.session);
	cr_expect(third.is_resumed);
	SSL_SESSION_free(first.session);
	SSL_SESSION_free(second.session);
	SSL_SESSION_free(third.session);
	tls_server_unref(server);
}

// As another process would, which takes over from this one.
Test(tls_tickets, open_with_the_keys_of_another_ring)
{
	struct tls_tickets *own = tls_tickets_create(), *other = tls_tickets_create();
	struct tls_tickets_keys keys;
	cr_assert(own && other);
	tls_tickets_copy(own, &keys);
	tls_tickets_adopt(other, &keys);
	struct tls_server *here = serve(own), *there = serve(other);
	struct tls_fixture_result first = ask(here, TLS1_3_VERSION, NULL);
	cr_assert_not_null(first.session);
	struct tls_fixture_result second = ask(there, TLS1_3_VERSION, first.session);
	cr_expect(second.is_resumed);
	SSL_SESSION_free(first.session);
	SSL_SESSION_free(second.session);
	tls_server_unref(here);
	tls_server_unref(there);
}
