// SPDX-License-Identifier: MIT
// Tokens and the ways to forge them; what claims mean is test_jwt_claims'.
#include "wherry/proto/jwt.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jwt_maker.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define NOW_MS UINT64_C(1300819000000) // a little before the exp of RFC 7515's tokens
#define LIVING "{\"exp\": 1300819380}"
// RFC 7515 appendix A: the claims of its tokens.
#define JOE                                                                              \
	"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc1" \
	"9yb290Ijp0cnVlfQ"

static struct jwt_keys *load(const char *text)
{
	struct jwt_keys_error error;
	struct jwt_keys *keys = jwt_keys_create(str_from(text), 0, &error);
	cr_assert(keys, "%s: %s", text, error.text);
	return keys;
}

static const char *verify(const struct jwt_keys *keys, const char *token)
{
	struct jwt_policy policy = {.keys = keys};
	const char *error = NULL;
	struct jwt jwt;
	// An exact copy, so that the address sanitizer sees one byte too many.
	char *exact = malloc(strlen(token) + 1);
	memcpy(exact, token, strlen(token));
	enum jwt_result result = jwt_verify(
		&policy, (struct str){exact, strlen(token)}, NOW_MS, &jwt, &error);
	free(exact);
	cr_expect_eq(result == JWT_OK, jwt.claims != NULL);
	cr_expect_eq(result == JWT_OK, error == NULL);
	jwt_finish(&jwt);
	return error ? error : "";
}

// Frees the token.
static void expect(const struct jwt_keys *keys, char *token, const char *error)
{
	const char *got = verify(keys, token);
	cr_expect_str_eq(got, error, "%s: %s", token, got);
	free(token);
}

struct vector {
	const char *name;
	const char *key;
	const char *token;
	const char *error;
};

static const struct vector VECTORS[] = {
	{"A.1 HS256",
		"{\"kty\": \"oct\", \"alg\": \"HS256\", \"k\": "
		"\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hc"
		"gUuTwjAzZr1Z9CAow\"}",
		"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." JOE
		".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
		""},
	{"A.2 RS256",
		"{\"kty\": \"RSA\", \"alg\": \"RS256\", \"e\": \"AQAB\", \"n\": "
		"\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-"
		"Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32"
		"690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS"
		"-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhy"
		"xXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ\""
		"}",
		"eyJhbGciOiJSUzI1NiJ9." JOE
		".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHI"
		"m4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB-"
		"-f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383L"
		"cOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEU"
		"ipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
		""},
	{"A.3 ES256",
		"{\"kty\": \"EC\", \"crv\": \"P-256\", \"x\": "
		"\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\", \"y\": "
		"\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
		"eyJhbGciOiJFUzI1NiJ9." JOE
		".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxf"
		"KTUJqPP3-Kg6NU1Q",
		""},
	{"A.4 ES512, whose payload is the word Payload",
		"{\"kty\": \"EC\", \"crv\": \"P-521\", \"x\": "
		"\"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jS"
		"fS9tsz4qUxcWceqwQGk\", \"y\": "
		"\"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZ"
		"MaZmh9ubmf63e3kyMj2\"}",
		"eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA."
		"AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-"
		"KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7i"
		"KvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn",
		"the token's claims are not a JSON object"},
};

static struct jwt_keys *load_vector(size_t index)
{
	char set[2048];
	(void)snprintf(set, sizeof(set), "{\"keys\": [%s]}", VECTORS[index].key);
	return load(set);
}

Test(jwt, verifies_rfc_7515_appendix_a)
{
	for (size_t i = 0; i < COUNT(VECTORS); i++) {
		struct jwt_keys *keys = load_vector(i);
		cr_expect_str_eq(verify(keys, VECTORS[i].token), VECTORS[i].error, "%s",
			VECTORS[i].name);
		// A.5: unsecured
		cr_expect_str_eq(verify(keys, "eyJhbGciOiJub25lIn0." JOE "."),
			"the token's alg is not supported");
		jwt_keys_destroy(keys);
	}
}

Test(jwt, refuses_every_changed_character_and_every_cut)
{
	for (size_t i = 0; i < COUNT(VECTORS); i++) {
		struct jwt_keys *keys = load_vector(i);
		char token[1024];
		size_t length = strlen(VECTORS[i].token);
		memcpy(token, VECTORS[i].token, length + 1);
		for (size_t at = 0; at < length; at++) {
			token[at] = VECTORS[i].token[at] == 'B' ? 'C' : 'B';
			cr_expect_str_neq(
				verify(keys, token), "", "%s %zu", VECTORS[i].name, at);
			token[at] = '\0';
			cr_expect_str_neq(
				verify(keys, token), "", "%s %zu", VECTORS[i].name, at);
			token[at] = VECTORS[i].token[at];
		}
		jwt_keys_destroy(keys);
	}
}

