// SPDX-License-Identifier: MIT
// Tokens and key sets from strangers: what is accepted is alive and fits a header, and
// nothing is left for OpenSSL's next user to trip over.
// Input: one byte that says what the rest is: a key set, a token, or a header and claims
// (with a newline between) that are signed here, so that what lies behind the signature
// is reached.
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "../../src/proto/jwt_keys_priv.h"
#include "fuzz.h"

#include "wherry/proto/jwt.h"

#define NOW_MS UINT64_C(1300819000000)
#define SECRET "0123456789abcdef0123456789abcdef"

static const char key_set[] =
	"{\"keys\": [{\"kty\": \"oct\", \"alg\": \"HS256\", \"k\": "
	"\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\"},"
	"{\"kty\": \"EC\", \"crv\": \"P-256\", \"kid\": \"ec\", \"x\": "
	"\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\", \"y\": "
	"\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"},"
	"{\"kty\": \"RSA\", \"alg\": \"RS256\", \"e\": \"AQAB\", \"n\": "
	"\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-"
	"4qPCJrcS2m"
	"JPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_"
	"7OMg0"
	"LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-"
	"UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZ"
	"lxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_"
	"h9iaGNj8q2ethFkMLs91kzk2PA"
	"cDTW9gb54h4FRWyuXpoQ\"}]}";

static void require_writable(const struct jwt *jwt, const char *claim)
{
	struct buf out = BUF_INIT;
	if (jwt_write_claim(jwt, claim, &out)) {
		for (size_t i = 0; i < out.length; i++)
			FUZZ_REQUIRE((unsigned char)out.data[i] >= 0x20 &&
				     out.data[i] != 0x7f);
	}
	buf_finish(&out);
}

static void verify(const struct jwt_keys *keys, struct str token, unsigned options)
{
	static const char *const texts[] = {"joe", "chat"};
	static const struct jwt_claim_rule rules[] = {{"scope", "a"}, {"role", "1"}};
	struct jwt_policy policy = {
		.keys = keys,
		.issuers = texts,
		.issuer_count = options & 1 ? 2 : 0,
		.audiences = texts,
		.audience_count = options & 2 ? 2 : 0,
		.claims = rules,
		.claim_count = options & 4 ? 2 : 0,
		.leeway_ms = options & 8 ? 30000 : 0,
		.is_expiry_optional = options & 16,
	};
	struct jwt jwt;
	const char *error = NULL;
	enum jwt_result result = jwt_verify(&policy, token, NOW_MS, &jwt, &error);
	FUZZ_REQUIRE(ERR_peek_error() == 0);
	FUZZ_REQUIRE((result == JWT_OK) == (jwt.claims != NULL));
	FUZZ_REQUIRE((result == JWT_OK) == (error == NULL));
	if (result != JWT_OK)
		return;
	FUZZ_REQUIRE(jwt.expires_ms > NOW_MS);
	FUZZ_REQUIRE(token.length <= JWT_MAX_BYTES);
	require_writable(&jwt, "sub");
	require_writable(&jwt, "scope");
	jwt_finish(&jwt);
}

// base64url of EVP's base64.
static size_t encode(char *out, const void *data, size_t length)
{
	int written = EVP_EncodeBlock((uint8_t *)out, data, (int)length);
	FUZZ_REQUIRE(written >= 0);
	while (written > 0 && out[written - 1] == '=')
		written--;
	for (int i = 0; i < written; i++) {
		if (out[i] == '+')
			out[i] = '-';
		else if (out[i] == '/')
			out[i] = '_';
	}
	return (size_t)written;
}

static void sign_and_verify(
	const struct jwt_keys *keys, struct str text, unsigned options)
{
	uint8_t code[EVP_MAX_MD_SIZE];
	unsigned code_length = 0;
	const char *newline = memchr(text.data, '\n', text.length);
	size_t header_length = newline ? (size_t)(newline - text.data) : text.length;
	size_t claims_length = newline ? text.length - header_length - 1 : 0;
	char *token = malloc(text.length * 2 + 128);
	FUZZ_REQUIRE(token);
	size_t length = encode(token, text.data, header_length);
	token[length++] = '.';
	length += encode(
		token + length, text.data + text.length - claims_length, claims_length);
	FUZZ_REQUIRE(HMAC(EVP_sha256(), SECRET, sizeof(SECRET) - 1,
		(const uint8_t *)token, length, code, &code_length));
	token[length++] = '.';
	length += encode(token + length, code, code_length);
	verify(keys, (struct str){token, length}, options);
	free(token);
}

static void load(struct str text, uint32_t algorithms)
{
	struct jwt_keys_error error;
	struct jwt_keys *keys = jwt_keys_create(text, algorithms, &error);
	FUZZ_REQUIRE(ERR_peek_error() == 0);
	if (keys)
		FUZZ_REQUIRE(keys->count > 0);
	else
		FUZZ_REQUIRE(memchr(error.text, '\0', sizeof(error.text)));
	jwt_keys_destroy(keys);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct jwt_keys *keys;
	struct jwt_keys_error error;
	if (!keys)
		keys = jwt_keys_create(str_from(key_set), 0, &error);
	FUZZ_REQUIRE(keys);
	if (size < 1 || size > 1 << 16)
		return 0;
	struct str rest = {(const char *)data + 1, size - 1};
	unsigned options = data[0] >> 2;
	if ((data[0] & 3) == 0)
		load(rest, options);
	else if ((data[0] & 3) == 1)
		verify(keys, rest, options);
	else
		sign_and_verify(keys, rest, options);
	return 0;
}
