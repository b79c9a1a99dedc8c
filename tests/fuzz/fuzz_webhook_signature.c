// SPDX-License-Identifier: MIT
// Webhooks: no file of secrets and no delivery breaks anything, and what is verified is
// so because one of its secrets made it.
// Input: the scheme, then secrets, signature, id, timestamp and body, each up to a NUL.
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "fuzz.h"

#include "wherry/proto/webhook_signature.h"

enum {
	HEX_LENGTH = 64
};

static struct str cut(struct str *rest)
{
	const char *end = memchr(rest->data, '\0', rest->length);
	struct str piece = {rest->data, end ? (size_t)(end - rest->data) : rest->length};
	rest->data += piece.length + (end != NULL);
	rest->length -= piece.length + (end != NULL);
	return piece;
}

// The first line that is not empty.
static struct str find_secret(struct str secrets)
{
	struct str line = {0};
	while (secrets.length > 0 && line.length == 0) {
		const char *end = memchr(secrets.data, '\n', secrets.length);
		line = secrets;
		if (end)
			line.length = (size_t)(end - secrets.data);
		secrets.data += line.length + (end != NULL);
		secrets.length -= line.length + (end != NULL);
		if (line.length > 0 && line.data[line.length - 1] == '\r')
			line.length--;
	}
	return line;
}

static void write_hex(struct str secret, struct str body, char hex[HEX_LENGTH + 1])
{
	uint8_t code[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	FUZZ_REQUIRE(HMAC(EVP_sha256(), secret.data, (int)secret.length,
		(const uint8_t *)body.data, body.length, code, &length));
	for (unsigned i = 0; i < length; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", code[i]);
}

// What was not signed is refused, and is right once it is.
static void try_both(const struct webhook_keys *keys, struct str secrets, struct str body)
{
	char hex[HEX_LENGTH + 1] = "";
	struct webhook_delivery delivery = {.body = body};
	write_hex(find_secret(secrets), body, hex);
	delivery.signature = (struct str){hex, HEX_LENGTH};
	FUZZ_REQUIRE(
		webhook_signature_verify(keys, &delivery, 0, 0) == WEBHOOK_SIGNATURE_OK);
	hex[body.length % HEX_LENGTH] ^= 1; // another digit, or none
	FUZZ_REQUIRE(
		webhook_signature_verify(keys, &delivery, 0, 0) != WEBHOOK_SIGNATURE_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || size > 1 << 12)
		return 0;
	struct str rest = {(const char *)data + 1, size - 1};
	enum webhook_scheme scheme = (enum webhook_scheme)(data[0] % 3);
	struct str secrets = cut(&rest);
	struct webhook_keys_error error;
	struct webhook_keys *keys = webhook_keys_create(scheme, secrets, &error);
	if (!keys) {
		FUZZ_REQUIRE(error.text[0]);
		return 0;
	}
	struct webhook_delivery delivery = {
		.signature = cut(&rest), .id = cut(&rest), .timestamp = cut(&rest)};
	delivery.body = rest;
	enum webhook_signature_result result = webhook_signature_verify(
		keys, &delivery, UINT64_C(1614265330000), 300000);
	FUZZ_REQUIRE(
		(result == WEBHOOK_SIGNATURE_OK) == !webhook_signature_text(result)[0]);
	if (scheme == WEBHOOK_HMAC_SHA256)
		try_both(keys, secrets, rest);
	webhook_keys_destroy(keys);
	return 0;
}