Test(jwt, verifies_every_algorithm_and_none_for_another)
{
	static const char *const NAMES[] = {"HS256", "HS384", "HS512", "RS256", "RS384",
		"RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"};
	cjose_jwk_t *secret = cjose_jwk_create_oct_random(512, NULL);
	cjose_jwk_t *rsa = cjose_jwk_create_RSA_random(2048, NULL, 0, NULL);
	cjose_jwk_t *curves[] = {cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, NULL),
		cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_384, NULL),
		cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_521, NULL)};
	char *tokens[COUNT(NAMES)];
	const cjose_jwk_t *jwks[COUNT(NAMES)];
	for (size_t i = 0; i < COUNT(NAMES); i++) {
		char header[64];
		jwks[i] = i < 3 ? secret : i < 9 ? rsa : curves[i - 9];
		(void)snprintf(header, sizeof(header), "{\"alg\": \"%s\"}", NAMES[i]);
		tokens[i] = jwt_maker_sign(jwks[i], header, LIVING);
	}
	for (size_t i = 0; i < COUNT(NAMES); i++) {
		char members[64];
		(void)snprintf(members, sizeof(members), "\"alg\": \"%s\"", NAMES[i]);
		char *set = jwt_maker_set(jwks[i], members);
		struct jwt_keys *keys = load(set);
		for (size_t k = 0; k < COUNT(NAMES); k++)
			cr_expect_str_eq(verify(keys, tokens[k]),
				i == k ? "" : "the token's alg is not that of its key",
				"%s as %s", NAMES[k], NAMES[i]);
		jwt_keys_destroy(keys);
		free(set);
	}
	for (size_t i = 0; i < COUNT(NAMES); i++)
		free(tokens[i]);
	for (size_t i = 0; i < COUNT(curves); i++)
		cjose_jwk_release(curves[i]);
	cjose_jwk_release(rsa);
	cjose_jwk_release(secret);
}

// CVE-2015-9235 and its kind: the public key, which everybody has, as an HMAC secret.
Test(jwt, refuses_a_public_key_as_secret)
{
	struct jwt_keys *keys = load_vector(1);
	struct str public_key = str_from(VECTORS[1].key);
	const char *error = "the token's alg is not that of its key";
	expect(keys, jwt_maker_hmac(public_key, "SHA256", "{\"alg\": \"HS256\"}", LIVING),
		error);
	expect(keys, jwt_maker_hmac(STR(""), "SHA256", "{\"alg\": \"HS256\"}", LIVING),
		error);
	// The header says RS256, the signature is an HMAC.
	expect(keys, jwt_maker_hmac(public_key, "SHA256", "{\"alg\": \"RS256\"}", LIVING),
		"the token's signature is wrong");
	jwt_keys_destroy(keys);
}

Test(jwt, refuses_bad_headers)
{
	static const struct {
		const char *header;
		const char *error;
	} ROWS[] = {
		{"{\"alg\": \"HS256\"}", ""},
		{"{\"alg\": \"HS256\", \"typ\": \"JWT\", \"x\": 1}", ""},
		{"{\"alg\": \"none\"}", "the token's alg is not supported"},
		{"{\"alg\": \"None\"}", "the token's alg is not supported"},
		{"{\"alg\": \"hs256\"}", "the token's alg is not supported"},
		{"{\"alg\": \"HS256 \"}", "the token's alg is not supported"},
		{"{\"alg\": \"dir\", \"enc\": \"A128GCM\"}",
			"the token's alg is not supported"},
		{"{\"alg\": [\"HS256\"]}", "the token's alg is not supported"},
		{"{\"alg\": \"\"}", "the token's alg is not supported"},
		{"{}", "the token's alg is not supported"},
		{"{\"ALG\": \"HS256\"}", "the token's alg is not supported"},
		{"{\"alg\": \"HS384\"}", "the token's alg is not that of its key"},
		{"{\"alg\": \"HS256\", \"crit\": [\"exp\"]}",
			"the token's header has crit"},
		{"{\"alg\": \"HS256\", \"crit\": []}", "the token's header has crit"},
		{"{\"alg\": \"HS256\", \"b64\": false, \"crit\": [\"b64\"]}",
			"the token's header has crit"},
		{"{\"alg\": \"HS256\", \"kid\": \"a\"}", "no key has the token's kid"},
		{"{\"alg\": \"HS256\", \"kid\": \"\"}", "no key has the token's kid"},
		{"{\"alg\": \"HS256\", \"kid\": 1}", "the token's kid is not a text"},
		{"{\"alg\": \"none\", \"alg\": \"HS256\"}",
			"the token's header is not a JSON object"},
		{"{\"alg\": \"HS256\", \"x\": {\"y\": 1, \"y\": 1}}",
			"the token's header is not a JSON object"},
		{"[\"HS256\"]", "the token's header is not a JSON object"},
		{"{\"alg\": \"HS256\"} ", ""},
		{"{\"alg\": \"HS256\"}x", "the token's header is not a JSON object"},
		{"{\"alg\": \"HS256\", \"x\": \"\\u0000\"}",
			"the token's header is not a JSON object"},
		{"", "the token's header is not a JSON object"},
	};
	static const char SECRET[] = "0123456789abcdef0123456789abcdef";
	struct jwt_keys *keys =
		load("{\"keys\": [{\"kty\": \"oct\", \"alg\": \"HS256\", \"k\": "
		     "\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\"}]}");
	for (size_t i = 0; i < COUNT(ROWS); i++)
		expect(keys,
			jwt_maker_hmac(
				str_from(SECRET), "SHA256", ROWS[i].header, LIVING),
			ROWS[i].error);
	char header[JWT_MAX_HEADER_BYTES + 64];
	(void)snprintf(header, sizeof(header), "{\"alg\": \"HS256\", \"x\": \"%0*d\"}",
		JWT_MAX_HEADER_BYTES, 0);
	expect(keys, jwt_maker_hmac(str_from(SECRET), "SHA256", header, LIVING),
		"not a signed token of three parts");
	jwt_keys_destroy(keys);
}

