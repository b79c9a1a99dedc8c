// SPDX-License-Identifier: MIT
// Reads one JWK; see the header. Its numbers are decoded here, strictly, and not by
// cjose, which takes padding and rounds the size of RSA keys up to bytes.
#include "jwt_keys_load_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "wherry/base/base64.h"

enum {
	NUMBER_MAX = 1536, // bytes of a modulus or secret, with room for "too long"
	EXPONENT_MAX = 8,
};

struct number {
	uint8_t bytes[NUMBER_MAX];
	size_t length;
};

struct loading {
	json_t *jwk;
	char *problem; // of JWT_KEYS_ERROR_SIZE - 64
};

PRINTF_LIKE(2, 3)
static enum jwt_keys_load_result refuse(
	const struct loading *loading, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(loading->problem, JWT_KEYS_ERROR_SIZE - 64, format, arguments);
	va_end(arguments);
	return JWT_KEYS_LOAD_BAD;
}

// Empty if it is not there, or no string.
static struct str find_text(json_t *object, const char *name)
{
	json_t *value = json_object_get(object, name);
	if (!json_is_string(value))
		return (struct str){0};
	return (struct str){json_string_value(value), json_string_length(value)};
}

// Leading zeros, which some writers leave in, count for nothing.
static bool read_number(json_t *jwk, const char *name, struct number *ret_number)
{
	struct str text = find_text(jwk, name);
	uint8_t *bytes = ret_number->bytes;
	if (text.length == 0 || base64_room(text.length) > NUMBER_MAX ||
		!base64_decode_url(text, bytes, &ret_number->length))
		return false;
	return ret_number->length > 0;
}

static void strip_zeros(struct number *number)
{
	size_t zeros = 0;
	while (zeros < number->length && number->bytes[zeros] == 0)
		zeros++;
	number->length -= zeros;
	memmove(number->bytes, number->bytes + zeros, number->length);
}

static unsigned count_bits(const struct number *number)
{
	if (number->length == 0)
		return 0;
	unsigned bits = (unsigned)(number->length - 1) * 8;
	for (unsigned first = number->bytes[0]; first != 0; first >>= 1)
		bits++;
	return bits;
}

static enum jwt_keys_load_result keep(const struct loading *loading, struct jwt_key *key,
	cjose_jwk_t *jwk, size_t signature_length)
{
	size_t fixed = jwt_algorithm_facts(key->algorithm)->signature_length;
	if (!jwk)
		return refuse(loading, "not a valid key");
	key->jwk = jwk;
	key->signature_length = fixed > 0 ? fixed : signature_length;
	return JWT_KEYS_LOAD_OK;
}

static enum jwt_keys_load_result load_secret(
	const struct loading *loading, struct jwt_key *key)
{
	const struct jwt_algorithm_facts *facts = jwt_algorithm_facts(key->algorithm);
	struct number secret;
	if (!read_number(loading->jwk, "k", &secret))
		return refuse(loading, "\"k\" is no secret in base64url");
	if (secret.length < facts->secret_length)
		return refuse(loading,
			"a secret of %zu bytes is too short for %s (expected at least "
			"%zu)",
			secret.length, facts->name, facts->secret_length);
	cjose_jwk_t *jwk = cjose_jwk_create_oct_spec(secret.bytes, secret.length, NULL);
	OPENSSL_cleanse(secret.bytes, secret.length);
	return keep(loading, key, jwk, 0);
}

static bool is_exponent(const struct number *exponent)
{
	// With 1 every message is its own signature; even ones are no exponents.
	return exponent->length > 0 && exponent->length <= EXPONENT_MAX &&
	       count_bits(exponent) > 1 && exponent->bytes[exponent->length - 1] & 1;
}

static enum jwt_keys_load_result load_rsa(
	const struct loading *loading, struct jwt_key *key)
{
	struct number modulus;
	struct number exponent;
	if (!read_number(loading->jwk, "n", &modulus) ||
		!read_number(loading->jwk, "e", &exponent))
		return refuse(loading, "\"n\" or \"e\" is no number in base64url");
	strip_zeros(&modulus);
	strip_zeros(&exponent);
	unsigned bits = count_bits(&modulus);
	if (bits < JWT_KEYS_MIN_RSA_BITS || bits > JWT_KEYS_MAX_RSA_BITS)
		return refuse(loading, "an RSA key of %u bits (expected %u to %u)", bits,
			JWT_KEYS_MIN_RSA_BITS, JWT_KEYS_MAX_RSA_BITS);
	if (!is_exponent(&exponent) || !(modulus.bytes[modulus.length - 1] & 1))
		return refuse(loading, "bad modulus or exponent");
	cjose_jwk_rsa_keyspec spec = {
		.n = modulus.bytes,
		.nlen = modulus.length,
		.e = exponent.bytes,
		.elen = exponent.length,
	};
	return keep(loading, key, cjose_jwk_create_RSA_spec(&spec, NULL), modulus.length);
}

static enum jwt_keys_load_result load_curve(
	const struct loading *loading, struct jwt_key *key)
{
	static const cjose_jwk_ec_curve curves[JWT_ALGORITHM_COUNT] = {
		[JWT_ES256] = CJOSE_JWK_EC_P_256,
		[JWT_ES384] = CJOSE_JWK_EC_P_384,
		[JWT_ES512] = CJOSE_JWK_EC_P_521,
	};
	size_t length = jwt_algorithm_facts(key->algorithm)->signature_length / 2;
	struct number x;
	struct number y;
	// RFC 7518 section 6.2.1.2: exactly as long as the curve's field.
	if (!read_number(loading->jwk, "x", &x) || !read_number(loading->jwk, "y", &y) ||
		x.length != length || y.length != length)
		return refuse(loading, "\"x\" or \"y\" is no coordinate in base64url");
	cjose_jwk_ec_keyspec spec = {
		.crv = curves[key->algorithm],
		.x = x.bytes,
		.xlen = x.length,
		.y = y.bytes,
		.ylen = y.length,
	};
	return keep(loading, key, cjose_jwk_create_EC_spec(&spec, NULL), 0);
}

