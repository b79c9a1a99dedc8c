// SPDX-License-Identifier: MIT
// The keys as jwt.c uses them.
#pragma once

#include <cjose/jwk.h>

#include "wherry/proto/jwt_keys.h"

struct jwt_key {
	// Only ever lent to cjose_jws_verify, which leaves its count of references alone:
	// the count is not atomic.
	cjose_jwk_t *jwk;
	enum jwt_algorithm algorithm;
	size_t signature_length;
	char *id; // "kid"; NULL if it has none
};

struct jwt_keys {
	size_t count;
	struct jwt_key keys[];
};

// The key of that algorithm and "kid" (data NULL: the token names none, then only if
// exactly one has the algorithm). NULL if there is none; *reterr_text says why.
const struct jwt_key *jwt_keys_find(const struct jwt_keys *keys,
	enum jwt_algorithm algorithm, struct str id, const char **reterr_text);
