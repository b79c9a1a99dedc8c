// SPDX-License-Identifier: MIT
// A token's parts, its header and its signature; what it claims is jwt_claims'.
#include "wherry/proto/jwt.h"

#include <string.h>

#include <cjose/jws.h>
#include <jansson.h>
#include <openssl/err.h>

#include "jwt_claims_priv.h"
#include "jwt_keys_priv.h"
#include "wherry/base/base64.h"

// Decoded parts; claims before the signature is verified are only bytes.
struct parts {
	uint8_t header[JWT_MAX_HEADER_BYTES];
	size_t header_length;
	uint8_t claims[JWT_MAX_BYTES];
	size_t claims_length;
	size_t signature_length;
};

// Up to the next "."; false if there is none.
static bool cut_part(struct str *rest, struct str *ret_part)
{
	const char *dot = memchr(rest->data, '.', rest->length);
	if (!dot)
		return false;
	*ret_part = (struct str){rest->data, (size_t)(dot - rest->data)};
	rest->length -= ret_part->length + 1;
	rest->data = dot + 1;
	return true;
}

// RFC 7515 section 7.1: header, payload and signature, and nothing else.
static bool decode_parts(struct str token, struct parts *ret_parts)
{
	struct str signature = token;
	struct str header;
	struct str claims;
	uint8_t scratch[JWT_MAX_BYTES];
	if (!cut_part(&signature, &header) || !cut_part(&signature, &claims))
		return false;
	// A third dot would be an encrypted token; it is no character of base64url.
	return base64_room(header.length) <= sizeof(ret_parts->header) &&
	       base64_decode_url(header, ret_parts->header, &ret_parts->header_length) &&
	       base64_decode_url(claims, ret_parts->claims, &ret_parts->claims_length) &&
	       base64_decode_url(signature, scratch, &ret_parts->signature_length);
}

// RFC 8259 section 4 leaves open what a name that stands twice means: so it may not.
static json_t *load_object(const uint8_t *text, size_t length)
{
	json_t *object =
		json_loadb((const char *)text, length, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(object))
		return object;
	json_decref(object);
	return NULL;
}

static struct str text_of(json_t *value)
{
	return (struct str){json_string_value(value), json_string_length(value)};
}

// The key that the header means; keys and their addresses inside the token ("jwk", "jku",
// "x5u", "x5c") are never looked at.
static const struct jwt_key *choose_key(
	const struct jwt_keys *keys, json_t *header, const char **reterr_text)
{
	json_t *id = json_object_get(header, "kid");
	enum jwt_algorithm algorithm;
	if (json_object_get(header, "crit")) { // RFC 7515 section 4.1.11
		*reterr_text = "the token's header has crit";
		return NULL;
	}
	if (!jwt_algorithm_find(text_of(json_object_get(header, "alg")), &algorithm)) {
		*reterr_text = "the token's alg is not supported";
		return NULL;
	}
	if (id && !json_is_string(id)) {
		*reterr_text = "the token's kid is not a text";
		return NULL;
	}
	return jwt_keys_find(keys, algorithm, text_of(id), reterr_text);
}

static bool is_signed(
	const struct jwt_key *key, struct str token, const struct parts *parts)
{
	// cjose halves whatever length an ES signature has.
	if (parts->signature_length != key->signature_length)
		return false;
	cjose_jws_t *jws = cjose_jws_import(token.data, token.length, NULL);
	bool is_good = jws && cjose_jws_verify(jws, key->jwk, NULL);
	cjose_jws_release(jws);
	ERR_clear_error(); // whoever uses TLS next must not find it
	return is_good;
}

static const char *verify_signature(
	const struct jwt_policy *policy, struct str token, struct parts *ret_parts)
{
	const char *error = NULL;
	if (token.length > JWT_MAX_BYTES)
		return "the token is longer than 8 KiB";
	if (token.length == 0 || !decode_parts(token, ret_parts))
		return "not a signed token of three parts";
	json_t *header = load_object(ret_parts->header, ret_parts->header_length);
	if (!header)
		return "the token's header is not a JSON object";
	const struct jwt_key *key = choose_key(policy->keys, header, &error);
	if (key && !is_signed(key, token, ret_parts))
		error = "the token's signature is wrong";
	json_decref(header);
	return error;
}

enum jwt_result jwt_verify(const struct jwt_policy *policy, struct str token,
	uint64_t now_ms, struct jwt *ret_jwt, const char **reterr_text)
{
	struct parts parts;
	*ret_jwt = (struct jwt){0};
	*reterr_text = verify_signature(policy, token, &parts);
	if (*reterr_text)
		return JWT_INVALID;
	json_t *claims = load_object(parts.claims, parts.claims_length);
	if (!claims) {
		*reterr_text = "the token's claims are not a JSON object";
		return JWT_INVALID;
	}
	enum jwt_result result = jwt_claims_check(
		policy, claims, now_ms, &ret_jwt->expires_ms, reterr_text);
	if (result == JWT_OK)
		ret_jwt->claims = (struct json_t *)claims;
	else
		json_decref(claims);
	return result;
}

void jwt_finish(struct jwt *jwt)
{
	json_decref((json_t *)jwt->claims);
	*jwt = (struct jwt){0};
}
