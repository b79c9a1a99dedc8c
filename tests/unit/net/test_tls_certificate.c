// SPDX-License-Identifier: MIT
// What is said of files that do not hold what they should.
#include "wherry/net/tls_set.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/stat.h>

#include "tls_fixture.h"
#include "wherry/net/tls_tickets.h"

TestSuite(tls_certificate, .init = tls_fixture_enter, .fini = tls_fixture_leave);

static struct tls_fixture_pair make(const char *name)
{
	return tls_fixture_make(
		&(struct tls_fixture_wish){.common_name = name, .names = "DNS:a.test"});
}

// Loading says one line that begins and ends like this; NULL: it says nothing.
static void expect(
	const struct conf_tls *conf, bool is_good, const char *start, const char *end)
{
	struct buf text = BUF_INIT;
	struct tls_tickets *tickets = tls_tickets_create();
	struct conf_listener listener = {.name = "1.2.3.4:443", .tls = *conf};
	struct tls_set *set = tls_set_load(&listener, tickets, &text);
	buf_append(&text, "", 1);
	struct str line = str_from(text.data);
	cr_expect_eq(set != NULL, is_good, "%s", text.data);
	if (!start) {
		cr_expect_str_eq(text.data, "");
	} else {
		cr_expect(str_has_prefix(line, str_from(start)), "%s", text.data);
		cr_expect_eq(strchr(text.data, '\n'), text.data + line.length - 1, "%s",
			text.data);
		line.length -= line.length > 0;
		cr_expect(str_has_suffix_nocase(line, str_from(end)), "%s", text.data);
	}
	tls_set_unref(set);
	tls_tickets_unref(tickets);
	buf_finish(&text);
}

static void expect_pair(
	struct conf_certificate pair, bool is_good, const char *start, const char *end)
{
	expect(&(struct conf_tls){.certificates = &pair, .certificate_count = 1}, is_good,
		start, end);
}

static struct conf_file name_file(const char *path)
{
	return (struct conf_file){path, "test.yaml:9:1"};
}

Test(tls_certificate, is_silent_about_a_good_pair)
{
	struct tls_fixture_pair pair = make("a");
	expect_pair(tls_fixture_write("a", &pair), true, NULL, NULL);
	tls_fixture_free(&pair);
}

Test(tls_certificate, says_what_is_wrong_with_each_file)
{
	struct tls_fixture_pair pair = make("a"), other = make("b");
	struct conf_certificate good = tls_fixture_write("a", &pair);
	struct conf_certificate one = good;
	one.cert = name_file("/nonexistent/a.pem");
	expect_pair(one, false, "test.yaml:9:1: /nonexistent/a.pem can't be read: ",
		"No such file or directory");
	one.cert = name_file("/");
	expect_pair(one, false, "test.yaml:9:1: / ", "(expected PEM)");
	one.cert = name_file(tls_fixture_write_text("empty", ""));
	expect_pair(one, false, "test.yaml:9:1: ", "holds no certificate (expected PEM)");
	one.cert = name_file(good.key.path);
	expect_pair(one, false, "test.yaml:9:1: ", "holds no certificate (expected PEM)");
	one.cert = name_file(tls_fixture_write_text("broken",
		"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"));
	expect_pair(one, false, "test.yaml:9:1: ", "a broken certificate (expected PEM)");

	one = good;
	one.key = name_file("/nonexistent/a.key");
	expect_pair(one, false, "test.yaml:9:1: /nonexistent/a.key ",
		"No such file or directory");
	one.key = name_file(good.cert.path);
	expect_pair(one, false, "test.yaml:9:1: ", "holds no private key (expected PEM)");
	one.key = name_file(tls_fixture_write_key("other", other.key));
	expect_pair(one, false, "test.yaml:9:1: ", good.cert.path);
	one.key = name_file(tls_fixture_write_locked_key("locked", pair.key));
	expect_pair(one, false, "test.yaml:9:1: ",
		"is locked by a pass phrase (expected a key without one)");
	tls_fixture_free(&pair);
	tls_fixture_free(&other);
}

