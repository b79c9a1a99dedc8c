// SPDX-License-Identifier: MIT
// The keys that tokens are verified with, from a JWK Set (RFC 7517). Each key serves one
// algorithm, fixed when it is loaded, so that no token can choose how a key is used.
// Immutable: threads may share it. Verifying is jwt's.
#pragma once

#include "wherry/proto/jwt_algorithm.h"

enum {
	JWT_KEYS_MAX_BYTES = 1 << 20, // longest text of a JWK Set
	JWT_KEYS_MAX = 256,           // keys in one set
	JWT_KEYS_MIN_RSA_BITS = 2048,
	JWT_KEYS_MAX_RSA_BITS = 8192, // longer ones take too long to verify
	JWT_KEYS_ERROR_SIZE = 192
};

struct jwt_keys;

struct jwt_keys_error {
	size_t line; // of the text, from 1; 0 = not a matter of its syntax
	size_t column;
	char text[JWT_KEYS_ERROR_SIZE];
};

// algorithms is the set that may be used; 0 is all of them. A key's algorithm is its
// "alg"; without one, it is the only algorithm of the set that its type and curve fit,
// and an error if there are several.
//
// Left out, since a set may serve other purposes as well: keys of other types, for
// encryption ("use", "key_ops"), with an "alg" that is not in the set. An error is what
// is no such set, has a name twice, or holds a key that is malformed, weak (an HMAC
// secret shorter than the hash, RSA below 2048 bits or with a bad exponent), of a type or
// curve that its "alg" does not fit, private, or not told from another one; and if no key
// is left. NULL then, and *reterr says why.
MUST_CHECK struct jwt_keys *jwt_keys_create(
	struct str text, uint32_t algorithms, struct jwt_keys_error *reterr);
// Secrets are wiped. NULL is allowed.
void jwt_keys_destroy(struct jwt_keys *keys);

// Can tokens be made with one of them? Then its file must be kept from others.
bool jwt_keys_has_secret(const struct jwt_keys *keys);