// "use" and "key_ops" (RFC 7517 sections 4.2, 4.3).
static bool is_for_verifying(json_t *jwk)
{
	json_t *use = json_object_get(jwk, "use");
	json_t *operations = json_object_get(jwk, "key_ops");
	if (use && !str_equal(find_text(jwk, "use"), STR("sig")))
		return false;
	if (!operations)
		return true;
	for (size_t i = 0; i < json_array_size(operations); i++) {
		const char *operation = json_string_value(json_array_get(operations, i));
		if (operation && strcmp(operation, "verify") == 0)
			return true;
	}
	return false;
}

static enum jwt_keys_load_result choose_stated(const struct loading *loading,
	uint32_t fitting, uint32_t algorithms, enum jwt_algorithm *ret_algorithm)
{
	struct str stated = find_text(loading->jwk, "alg");
	if (!json_is_string(json_object_get(loading->jwk, "alg")))
		return refuse(loading, "\"alg\" is no text");
	if (!jwt_algorithm_find(stated, ret_algorithm))
		return JWT_KEYS_LOAD_SKIPPED;
	if (!(fitting & jwt_algorithm_bit(*ret_algorithm)))
		return refuse(
			loading, "\"alg\" does not fit the key's \"kty\" or \"crv\"");
	if (!(algorithms & jwt_algorithm_bit(*ret_algorithm)))
		return JWT_KEYS_LOAD_SKIPPED;
	return JWT_KEYS_LOAD_OK;
}

static enum jwt_keys_load_result choose_fitting(const struct loading *loading,
	uint32_t possible, enum jwt_algorithm *ret_algorithm)
{
	for (size_t i = 0; i < JWT_ALGORITHM_COUNT; i++) {
		*ret_algorithm = (enum jwt_algorithm)i;
		if (possible == jwt_algorithm_bit(*ret_algorithm))
			return JWT_KEYS_LOAD_OK;
	}
	return possible == 0 ? JWT_KEYS_LOAD_SKIPPED
			     : refuse(loading, "has no \"alg\", and several fit "
					       "(expected one of them in algorithms)");
}

static enum jwt_keys_load_result choose_algorithm(const struct loading *loading,
	uint32_t algorithms, enum jwt_algorithm *ret_algorithm)
{
	struct str type = find_text(loading->jwk, "kty");
	uint32_t fitting = jwt_algorithm_fitting(type, find_text(loading->jwk, "crv"));
	uint32_t wanted = algorithms != 0 ? algorithms : UINT32_MAX;
	if (type.length == 0)
		return refuse(loading, "has no \"kty\"");
	// Of another type or curve, as Ed25519: for other readers of this set.
	if (fitting == 0 && !json_object_get(loading->jwk, "alg"))
		return JWT_KEYS_LOAD_SKIPPED;
	return json_object_get(loading->jwk, "alg")
		       ? choose_stated(loading, fitting, wanted, ret_algorithm)
		       : choose_fitting(loading, fitting & wanted, ret_algorithm);
}

static enum jwt_keys_load_result load_numbers(
	const struct loading *loading, struct jwt_key *key)
{
	const char *type = jwt_algorithm_facts(key->algorithm)->key_type;
	if (strcmp(type, "oct") == 0)
		return load_secret(loading, key);
	// "d" is the private half of both.
	if (json_object_get(loading->jwk, "d"))
		return refuse(loading, "a private key (expected the public one, without "
				       "\"d\")");
	return strcmp(type, "RSA") == 0 ? load_rsa(loading, key)
					: load_curve(loading, key);
}

static bool copy_id(const struct loading *loading, struct jwt_key *key)
{
	json_t *id = json_object_get(loading->jwk, "kid");
	if (!id)
		return true;
	key->id = json_is_string(id) ? str_copy(find_text(loading->jwk, "kid")) : NULL;
	return key->id != NULL;
}

enum jwt_keys_load_result jwt_keys_load(json_t *jwk, uint32_t algorithms,
	struct jwt_key *ret_key, char problem[JWT_KEYS_ERROR_SIZE - 64])
{
	struct loading loading = {.jwk = jwk, .problem = problem};
	*ret_key = (struct jwt_key){0};
	if (!json_is_object(jwk))
		return refuse(&loading, "not an object");
	if (!is_for_verifying(jwk))
		return JWT_KEYS_LOAD_SKIPPED;
	enum jwt_keys_load_result result =
		choose_algorithm(&loading, algorithms, &ret_key->algorithm);
	if (result == JWT_KEYS_LOAD_OK)
		result = load_numbers(&loading, ret_key);
	if (result == JWT_KEYS_LOAD_OK && !copy_id(&loading, ret_key))
		result = refuse(&loading, "\"kid\" is no text");
	if (result != JWT_KEYS_LOAD_OK)
		jwt_keys_load_finish(ret_key);
	return result;
}

void jwt_keys_load_finish(struct jwt_key *key)
{
	bool is_secret = jwt_algorithm_facts(key->algorithm)->secret_length > 0;
	if (key->jwk && is_secret)
		OPENSSL_cleanse(cjose_jwk_get_keydata(key->jwk, NULL),
			cjose_jwk_get_keysize(key->jwk, NULL) / 8);
	if (key->jwk)
		(void)cjose_jwk_release(key->jwk); // the only reference
	free(key->id);
	*key = (struct jwt_key){0};
}