// SECURITY T62.
Test(tls_certificate, refuses_a_key_that_others_can_read)
{
	struct tls_fixture_pair pair = make("a");
	struct conf_certificate one = tls_fixture_write("a", &pair);
	cr_assert_eq(chmod(one.key.path, 0644), 0);
	expect_pair(one, false, "test.yaml:2:1: ", "found 0644)");
	cr_assert_eq(chmod(one.key.path, 0600), 0);
	cr_assert_eq(chmod(one.cert.path, 0644), 0);
	expect_pair(one, true, NULL, NULL);
	tls_fixture_free(&pair);
}

Test(tls_certificate, refuses_a_key_that_is_too_short)
{
	struct tls_fixture_pair pair =
		tls_fixture_make(&(struct tls_fixture_wish){.common_name = "a",
			.names = "DNS:a.test",
			.kind = TLS_FIXTURE_RSA,
			.rsa_bits = 1024});
	expect_pair(tls_fixture_write("a", &pair), false,
		"listener 1.2.3.4:443: tls: ", "ee key too small");
	tls_fixture_free(&pair);
}

Test(tls_certificate, warns_of_what_clients_will_not_like)
{
	static const struct {
		struct tls_fixture_wish wish;
		const char *said;
	} rows[] = {
		{{.common_name = "a",
			 .names = "DNS:a.test",
			 .valid_from_s = -100,
			 .valid_until_s = -10},
			"has expired"},
		{{.common_name = "b",
			 .names = "DNS:a.test",
			 .valid_from_s = 1000,
			 .valid_until_s = 2000},
			"is not valid yet"},
		{{.common_name = "no host"}, "names no host"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tls_fixture_pair pair = tls_fixture_make(&rows[i].wish);
		expect_pair(tls_fixture_write(rows[i].wish.common_name, &pair), true,
			"test.yaml:1:1: warning: ", rows[i].said);
		tls_fixture_free(&pair);
	}
}

Test(tls_certificate, looks_at_the_order_of_the_chain)
{
	struct tls_fixture_pair root = tls_fixture_make(
		&(struct tls_fixture_wish){.common_name = "root", .is_authority = true});
	struct tls_fixture_pair middle = tls_fixture_make(&(struct tls_fixture_wish){
		.common_name = "middle", .is_authority = true, .issuer = &root});
	struct tls_fixture_pair leaf = tls_fixture_make(&(struct tls_fixture_wish){
		.common_name = "leaf", .names = "DNS:a.test", .issuer = &middle});
	X509 *const good[] = {
		leaf.certificate, middle.certificate, root.certificate, NULL};
	X509 *const bad[] = {
		leaf.certificate, root.certificate, middle.certificate, NULL};
	struct conf_certificate one = tls_fixture_write("leaf", &leaf);
	one.cert.path = tls_fixture_write_chain("good", good);
	expect_pair(one, true, NULL, NULL);
	one.cert.path = tls_fixture_write_chain("bad", bad);
	expect_pair(one, true, "test.yaml:1:1: warning: ",
		"(expected each certificate before its issuer's)");
	tls_fixture_free(&leaf);
	tls_fixture_free(&middle);
	tls_fixture_free(&root);
}

Test(tls_certificate, judges_client_ca_and_ciphers_as_well)
{
	struct tls_fixture_pair pair = make("a");
	struct conf_certificate one = tls_fixture_write("a", &pair);
	struct conf_tls conf = {.certificates = &one, .certificate_count = 1};
	conf.client_ca = name_file("/nonexistent/ca.pem");
	expect(&conf, false, "test.yaml:9:1: /nonexistent/ca.pem can't be read: ",
		"No such file or directory");
	conf.client_ca = name_file(one.key.path);
	expect(&conf, false, "test.yaml:9:1: ", "holds no certificate (expected PEM)");
	conf.client_ca = name_file(one.cert.path);
	expect(&conf, true, NULL, NULL);
	conf.ciphers = "NONSENSE";
	expect(&conf, false,
		"listener 1.2.3.4:443: tls: ciphers: ", "none of them is known");
	conf.ciphers = "ECDHE";
	expect(&conf, true, NULL, NULL);
	conf.ciphersuites = "NONSENSE";
	expect(&conf, false,
		"listener 1.2.3.4:443: tls: ciphersuites: ", "none of them is known");
	tls_fixture_free(&pair);
}
