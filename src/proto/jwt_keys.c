// SPDX-License-Identifier: MIT
// A set of keys: its JSON, the keys in it, and which one a token means.
#include "wherry/proto/jwt_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/err.h>

#include "jwt_keys_load_priv.h"
#include "jwt_keys_priv.h"

static void fail(struct jwt_keys_error *reterr, const char *text)
{
	*reterr = (struct jwt_keys_error){0};
	(void)snprintf(reterr->text, sizeof(reterr->text), "%s", text);
}

// The member "keys"; NULL, and *reterr, if this is no JWK Set.
static json_t *find_list(
	json_t *root, const json_error_t *error, struct jwt_keys_error *reterr)
{
	if (!root) {
		fail(reterr, error->text);
		reterr->line = error->line > 0 ? (size_t)error->line : 1;
		reterr->column = error->column > 0 ? (size_t)error->column : 1;
		return NULL;
	}
	json_t *list = json_object_get(root, "keys");
	if (!json_is_array(list))
		fail(reterr, "not a JWK Set (expected {\"keys\": [...]})");
	else if (json_array_size(list) > JWT_KEYS_MAX)
		fail(reterr, "more than 256 keys");
	else
		return list;
	return NULL;
}

static bool is_same(const struct jwt_key *a, const struct jwt_key *b)
{
	return a->algorithm == b->algorithm && !a->id == !b->id &&
	       (!a->id || strcmp(a->id, b->id) == 0);
}

// A token names its key by algorithm and "kid" (RFC 7517 section 4.5).
static bool is_told_apart(const struct jwt_keys *keys, size_t index, size_t new_index,
	struct jwt_keys_error *reterr)
{
	const struct jwt_key *key = &keys->keys[index];
	for (size_t i = 0; i < index; i++) {
		if (!is_same(&keys->keys[i], key))
			continue;
		fail(reterr, "");
		(void)snprintf(reterr->text, sizeof(reterr->text),
			"keys[%zu]: another key has the same \"alg\" and \"kid\"",
			new_index);
		return false;
	}
	return true;
}

static bool load_all(struct jwt_keys *keys, json_t *list, uint32_t algorithms,
	struct jwt_keys_error *reterr)
{
	size_t skipped = 0;
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct jwt_key *key = &keys->keys[keys->count];
		char problem[JWT_KEYS_ERROR_SIZE - 64];
		switch (jwt_keys_load(
			json_array_get(list, i), algorithms, key, problem)) {
		case JWT_KEYS_LOAD_OK:
			keys->count++;
			if (!is_told_apart(keys, keys->count - 1, i, reterr))
				return false;
			break;
		case JWT_KEYS_LOAD_SKIPPED:
			skipped++;
			break;
		case JWT_KEYS_LOAD_BAD:
			fail(reterr, "");
			(void)snprintf(reterr->text, sizeof(reterr->text),
				"keys[%zu]: %s", i, problem);
			return false;
		}
	}
	if (keys->count == 0)
		fail(reterr, skipped > 0 ? "none of its keys can be used here"
					 : "there is no key in it");
	return keys->count > 0;
}

struct jwt_keys *jwt_keys_create(
	struct str text, uint32_t algorithms, struct jwt_keys_error *reterr)
{
	json_error_t error;
	if (text.length > JWT_KEYS_MAX_BYTES) {
		fail(reterr, "longer than 1 MiB");
		return NULL;
	}
	json_t *root = json_loadb(
		text.data ? text.data : "", text.length, JSON_REJECT_DUPLICATES, &error);
	json_t *list = find_list(root, &error, reterr);
	struct jwt_keys *keys = NULL;
	if (list)
		keys = calloc(
			1, sizeof(*keys) + json_array_size(list) * sizeof(keys->keys[0]));
	if (list && !keys)
		fail(reterr, "out of memory");
	if (keys && !load_all(keys, list, algorithms, reterr)) {
		jwt_keys_destroy(keys);
		keys = NULL;
	}
	json_decref(root);
	ERR_clear_error(); // whoever uses TLS next must not find it
	return keys;
}

void jwt_keys_destroy(struct jwt_keys *keys)
{
	if (!keys)
		return;
	for (size_t i = 0; i < keys->count; i++)
		jwt_keys_load_finish(&keys->keys[i]);
	free(keys);
}

bool jwt_keys_has_secret(const struct jwt_keys *keys)
{
	for (size_t i = 0; i < keys->count; i++) {
		if (jwt_algorithm_facts(keys->keys[i].algorithm)->secret_length > 0)
			return true;
	}
	return false;
}

static bool is_named(const struct jwt_key *key, struct str id)
{
	return !id.data || (key->id && str_equal(str_from(key->id), id));
}

const struct jwt_key *jwt_keys_find(const struct jwt_keys *keys,
	enum jwt_algorithm algorithm, struct str id, const char **reterr_text)
{
	const struct jwt_key *found = NULL;
	size_t named = 0;
	size_t fitting = 0;
	for (size_t i = 0; i < keys->count; i++) {
		const struct jwt_key *key = &keys->keys[i];
		if (!is_named(key, id))
			continue;
		named++;
		if (key->algorithm != algorithm)
			continue;
		found = key;
		fitting++;
	}
	if (fitting == 1)
		return found;
	if (named == 0)
		*reterr_text = "no key has the token's kid";
	else if (fitting == 0)
		*reterr_text = "the token's alg is not that of its key";
	else
		*reterr_text = "the token has no kid, and several keys fit";
	return NULL;
}
