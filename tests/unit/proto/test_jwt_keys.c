// SPDX-License-Identifier: MIT
#include "wherry/proto/jwt_keys.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../src/proto/jwt_keys_priv.h"
#include "jwt_maker.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define SET(keys) "{\"keys\": [" keys "]}"
// RFC 7515 appendix A.1 and A.3.
#define SECRET                                                                           \
	"\"kty\": \"oct\", \"k\": \"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-"       \
	"1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow\""
#define X "\"x\": \"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\""
#define Y "\"y\": \"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\""
#define POINT "\"kty\": \"EC\", \"crv\": \"P-256\", " X ", " Y

static struct jwt_keys *create(
	const char *text, uint32_t algorithms, struct jwt_keys_error *ret_error)
{
	*ret_error = (struct jwt_keys_error){0};
	return jwt_keys_create(str_from(text), algorithms, ret_error);
}

static void expect_one(const char *text, uint32_t algorithms)
{
	struct jwt_keys_error error;
	struct jwt_keys *keys = create(text, algorithms, &error);
	cr_assert(keys, "%s: %s", text, error.text);
	cr_expect_eq(keys->count, 1, "%s", text);
	jwt_keys_destroy(keys);
}

Test(jwt_keys, loads_each_type)
{
	struct jwt_keys_error error;
	cjose_jwk_t *rsa = cjose_jwk_create_RSA_random(2048, NULL, 0, NULL);
	cjose_jwk_t *p384 = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_384, NULL);
	cjose_jwk_t *p521 = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_521, NULL);
	const cjose_jwk_t *const jwks[] = {rsa, rsa, p384, p521};
	static const char *const MEMBERS[] = {
		"\"alg\": \"RS256\", \"kid\": \"a\", \"use\": \"sig\"",
		"\"alg\": \"PS512\", \"key_ops\": [\"verify\"]", "", ""};
	for (size_t i = 0; i < COUNT(MEMBERS); i++) {
		char *set = jwt_maker_set(jwks[i], MEMBERS[i]);
		struct jwt_keys *keys = create(set, 0, &error);
		cr_assert(keys, "%s: %s", set, error.text);
		cr_expect_eq(keys->count, 1);
		cr_expect_not(jwt_keys_has_secret(keys));
		jwt_keys_destroy(keys);
		free(set);
	}
	cjose_jwk_release(rsa);
	cjose_jwk_release(p384);
	cjose_jwk_release(p521);
	struct jwt_keys *keys =
		create(SET("{" SECRET ", \"alg\": \"HS512\"}"), 0, &error);
	cr_assert(keys, "%s", error.text);
	cr_expect(jwt_keys_has_secret(keys));
	jwt_keys_destroy(keys);
}

Test(jwt_keys, fixes_one_algorithm_for_each)
{
	struct jwt_keys_error error;
	uint32_t es = jwt_algorithm_bit(JWT_ES256);
	uint32_t hs256 = jwt_algorithm_bit(JWT_HS256);
	uint32_t hs = hs256 | jwt_algorithm_bit(JWT_HS384);
	expect_one(SET("{" POINT "}"), 0);
	expect_one(SET("{" SECRET "}"), hs256);
	expect_one(SET("{" SECRET "}, {" POINT "}"), hs256);
	expect_one(SET("{" SECRET ", \"alg\": \"HS256\"}, {" POINT "}"), es);
	cr_expect_null(create(SET("{" SECRET "}"), 0, &error));
	cr_expect(strstr(error.text, "several fit"), "%s", error.text);
	cr_expect_null(create(SET("{" SECRET "}"), hs, &error));
	cr_expect(strstr(error.text, "several fit"), "%s", error.text);
	cr_expect_null(create(SET("{" SECRET ", \"alg\": \"HS256\"}"), es, &error));
	cr_expect(strstr(error.text, "can be used"), "%s", error.text);
}

Test(jwt_keys, leaves_out_keys_of_other_purposes)
{
	static const char *const OTHERS[] = {
		"{\"kty\": \"OKP\", \"crv\": \"Ed25519\", \"x\": \"AA\"}",
		"{\"kty\": \"OKP\", \"crv\": \"Ed25519\", \"x\": \"AA\", \"alg\": "
		"\"EdDSA\"}",
		"{\"kty\": \"EC\", \"crv\": \"secp256k1\", " X ", " Y "}",
		"{" POINT ", \"use\": \"enc\"}",
		"{" POINT ", \"use\": 1}",
		"{" POINT ", \"key_ops\": [\"deriveKey\", 7]}",
		"{" POINT ", \"alg\": \"ECDH-ES\"}",
		"{" SECRET ", \"alg\": \"A256KW\"}",
	};
	struct jwt_keys_error error;
	for (size_t i = 0; i < COUNT(OTHERS); i++) {
		char text[1024];
		(void)snprintf(text, sizeof(text), SET("%s, {" POINT "}"), OTHERS[i]);
		expect_one(text, 0);
		(void)snprintf(text, sizeof(text), SET("%s"), OTHERS[i]);
		cr_expect_null(create(text, 0, &error), "%s", text);
	}
}

