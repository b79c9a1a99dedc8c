// SPDX-License-Identifier: MIT
// What the claims of a token with a good signature mean (RFC 7519 section 4.1).
#include "wherry/proto/jwt.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jwt_maker.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define NOW_MS UINT64_C(1000000)
#define LIVING "\"exp\": 1001"
#define NO_TIME "the token's exp or nbf is not a time"
#define EXPIRED "the token has expired"
#define EARLY "the token is not valid yet"
#define ISSUER "the token is of another issuer"
#define AUDIENCE "the token is for another audience"
#define LACKS "the token lacks a claim that this route asks for"

static struct jwt_keys *load_keys(void)
{
	struct jwt_keys_error error;
	struct jwt_keys *keys = jwt_keys_create(
		STR("{\"keys\": [{\"kty\": \"oct\", \"alg\": \"HS256\", \"k\": "
		    "\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\"}]}"),
		0, &error);
	cr_assert(keys);
	return keys;
}

static enum jwt_result verify(const struct jwt_policy *policy, const char *claims,
	struct jwt *ret_jwt, const char **reterr_text)
{
	char *token = jwt_maker_hmac(STR("0123456789abcdef0123456789abcdef"), "SHA256",
		"{\"alg\": \"HS256\"}", claims);
	enum jwt_result result =
		jwt_verify(policy, str_from(token), NOW_MS, ret_jwt, reterr_text);
	free(token);
	return result;
}

struct row {
	const char *claims;
	const char *error; // NULL: it is good
};

static void expect_rows(struct jwt_policy policy, const struct row *rows, size_t count)
{
	struct jwt_keys *keys = load_keys();
	policy.keys = keys;
	for (size_t i = 0; i < count; i++) {
		const char *error = NULL;
		struct jwt jwt;
		enum jwt_result result = verify(&policy, rows[i].claims, &jwt, &error);
		cr_expect_eq(result == JWT_OK, rows[i].error == NULL, "%s: %s",
			rows[i].claims, error);
		if (rows[i].error && error)
			cr_expect_str_eq(error, rows[i].error, "%s", rows[i].claims);
		cr_expect_eq(result == JWT_INSUFFICIENT,
			rows[i].error && strcmp(rows[i].error, LACKS) == 0);
		jwt_finish(&jwt);
	}
	jwt_keys_destroy(keys);
}

Test(jwt_claims, knows_when_a_token_lives)
{
	static const struct row ROWS[] = {
		{"{\"exp\": 1001}", NULL},
		{"{\"exp\": 1000.5}", NULL},
		{"{\"exp\": 1e3}", EXPIRED},
		{"{\"exp\": 1000}", EXPIRED},
		{"{\"exp\": 999}", EXPIRED},
		{"{\"exp\": 0}", EXPIRED},
		{"{\"exp\": -1}", EXPIRED},
		{"{\"exp\": 9223372036854775807}", NULL},
		{"{\"exp\": 1e300}", NULL},
		{"{\"exp\": 99999999999999999999}",
			"the token's claims are not a JSON object"},
		{"{\"exp\": 1e999}", "the token's claims are not a JSON object"},
		{"{}", "the token has no exp"},
		{"{\"exp\": \"1001\"}", NO_TIME},
		{"{\"exp\": null}", NO_TIME},
		{"{\"exp\": [1001]}", NO_TIME},
		{"{" LIVING ", \"nbf\": 1000}", NULL},
		{"{" LIVING ", \"nbf\": -5}", NULL},
		{"{" LIVING ", \"nbf\": 1000.002}", EARLY},
		{"{" LIVING ", \"nbf\": 1001}", EARLY},
		{"{" LIVING ", \"nbf\": 1e300}", EARLY},
		{"{" LIVING ", \"nbf\": true}", NO_TIME},
		// A name that stands twice means nothing for certain.
		{"{\"exp\": 1, \"exp\": 1001}",
			"the token's claims are not a JSON object"},
		{"[]", "the token's claims are not a JSON object"},
		{"", "the token's claims are not a JSON object"},
		{"{" LIVING "}}", "the token's claims are not a JSON object"},
	};
	expect_rows((struct jwt_policy){0}, ROWS, COUNT(ROWS));
}

