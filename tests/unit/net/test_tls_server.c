// SPDX-License-Identifier: MIT
#include "wherry/net/tls_server.h"

#include <criterion/criterion.h>

#include "tls_fixture.h"
#include "wherry/net/tls_tickets.h"

TestSuite(tls_server, .init = tls_fixture_enter, .fini = tls_fixture_leave);

static struct tls_set *load(const struct conf_tls *conf)
{
	struct conf_listener listener = {.name = "test", .tls = *conf};
	struct buf text = BUF_INIT;
	struct tls_tickets *tickets = tls_tickets_create();
	struct tls_set *set = tls_set_load(&listener, tickets, &text);
	cr_assert_not_null(set, "%.*s", STR_ARG(text));
	tls_tickets_unref(tickets);
	buf_finish(&text);
	return set;
}

static struct tls_fixture_pair make(const char *common_name, const char *names)
{
	return tls_fixture_make(
		&(struct tls_fixture_wish){.common_name = common_name, .names = names});
}

static struct tls_fixture_result ask(struct tls_server *server, const char *name)
{
	SSL *ssl = tls_server_accept(server);
	struct tls_fixture_result result =
		tls_fixture_shake(ssl, &(struct tls_fixture_client){.server_name = name});
	SSL_free(ssl);
	SSL_SESSION_free(result.session);
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
		{"unknown.example.com", "a"},
		{NULL, "a"},
	};
	struct tls_fixture_pair pairs[] = {
		make("a", "DNS:a.example.com"),
		make("b", "DNS:b.example.com,DNS:exact.w.example.com"),
		make("w", "DNS:*.w.example.com"),
	};
	struct conf_certificate certificates[] = {
		tls_fixture_write("a", &pairs[0]),
		tls_fixture_write("b", &pairs[1]),
		tls_fixture_write("w", &pairs[2]),
	};
	struct tls_set *set = load(
		&(struct conf_tls){.certificates = certificates, .certificate_count = 3});
	struct tls_server *server = tls_server_create(set);
	tls_set_unref(set);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tls_fixture_result result = ask(server, rows[i].name);
		cr_expect(result.is_done);
		cr_expect_str_eq(result.common_name, rows[i].expected, "%s: %s",
			rows[i].name ? rows[i].name : "no name", result.common_name);
	}
	tls_server_destroy(server);
	for (size_t i = 0; i < 3; i++)
		tls_fixture_free(&pairs[i]);
}
