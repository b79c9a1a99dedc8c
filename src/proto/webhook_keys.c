// SPDX-License-Identifier: MIT
// Reads the lines of a secret file; see the header.
#include "webhook_keys_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>

#include "wherry/base/base64.h"

enum {
	ED25519_KEY_BYTES = 32
};

struct loading {
	struct webhook_keys *keys;
	struct webhook_keys_error *error;
};

PRINTF_LIKE(2, 3)
static bool refuse(const struct loading *loading, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(
		loading->error->text, sizeof(loading->error->text), format, arguments);
	va_end(arguments);
	return false;
}

static EVP_MAC_CTX *create_mac(const void *secret, size_t length)
{
	char digest[] = "SHA256";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *mac = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
	EVP_MAC_free(hmac);
	if (mac && EVP_MAC_init(mac, secret, length, params) == 1)
		return mac;
	EVP_MAC_CTX_free(mac);
	ERR_clear_error(); // whoever uses TLS next must not find it
	return NULL;
}

static bool add_secret(const struct loading *loading, const void *secret, size_t length)
{
	struct webhook_keys *keys = loading->keys;
	if (length < WEBHOOK_KEYS_MIN_SECRET || length > WEBHOOK_KEYS_MAX_SECRET)
		return refuse(loading, "a secret of %zu bytes (expected %d to %d)",
			length, WEBHOOK_KEYS_MIN_SECRET, WEBHOOK_KEYS_MAX_SECRET);
	keys->keys[keys->count].mac = create_mac(secret, length);
	if (!keys->keys[keys->count].mac)
		return refuse(loading, "out of memory");
	keys->count++;
	return true;
}

static bool add_public_key(
	const struct loading *loading, const uint8_t *bytes, size_t length)
{
	struct webhook_keys *keys = loading->keys;
	EVP_PKEY *key = NULL;
	if (length == ED25519_KEY_BYTES)
		key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, bytes, length);
	ERR_clear_error();
	if (!key)
		return refuse(loading, "behind whpk_ is no Ed25519 key");
	keys->keys[keys->count++].ed25519 = key;
	return true;
}

static bool load_standard(const struct loading *loading, struct str line)
{
	uint8_t bytes[WEBHOOK_KEYS_MAX_SECRET + 4];
	size_t length;
	bool is_public = str_cut_prefix(&line, STR("whpk_"));
	if (str_has_prefix(line, STR("whsk_")))
		return refuse(loading, "a private key (expected its public one, whpk_)");
	if (!is_public && !str_cut_prefix(&line, STR("whsec_")))
		return refuse(loading, "neither whsec_ nor whpk_ in front");
	if (base64_room(line.length) > sizeof(bytes))
		return refuse(loading, "longer than a secret can be");
	if (!base64_decode(line, bytes, &length))
		return refuse(loading, "not base64 behind its prefix");
	bool is_good = is_public ? add_public_key(loading, bytes, length)
				 : add_secret(loading, bytes, length);
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return is_good;
}

// A space at an end can't be seen, and is hardly meant.
static bool load_line(const struct loading *loading, struct str line)
{
	if (loading->keys->count == WEBHOOK_KEYS_MAX)
		return refuse(loading, "more than %d secrets", WEBHOOK_KEYS_MAX);
	if (str_trim(line).length != line.length)
		return refuse(loading, "a space at the beginning or end");
	if (loading->keys->scheme == WEBHOOK_STANDARD)
		return load_standard(loading, line);
	return add_secret(loading, line.data, line.length);
}

static struct str cut_line(struct str *rest)
{
	struct str line = str_cut_until(rest, '\n');
	if (line.length > 0 && line.data[line.length - 1] == '\r')
		line.length--;
	return line;
}

static bool load_all(const struct loading *loading, struct str text)
{
	while (text.length > 0) {
		struct str line = cut_line(&text);
		loading->error->line++;
		if (line.length > 0 && !load_line(loading, line))
			return false;
	}
	loading->error->line = 0;
	return loading->keys->count > 0 || refuse(loading, "no secret in it");
}

struct webhook_keys *webhook_keys_create(
	enum webhook_scheme scheme, struct str text, struct webhook_keys_error *reterr)
{
	struct webhook_keys *keys = calloc(1, sizeof(*keys));
	struct loading loading = {keys, reterr};
	*reterr = (struct webhook_keys_error){0};
	if (!keys) {
		(void)refuse(&loading, "out of memory");
		return NULL;
	}
	keys->scheme = scheme;
	if (load_all(&loading, text))
		return keys;
	webhook_keys_destroy(keys);
	return NULL;
}

void webhook_keys_destroy(struct webhook_keys *keys)
{
	if (!keys)
		return;
	for (size_t i = 0; i < keys->count; i++) {
		EVP_MAC_CTX_free(keys->keys[i].mac);
		EVP_PKEY_free(keys->keys[i].ed25519);
	}
	free(keys);
}
