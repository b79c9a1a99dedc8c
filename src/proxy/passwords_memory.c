// SPDX-License-Identifier: MIT
// What was right a short while ago; see the header.
#include "wherry/proxy/passwords_memory.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

enum {
	SETS = 1024,
	WAYS = 4,
	KEY_SIZE = 32
};

struct remembered {
	uint8_t tag[PASSWORDS_TAG_SIZE];
	uint64_t until_ms;
};

struct passwords_memory {
	EVP_MAC_CTX *keyed; // never changed after creation: each use copies it
	struct remembered table[SETS][WAYS];
};

static EVP_MAC_CTX *create_keyed(void)
{
	unsigned char key[KEY_SIZE];
	OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_utf8_string(
			OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *keyed = mac ? EVP_MAC_CTX_new(mac) : NULL;
	EVP_MAC_free(mac); // keyed has a reference of its own
	if (keyed && (RAND_priv_bytes(key, sizeof(key)) != 1 ||
			     EVP_MAC_init(keyed, key, sizeof(key), parameters) != 1)) {
		EVP_MAC_CTX_free(keyed);
		keyed = NULL;
	}
	OPENSSL_cleanse(key, sizeof(key));
	return keyed;
}

struct passwords_memory *passwords_memory_create(void)
{
	struct passwords_memory *memory = calloc(1, sizeof(*memory));
	if (!memory)
		return NULL;
	memory->keyed = create_keyed();
	if (memory->keyed)
		return memory;
	free(memory);
	return NULL;
}

void passwords_memory_destroy(struct passwords_memory *memory)
{
	if (!memory)
		return;
	EVP_MAC_CTX_free(memory->keyed);
	OPENSSL_cleanse(memory, sizeof(*memory));
	free(memory);
}

bool passwords_memory_tag(const struct passwords_memory *memory, size_t file,
	struct str user, struct str password, uint8_t ret_tag[PASSWORDS_TAG_SIZE])
{
	// Lengths in front, so that no other pair makes the same text.
	uint64_t lengths[] = {file, user.length, password.length};
	EVP_MAC_CTX *context = EVP_MAC_CTX_dup(memory->keyed);
	size_t length = 0;
	bool is_made =
		context &&
		EVP_MAC_update(context, (void *)lengths, sizeof(lengths)) == 1 &&
		EVP_MAC_update(context, (const void *)user.data, user.length) == 1 &&
		EVP_MAC_update(context, (const void *)password.data, password.length) ==
			1 &&
		EVP_MAC_final(context, ret_tag, &length, PASSWORDS_TAG_SIZE) == 1;
	EVP_MAC_CTX_free(context);
	return is_made && length == PASSWORDS_TAG_SIZE;
}

// Tags are as good as random: any bytes of them spread well.
static size_t find_set(const uint8_t tag[PASSWORDS_TAG_SIZE])
{
	return (size_t)(tag[0] | tag[1] << 8) % SETS;
}

bool passwords_memory_has(const struct passwords_memory *memory,
	const uint8_t tag[PASSWORDS_TAG_SIZE], uint64_t now)
{
	const struct remembered *set = memory->table[find_set(tag)];
	bool is_found = false;
	for (size_t i = 0; i < WAYS; i++)
		is_found |= CRYPTO_memcmp(set[i].tag, tag, PASSWORDS_TAG_SIZE) == 0 &&
			    now < set[i].until_ms;
	return is_found;
}

void passwords_memory_add(struct passwords_memory *memory,
	const uint8_t tag[PASSWORDS_TAG_SIZE], uint64_t until_ms)
{
	struct remembered *set = memory->table[find_set(tag)];
	struct remembered *place = &set[0];
	for (size_t i = 0; i < WAYS; i++) {
		if (CRYPTO_memcmp(set[i].tag, tag, PASSWORDS_TAG_SIZE) == 0) {
			place = &set[i];
			break;
		}
		if (set[i].until_ms < place->until_ms)
			place = &set[i];
	}
	memcpy(place->tag, tag, PASSWORDS_TAG_SIZE);
	place->until_ms = until_ms;
}