Test(jwt, refuses_other_forms)
{
	static const char *const TOKENS[] = {"", ".", "..", "...", "a", "a.b", "a.b.c.d",
		"eyJhbGciOiJIUzI1NiJ9", "eyJhbGciOiJIUzI1NiJ9.e30",
		"eyJhbGciOiJIUzI1NiJ9.e30.AAA=", "eyJhbGciOiJIUzI1NiJ9.e30.A A",
		"{\"payload\": \"e30\"}", "eyJhbGciOiJIUzI1NiJ9.e30.AAAA.AAAA.AAAA"};
	struct jwt_keys *keys = load_vector(0);
	for (size_t i = 0; i < COUNT(TOKENS); i++)
		cr_expect_str_neq(verify(keys, TOKENS[i]), "", "%s", TOKENS[i]);
	cr_expect_str_eq(verify(keys, "eyJhbGciOiJIUzI1NiJ9.e30."),
		"the token's signature is wrong");
	char *long_token = malloc(JWT_MAX_BYTES + 2);
	memset(long_token, 'A', JWT_MAX_BYTES + 1);
	long_token[JWT_MAX_BYTES + 1] = '\0';
	expect(keys, long_token, "the token is longer than 8 KiB");
	jwt_keys_destroy(keys);
}

Test(jwt, takes_a_token_of_just_the_limit)
{
	struct str secret = STR("0123456789abcdef0123456789abcdef");
	struct jwt_keys *keys =
		load("{\"keys\": [{\"kty\": \"oct\", \"alg\": \"HS256\", \"k\": "
		     "\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\"}]}");
	char claims[JWT_MAX_BYTES];
	for (int padding = 6080; padding < 6100; padding++) {
		(void)snprintf(claims, sizeof(claims),
			"{\"exp\": 1300819380, \"x\": \"%0*d\"}", padding, 0);
		char *token =
			jwt_maker_hmac(secret, "SHA256", "{\"alg\": \"HS256\"}", claims);
		bool is_short = strlen(token) <= JWT_MAX_BYTES;
		expect(keys, token, is_short ? "" : "the token is longer than 8 KiB");
	}
	jwt_keys_destroy(keys);
}

Test(jwt, finds_its_key_by_kid)
{
	cjose_jwk_t *one = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, NULL);
	cjose_jwk_t *two = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, NULL);
	char *first = cjose_jwk_to_json(one, false, NULL);
	char *second = cjose_jwk_to_json(two, false, NULL);
	char set[1024];
	first[strlen(first) - 1] = '\0';
	second[strlen(second) - 1] = '\0';
	(void)snprintf(set, sizeof(set),
		"{\"keys\": [%s, \"kid\": \"one\"}, %s, \"kid\": \"two\"}]}", first,
		second);
	struct jwt_keys *keys = load(set);
	expect(keys,
		jwt_maker_sign(one, "{\"alg\": \"ES256\", \"kid\": \"one\"}", LIVING),
		"");
	expect(keys,
		jwt_maker_sign(two, "{\"alg\": \"ES256\", \"kid\": \"two\"}", LIVING),
		"");
	expect(keys,
		jwt_maker_sign(one, "{\"alg\": \"ES256\", \"kid\": \"two\"}", LIVING),
		"the token's signature is wrong");
	expect(keys, jwt_maker_sign(one, "{\"alg\": \"ES256\"}", LIVING),
		"the token has no kid, and several keys fit");
	expect(keys,
		jwt_maker_sign(one, "{\"alg\": \"ES256\", \"kid\": \"ONE\"}", LIVING),
		"no key has the token's kid");
	jwt_keys_destroy(keys);
	free(first);
	free(second);
	cjose_jwk_release(one);
	cjose_jwk_release(two);
}
