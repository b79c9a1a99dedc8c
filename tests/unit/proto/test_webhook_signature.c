// SPDX-License-Identifier: MIT
// Signatures of webhooks: published vectors, and each way to be wrong (SECURITY T32).
#include "wherry/proto/webhook_signature.h"

#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>
#include <openssl/evp.h>

#include "wherry/base/base64.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define OTHER "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
#define ID "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define SENT "1614265330"
#define BODY "{\"test\": 2432232314}"
#define SIGNED "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
#define HEX "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
#define TWO_WRONG                                                                        \
	"v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= "                               \
	"v1,BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA= "

static const uint64_t sent_ms = UINT64_C(1614265330) * 1000;
static const uint64_t tolerance_ms = 5 * 60 * 1000;

struct row {
	const char *name;
	const char *secrets;
	const char *signature, *id, *timestamp, *body;
	enum webhook_signature_result expected;
};

static void expect_result(enum webhook_scheme scheme, const struct row *row)
{
	struct webhook_keys_error error;
	struct webhook_keys *keys =
		webhook_keys_create(scheme, str_from(row->secrets), &error);
	struct webhook_delivery delivery = {
		.signature = str_from(row->signature),
		.id = str_from(row->id),
		.timestamp = str_from(row->timestamp),
		.body = str_from(row->body),
	};
	cr_assert_not_null(keys, "%s: %s", row->name, error.text);
	cr_expect_eq(webhook_signature_verify(keys, &delivery, sent_ms, tolerance_ms),
		row->expected, "%s", row->name);
	webhook_keys_destroy(keys);
}

