// SPDX-License-Identifier: MIT
#include "jwt_maker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjose/base64.h>
#include <cjose/jws.h>
#include <criterion/criterion.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

char *jwt_maker_sign(const cjose_jwk_t *key, const char *header, const char *claims)
{
	json_t *object = json_loads(header, 0, NULL);
	const char *text = NULL;
	cr_assert(object);
	cjose_jws_t *jws = cjose_jws_sign(
		key, object, (const uint8_t *)claims, strlen(claims), NULL);
	cr_assert(jws, "%s", header);
	cr_assert(cjose_jws_export(jws, &text, NULL));
	char *token = strdup(text);
	cjose_jws_release(jws);
	json_decref(object);
	return token;
}

char *jwt_maker_base64(struct str text)
{
	char *out = NULL;
	size_t length = 0;
	cr_assert(cjose_base64url_encode(
		(const uint8_t *)text.data, text.length, &out, &length, NULL));
	return out;
}

char *jwt_maker_join(const char *header, const char *claims, const char *signature)
{
	char *first = jwt_maker_base64(str_from(header));
	char *second = jwt_maker_base64(str_from(claims));
	char *token = NULL;
	cr_assert_geq(asprintf(&token, "%s.%s.%s", first, second, signature), 0);
	free(first);
	free(second);
	return token;
}

char *jwt_maker_hmac(
	struct str secret, const char *digest, const char *header, const char *claims)
{
	char *input = jwt_maker_join(header, claims, "");
	uint8_t code[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	cr_assert(HMAC(EVP_get_digestbyname(digest), secret.data, (int)secret.length,
		(const uint8_t *)input, strlen(input) - 1, code, &length));
	free(input);
	char *signature = jwt_maker_base64((struct str){(const char *)code, length});
	char *token = jwt_maker_join(header, claims, signature);
	free(signature);
	return token;
}

char *jwt_maker_set(const cjose_jwk_t *key, const char *members)
{
	cjose_err error;
	bool is_secret = cjose_jwk_get_kty(key, &error) == CJOSE_JWK_KTY_OCT;
	char *text = cjose_jwk_to_json(key, is_secret, &error);
	cr_assert(text);
	char *set = NULL;
	text[strlen(text) - 1] = '\0'; // its "}"
	cr_assert_geq(asprintf(&set, "{\"keys\": [%s%s%s}]}", text,
			      members[0] ? ", " : "", members),
		0);
	free(text);
	return set;
}
