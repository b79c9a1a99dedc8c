// SPDX-License-Identifier: MIT
// From one JWK (RFC 7517, RFC 7518 section 6) to a key that is safe to use.
#pragma once

#include <jansson.h>

#include "jwt_keys_priv.h"

enum jwt_keys_load_result {
	JWT_KEYS_LOAD_OK = 0,
	JWT_KEYS_LOAD_SKIPPED, // not for verifying tokens, or not with these algorithms
	JWT_KEYS_LOAD_BAD,     // problem says why; *ret_key is empty
};

// The rules are those of jwt_keys_create.
MUST_CHECK enum jwt_keys_load_result jwt_keys_load(json_t *jwk, uint32_t algorithms,
	struct jwt_key *ret_key, char problem[JWT_KEYS_ERROR_SIZE - 64]);
void jwt_keys_load_finish(struct jwt_key *key);