Test(jwt_claims, forgives_clocks_that_differ)
{
	static const struct row ROWS[] = {
		{"{\"exp\": 971}", NULL},
		{"{\"exp\": 970}", EXPIRED},
		{"{\"exp\": 1e300}", NULL},
		{"{" LIVING ", \"nbf\": 1030}", NULL},
		{"{" LIVING ", \"nbf\": 1031}", EARLY},
	};
	expect_rows((struct jwt_policy){.leeway_ms = 30000}, ROWS, COUNT(ROWS));
}

Test(jwt_claims, may_do_without_expiry)
{
	static const struct row ROWS[] = {
		{"{}", NULL},
		{"{\"exp\": 999}", EXPIRED},
		{"{\"exp\": \"\"}", NO_TIME},
	};
	expect_rows((struct jwt_policy){.is_expiry_optional = true}, ROWS, COUNT(ROWS));
}

Test(jwt_claims, compares_issuers)
{
	static const char *const ISSUERS[] = {"https://a.test/", "b"};
	static const struct row ROWS[] = {
		{"{" LIVING ", \"iss\": \"https://a.test/\"}", NULL},
		{"{" LIVING ", \"iss\": \"b\"}", NULL},
		{"{" LIVING ", \"iss\": \"https://a.test\"}", ISSUER},
		{"{" LIVING ", \"iss\": \"B\"}", ISSUER},
		{"{" LIVING ", \"iss\": [\"b\"]}", ISSUER},
		{"{" LIVING ", \"iss\": \"\"}", ISSUER},
		{"{" LIVING "}", ISSUER},
	};
	expect_rows((struct jwt_policy){.issuers = ISSUERS, .issuer_count = 2}, ROWS,
		COUNT(ROWS));
}

Test(jwt_claims, compares_audiences)
{
	static const char *const AUDIENCES[] = {"chat", "other"};
	static const struct row ROWS[] = {
		{"{" LIVING ", \"aud\": \"chat\"}", NULL},
		{"{" LIVING ", \"aud\": [\"x\", \"other\"]}", NULL},
		{"{" LIVING ", \"aud\": [\"x\"]}", AUDIENCE},
		{"{" LIVING ", \"aud\": [[\"chat\"]]}", AUDIENCE},
		{"{" LIVING ", \"aud\": {\"chat\": \"chat\"}}", AUDIENCE},
		{"{" LIVING ", \"aud\": \"cha\"}", AUDIENCE},
		{"{" LIVING ", \"aud\": \"chat \"}", AUDIENCE},
		{"{" LIVING ", \"aud\": []}", AUDIENCE},
		{"{" LIVING "}", "the token has no aud"},
	};
	expect_rows((struct jwt_policy){.audiences = AUDIENCES, .audience_count = 2},
		ROWS, COUNT(ROWS));
	// RFC 7519 section 4.1.3: one that is for somebody is not for us by default.
	static const struct row NONE[] = {
		{"{" LIVING "}", NULL},
		{"{" LIVING ", \"aud\": \"chat\"}", AUDIENCE},
	};
	expect_rows((struct jwt_policy){0}, NONE, COUNT(NONE));
}

Test(jwt_claims, asks_for_claims)
{
	static const struct jwt_claim_rule RULES[] = {{"role", "admin"}, {"level", "3"}};
	static const struct row ROWS[] = {
		{"{" LIVING ", \"role\": \"admin\", \"level\": 3}", NULL},
		{"{" LIVING ", \"role\": \"admin\", \"level\": \"3\"}", NULL},
		{"{" LIVING ", \"role\": [\"user\", \"admin\"], \"level\": [1, 3]}",
			NULL},
		{"{" LIVING ", \"role\": \"admin\", \"level\": 3.0}", LACKS},
		{"{" LIVING ", \"role\": \"admin\"}", LACKS},
		{"{" LIVING ", \"level\": 3}", LACKS},
		{"{" LIVING ", \"role\": \"administrator\", \"level\": 3}", LACKS},
		// Words within a text are those of "scope" alone.
		{"{" LIVING ", \"role\": \"user admin\", \"level\": 3}", LACKS},
		{"{" LIVING ", \"role\": [[\"admin\"]], \"level\": 3}", LACKS},
		{"{" LIVING ", \"role\": {\"admin\": \"admin\"}, \"level\": 3}", LACKS},
		{"{" LIVING ", \"role\": null, \"level\": 3}", LACKS},
		// What is no longer valid is not told what it lacks.
		{"{\"exp\": 1}", EXPIRED},
	};
	expect_rows((struct jwt_policy){.claims = RULES, .claim_count = 2}, ROWS,
		COUNT(ROWS));
}