Test(webhook_signature, verifies_standard_webhooks)
{
	static const struct row rows[] = {
		{"the published vector", SECRET, SIGNED, ID, SENT, BODY,
			WEBHOOK_SIGNATURE_OK},
		{"one of several", SECRET, TWO_WRONG SIGNED, ID, SENT, BODY,
			WEBHOOK_SIGNATURE_OK},
		{"before others", SECRET, SIGNED " " TWO_WRONG, ID, SENT, BODY,
			WEBHOOK_SIGNATURE_OK},
		{"beside unknown versions", SECRET, "v2,abc v1b,x= v " SIGNED, ID, SENT,
			BODY, WEBHOOK_SIGNATURE_OK},
		{"with the second secret", OTHER "\n" SECRET, SIGNED, ID, SENT, BODY,
			WEBHOOK_SIGNATURE_OK},
		// Wrong
		{"another secret", OTHER, SIGNED, ID, SENT, BODY,
			WEBHOOK_SIGNATURE_WRONG},
		{"another id", SECRET, SIGNED, "msg_x", SENT, BODY,
			WEBHOOK_SIGNATURE_WRONG},
		{"another time", SECRET, SIGNED, ID, "1614265331", BODY,
			WEBHOOK_SIGNATURE_WRONG},
		{"another spelling of the time", SECRET, SIGNED, ID, "01614265330", BODY,
			WEBHOOK_SIGNATURE_WRONG},
		{"another body", SECRET, SIGNED, ID, SENT, BODY " ",
			WEBHOOK_SIGNATURE_WRONG},
		{"no body", SECRET, SIGNED, ID, SENT, "", WEBHOOK_SIGNATURE_WRONG},
		{"others alone", SECRET, TWO_WRONG, ID, SENT, BODY,
			WEBHOOK_SIGNATURE_WRONG},
		{"one of Ed25519's for a secret", SECRET,
			"v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OGDSEz1KwT45M8lMa3"
			"+2Ygq1LJmUTe4UkQtWU0g4snU4Q==",
			ID, SENT, BODY, WEBHOOK_SIGNATURE_WRONG},
		// Missing
		{"no signature", SECRET, "", ID, SENT, BODY, WEBHOOK_SIGNATURE_MISSING},
		{"no id", SECRET, SIGNED, "", SENT, BODY, WEBHOOK_SIGNATURE_MISSING},
		{"no time", SECRET, SIGNED, ID, "", BODY, WEBHOOK_SIGNATURE_MISSING},
		// Unreadable
		{"a dot in the id", SECRET, SIGNED, "msg.p5j", SENT, BODY,
			WEBHOOK_SIGNATURE_BAD},
		{"a space in the id", SECRET, SIGNED, "msg p5j", SENT, BODY,
			WEBHOOK_SIGNATURE_BAD},
		{"a fraction of a second", SECRET, SIGNED, ID, "1614265330.0", BODY,
			WEBHOOK_SIGNATURE_BAD},
		{"a signed time", SECRET, SIGNED, ID, "+1614265330", BODY,
			WEBHOOK_SIGNATURE_BAD},
		{"a time too long", SECRET, SIGNED, ID, "99999999999999999999", BODY,
			WEBHOOK_SIGNATURE_BAD},
		{"no version", SECRET, &SIGNED[3], ID, SENT, BODY, WEBHOOK_SIGNATURE_BAD},
		{"unknown versions alone", SECRET, "v2,abc", ID, SENT, BODY,
			WEBHOOK_SIGNATURE_BAD},
		{"too short", SECRET, "v1,g0hM9SsE", ID, SENT, BODY,
			WEBHOOK_SIGNATURE_BAD},
		{"no padding", SECRET, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE",
			ID, SENT, BODY, WEBHOOK_SIGNATURE_BAD},
		{"nine of them", SECRET, TWO_WRONG TWO_WRONG TWO_WRONG TWO_WRONG SIGNED,
			ID, SENT, BODY, WEBHOOK_SIGNATURE_BAD},
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		expect_result(WEBHOOK_STANDARD, &rows[i]);
}

Test(webhook_signature, verifies_github)
{
	static const char secret[] = "It's a Secret to Everybody";
	static const struct row rows[] = {
		{"the published vector", secret, "sha256=" HEX, "", "", "Hello, World!",
			WEBHOOK_SIGNATURE_OK},
		{"with the second secret",
			"another secret of it\nIt's a Secret to Everybody", "sha256=" HEX,
			"", "", "Hello, World!", WEBHOOK_SIGNATURE_OK},
		{"another body", secret, "sha256=" HEX, "", "", "Hello, World",
			WEBHOOK_SIGNATURE_WRONG},
		{"another secret", "it's a Secret to Everybody", "sha256=" HEX, "", "",
			"Hello, World!", WEBHOOK_SIGNATURE_WRONG},
		{"none", secret, "", "", "", "Hello, World!", WEBHOOK_SIGNATURE_MISSING},
		{"no prefix", secret, HEX, "", "", "Hello, World!",
			WEBHOOK_SIGNATURE_BAD},
		{"the old kind", secret, "sha1=" HEX, "", "", "Hello, World!",
			WEBHOOK_SIGNATURE_BAD},
		{"one digit less", secret, &("sha256=" HEX)[1], "", "", "Hello, World!",
			WEBHOOK_SIGNATURE_BAD},
		{"one more", secret, "sha256=" HEX "0", "", "", "Hello, World!",
			WEBHOOK_SIGNATURE_BAD},
		{"base64", secret, "sha256=dXEH6g6yUJ/CESIczphLijdXC211hsIsRvQ3nIsEPhc=",
			"", "", "Hello, World!", WEBHOOK_SIGNATURE_BAD},
		{"no hex", secret,
			"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c"
			"8b043e1g",
			"", "", "Hello, World!", WEBHOOK_SIGNATURE_BAD},
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		expect_result(WEBHOOK_GITHUB, &rows[i]);
}

Test(webhook_signature, verifies_hmac_of_the_body)
{
	static const char secret[] = "It's a Secret to Everybody";
	static const struct row rows[] = {
		{"hex", secret, HEX, "", "", "Hello, World!", WEBHOOK_SIGNATURE_OK},
		{"hex with its name", secret, "sha256=" HEX, "", "", "Hello, World!",
			WEBHOOK_SIGNATURE_OK},
		{"hex in capitals", secret,
			"757107EA0EB2509FC211221CCE984B8A37570B6D7586C22C46F4379C8B043E1"
			"7",
			"", "", "Hello, World!", WEBHOOK_SIGNATURE_OK},
		{"base64", secret, "dXEH6g6yUJ/CESIczphLijdXC211hsIsRvQ3nIsEPhc=", "", "",
			"Hello, World!", WEBHOOK_SIGNATURE_OK},
		{"another body", secret, HEX, "", "", "Hello, World?",
			WEBHOOK_SIGNATURE_WRONG},
		{"another name", secret, "sha512=" HEX, "", "", "Hello, World!",
			WEBHOOK_SIGNATURE_BAD},
		{"nothing of it", secret, "sha256=", "", "", "Hello, World!",
			WEBHOOK_SIGNATURE_BAD},
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		expect_result(WEBHOOK_HMAC_SHA256, &rows[i]);
}

static enum webhook_signature_result verify_at(uint64_t now_ms, uint64_t within_ms)
{
	struct webhook_keys_error error;
	struct webhook_keys *keys =
		webhook_keys_create(WEBHOOK_STANDARD, STR(SECRET), &error);
	struct webhook_delivery delivery = {.signature = STR(SIGNED),
		.id = STR(ID),
		.timestamp = STR(SENT),
		.body = STR(BODY)};
	enum webhook_signature_result result =
		webhook_signature_verify(keys, &delivery, now_ms, within_ms);
	webhook_keys_destroy(keys);
	return result;
}

Test(webhook_signature, holds_the_time_against_the_clock)
{
	cr_expect_eq(
		verify_at(sent_ms - tolerance_ms, tolerance_ms), WEBHOOK_SIGNATURE_OK);
	cr_expect_eq(
		verify_at(sent_ms + tolerance_ms, tolerance_ms), WEBHOOK_SIGNATURE_OK);
	cr_expect_eq(verify_at(sent_ms - tolerance_ms - 1, tolerance_ms),
		WEBHOOK_SIGNATURE_STALE);
	cr_expect_eq(verify_at(sent_ms + tolerance_ms + 1, tolerance_ms),
		WEBHOOK_SIGNATURE_STALE);
	// The clock jumps.
	cr_expect_eq(verify_at(0, tolerance_ms), WEBHOOK_SIGNATURE_STALE);
	cr_expect_eq(verify_at(UINT64_MAX, tolerance_ms), WEBHOOK_SIGNATURE_STALE);
}

// One bit at each place of the decoded signature, and one letter of the body.
Test(webhook_signature, refuses_a_wrong_byte_wherever_it_is)
{
	struct webhook_keys_error error;
	struct webhook_keys *keys = webhook_keys_create(
		WEBHOOK_GITHUB, STR("It's a Secret to Everybody"), &error);
	char signature[] = "sha256=" HEX;
	char body[] = "Hello, World!";
	struct webhook_delivery delivery = {
		.signature = STR(signature), .body = STR(body)};
	for (size_t i = 7; i < sizeof(signature) - 1; i++) {
		char right = signature[i];
		signature[i] = right == '0' ? '1' : '0';
		cr_expect_eq(webhook_signature_verify(keys, &delivery, 0, 0),
			WEBHOOK_SIGNATURE_WRONG, "digit %zu", i);
		signature[i] = right;
	}
	for (size_t i = 0; i < sizeof(body) - 1; i++) {
		body[i] ^= 1;
		cr_expect_eq(webhook_signature_verify(keys, &delivery, 0, 0),
			WEBHOOK_SIGNATURE_WRONG, "byte %zu", i);
		body[i] ^= 1;
	}
	cr_expect_eq(
		webhook_signature_verify(keys, &delivery, 0, 0), WEBHOOK_SIGNATURE_OK);
	webhook_keys_destroy(keys);
}

static void sign(EVP_PKEY *key, const char *content, struct buf *out)
{
	uint8_t bytes[64];
	size_t length = sizeof(bytes);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	cr_assert(EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1);
	cr_assert(EVP_DigestSign(context, bytes, &length, (const uint8_t *)content,
			  strlen(content)) == 1);
	EVP_MD_CTX_free(context);
	buf_append_str(out, STR("v1a,"));
	base64_encode(out, (struct str){(char *)bytes, length});
}

Test(webhook_signature, verifies_ed25519)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	uint8_t public_key[32];
	size_t length = sizeof(public_key);
	struct buf secrets = BUF_INIT, right = BUF_INIT, wrong = BUF_INIT;
	struct webhook_keys_error error;
	cr_assert(EVP_PKEY_get_raw_public_key(key, public_key, &length) == 1);
	buf_append_str(&secrets, STR(SECRET "\nwhpk_"));
	base64_encode(&secrets, (struct str){(char *)public_key, length});
	struct webhook_keys *keys =
		webhook_keys_create(WEBHOOK_STANDARD, buf_str(&secrets), &error);
	cr_assert_not_null(keys);
	sign(key, "id1." SENT ".body", &right);
	sign(key, "id1." SENT ".bodx", &wrong);
	struct webhook_delivery delivery = {.signature = buf_str(&right),
		.id = STR("id1"),
		.timestamp = STR(SENT),
		.body = STR("body")};
	cr_expect_eq(webhook_signature_verify(keys, &delivery, sent_ms, tolerance_ms),
		WEBHOOK_SIGNATURE_OK);
	delivery.signature = buf_str(&wrong);
	cr_expect_eq(webhook_signature_verify(keys, &delivery, sent_ms, tolerance_ms),
		WEBHOOK_SIGNATURE_WRONG);
	buf_append_str(&wrong, STR(" "));
	buf_append_str(&wrong, buf_str(&right));
	delivery.signature = buf_str(&wrong);
	cr_expect_eq(webhook_signature_verify(keys, &delivery, sent_ms, tolerance_ms),
		WEBHOOK_SIGNATURE_OK);
	webhook_keys_destroy(keys);
	EVP_PKEY_free(key);
	buf_finish(&secrets);
	buf_finish(&right);
	buf_finish(&wrong);
}

Test(webhook_signature, is_not_carried_over_by_a_failure)
{
	// The same keys serve all workers: a wrong one must leave nothing behind.
	struct webhook_keys_error error;
	struct webhook_keys *keys =
		webhook_keys_create(WEBHOOK_STANDARD, STR(OTHER "\n" SECRET), &error);
	struct webhook_delivery good = {.signature = STR(SIGNED),
		.id = STR(ID),
		.timestamp = STR(SENT),
		.body = STR(BODY)};
	struct webhook_delivery bad = good;
	bad.body = STR("x");
	for (int i = 0; i < 3; i++) {
		cr_expect_eq(webhook_signature_verify(keys, &bad, sent_ms, tolerance_ms),
			WEBHOOK_SIGNATURE_WRONG);
		cr_expect_eq(webhook_signature_verify(keys, &good, sent_ms, tolerance_ms),
			WEBHOOK_SIGNATURE_OK);
	}
	webhook_keys_destroy(keys);
}