Test(jwt_keys, refuses_bad_sets)
{
	static const struct {
		const char *text;
		const char *error;
	} ROWS[] = {
		{"{\"kty\": \"oct\"}", "not a JWK Set"},
		{"[]", "not a JWK Set"},
		{"{\"keys\": {}}", "not a JWK Set"},
		{"{\"keys\": []}", "there is no key"},
		{SET("1"), "keys[0]: not an object"},
		{SET("{}"), "has no \"kty\""},
		{SET("{" POINT "}, {" SECRET ", \"alg\": 5}"),
			"keys[1]: \"alg\" is no text"},
		{SET("{" POINT ", \"kid\": 5}"), "\"kid\" is no text"},
		// "alg" and "kty" that differ: a public key must never be a secret.
		{SET("{" POINT ", \"alg\": \"HS256\"}"), "does not fit"},
		{SET("{" POINT ", \"alg\": \"ES384\"}"), "does not fit"},
		{SET("{" POINT ", \"alg\": \"RS256\"}"), "does not fit"},
		{SET("{" SECRET ", \"alg\": \"RS256\"}"), "does not fit"},
		{SET("{\"kty\": \"OKP\", \"alg\": \"ES256\"}"), "does not fit"},
		// Weak or broken numbers.
		{SET("{\"kty\": \"oct\", \"alg\": \"HS256\", \"k\": "
		     "\"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MA\"}"),
			"31 bytes is too short for HS256 (expected at least 32)"},
		{SET("{\"kty\": \"oct\", \"alg\": \"HS256\", \"k\": \"Zg==\"}"),
			"no secret in base64url"},
		{SET("{\"kty\": \"oct\", \"alg\": \"HS256\"}"), "no secret"},
		{SET("{\"kty\": \"EC\", \"crv\": \"P-256\", " X "}"), "no coordinate"},
		{SET("{\"kty\": \"EC\", \"crv\": \"P-256\", " X ", \"y\": \"AAAA\"}"),
			"no coordinate"},
		{SET("{\"kty\": \"EC\", \"crv\": \"P-256\", " X ", \"y\": "
		     "\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5aw\"}"),
			"not a valid key"}, // not on the curve
		{SET("{\"kty\": \"RSA\", \"alg\": \"RS256\", \"n\": \"AQAB\", \"e\": "
		     "\"AQAB\"}"),
			"17 bits (expected 2048 to 8192)"},
		{SET("{" POINT ", \"d\": \"AAAA\"}"), "a private key"},
		// Two that a token could not tell apart.
		{SET("{" POINT "}, {" POINT "}"), "keys[1]: another key has the same"},
		{SET("{" POINT ", \"kid\": \"a\"}, {" POINT ", \"kid\": \"a\"}"),
			"another key has the same"},
		{SET("{" POINT ", \"kty\": \"EC\"}"), "duplicate"},
	};
	for (size_t i = 0; i < COUNT(ROWS); i++) {
		struct jwt_keys_error error;
		struct jwt_keys *keys = create(ROWS[i].text, 0, &error);
		cr_expect_null(keys, "%s", ROWS[i].text);
		cr_expect(strstr(error.text, ROWS[i].error), "%s: %s", ROWS[i].text,
			error.text);
		jwt_keys_destroy(keys);
	}
}

Test(jwt_keys, refuses_weak_rsa)
{
	static const uint8_t THREE[] = {3};
	struct jwt_keys_error error;
	cjose_jwk_t *weak = cjose_jwk_create_RSA_random(1024, THREE, 1, NULL);
	char *set = jwt_maker_set(weak, "\"alg\": \"RS256\"");
	cr_expect_null(create(set, 0, &error));
	cr_expect(strstr(error.text, "1024 bits"), "%s", error.text);
	free(set);
	cjose_jwk_release(weak);

	cjose_jwk_t *good = cjose_jwk_create_RSA_random(2048, NULL, 0, NULL);
	set = jwt_maker_set(good, "\"alg\": \"RS256\"");
	char *exponent = strstr(set, "\"AQAB\"");
	cr_assert(exponent);
	memcpy(exponent, "\"AQ\"  ", 6); // 1
	cr_expect_null(create(set, 0, &error));
	cr_expect(strstr(error.text, "exponent"), "%s", error.text);
	memcpy(exponent, "\"AQAA\"", 6); // even
	cr_expect_null(create(set, 0, &error));
	memcpy(exponent, "\"AAAD\"", 6); // 3, with zeros in front
	expect_one(set, 0);
	free(set);
	cjose_jwk_release(good);
}

Test(jwt_keys, says_where_the_syntax_is_wrong)
{
	struct jwt_keys_error error;
	cr_expect_null(create("{\n \"keys\": [}\n", 0, &error));
	cr_expect_eq(error.line, 2);
	cr_expect_geq(error.column, 10);
	cr_expect_null(create("", 0, &error));
	cr_expect_eq(error.line, 1);
	cr_expect_null(jwt_keys_create((struct str){0}, 0, &error));
	char *long_text = calloc(1, JWT_KEYS_MAX_BYTES + 1);
	cr_expect_null(jwt_keys_create(
		(struct str){long_text, JWT_KEYS_MAX_BYTES + 1}, 0, &error));
	cr_expect(strstr(error.text, "1 MiB"));
	free(long_text);
}

Test(jwt_keys, reads_every_cut_of_a_set)
{
	static const char WHOLE[] = SET("{" POINT ", \"kid\": \"a\"}");
	for (size_t length = 0; length < sizeof(WHOLE) - 1; length++) {
		struct jwt_keys_error error;
		cr_expect_null(jwt_keys_create((struct str){WHOLE, length}, 0, &error),
			"%zu", length);
	}
}