Test(jwt_claims, finds_words_of_a_scope)
{
	static const struct jwt_claim_rule RULES[] = {{"scope", "chat:read"}};
	static const struct row ROWS[] = {
		{"{" LIVING ", \"scope\": \"chat:read\"}", NULL},
		{"{" LIVING ", \"scope\": \"openid chat:read\"}", NULL},
		{"{" LIVING ", \"scope\": \"chat:read  openid\"}", NULL},
		{"{" LIVING ", \"scope\": [\"openid\", \"chat:read\"]}", NULL},
		{"{" LIVING ", \"scope\": \"chat:readonly\"}", LACKS},
		{"{" LIVING ", \"scope\": \"xchat:read\"}", LACKS},
		{"{" LIVING ", \"scope\": \"chat: read\"}", LACKS},
		{"{" LIVING ", \"scope\": [\"openid chat:read\"]}", LACKS},
		{"{" LIVING ", \"scope\": \" \"}", LACKS},
		{"{" LIVING "}", LACKS},
	};
	expect_rows((struct jwt_policy){.claims = RULES, .claim_count = 1}, ROWS,
		COUNT(ROWS));
	static const struct jwt_claim_rule FLAG[] = {{"email_verified", "true"}};
	static const struct row FLAGS[] = {
		{"{" LIVING ", \"email_verified\": true}", NULL},
		{"{" LIVING ", \"email_verified\": false}", LACKS},
		{"{" LIVING ", \"email_verified\": 1}", LACKS},
	};
	expect_rows((struct jwt_policy){.claims = FLAG, .claim_count = 1}, FLAGS,
		COUNT(FLAGS));
}

Test(jwt_claims, says_when_the_token_ends)
{
	static const struct {
		const char *claims;
		uint64_t leeway_ms;
		uint64_t expires_ms;
	} ROWS[] = {
		{"{\"exp\": 1001}", 0, 1001000},
		{"{\"exp\": 1001.25}", 500, 1001750},
		{"{\"exp\": 9007199254740}", 30000, UINT64_MAX},
		{"{}", 30000, UINT64_MAX},
	};
	struct jwt_keys *keys = load_keys();
	for (size_t i = 0; i < COUNT(ROWS); i++) {
		struct jwt_policy policy = {.keys = keys,
			.leeway_ms = ROWS[i].leeway_ms,
			.is_expiry_optional = true};
		const char *error;
		struct jwt jwt;
		cr_assert_eq(verify(&policy, ROWS[i].claims, &jwt, &error), JWT_OK);
		cr_expect_eq(jwt.expires_ms, ROWS[i].expires_ms, "%s", ROWS[i].claims);
		jwt_finish(&jwt);
	}
	jwt_keys_destroy(keys);
}

Test(jwt_claims, writes_claims_as_header_values)
{
	static const struct {
		const char *claim;
		const char *value; // NULL: it can't be one
	} ROWS[] = {
		{"\"ann\"", "ann"},
		{"\"\"", ""},
		{"\"J\xc3\xbcrgen\"", "J\xc3\xbcrgen"},
		{"17", "17"},
		{"true", "true"},
		{"[\"a\", 2, false]", "a,2,false"},
		{"[]", ""},
		{"1.5", NULL},
		{"null", NULL},
		{"{}", NULL},
		{"[{}]", NULL},
		{"[[1]]", NULL},
		{"\"a\\r\\nX-Admin: 1\"", NULL},
		{"[\"a\", \"b\\u007f\"]", NULL},
		{"\"a\\tb\"", NULL},
	};
	struct jwt_keys *keys = load_keys();
	struct jwt_policy policy = {.keys = keys};
	for (size_t i = 0; i < COUNT(ROWS); i++) {
		struct buf out = BUF_INIT;
		char claims[128];
		const char *error;
		struct jwt jwt;
		(void)snprintf(claims, sizeof(claims), "{" LIVING ", \"sub\": %s}",
			ROWS[i].claim);
		cr_assert_eq(verify(&policy, claims, &jwt, &error), JWT_OK, "%s", claims);
		cr_expect_eq(jwt_write_claim(&jwt, "sub", &out), ROWS[i].value != NULL,
			"%s", claims);
		if (ROWS[i].value)
			cr_expect(str_equal(buf_str(&out), str_from(ROWS[i].value)), "%s",
				claims);
		cr_expect_not(jwt_write_claim(&jwt, "absent", &out));
		buf_finish(&out);
		jwt_finish(&jwt);
	}
	jwt_keys_destroy(keys);
}
