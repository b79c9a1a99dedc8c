// SPDX-License-Identifier: MIT
// The signature algorithms of RFC 7518 section 3 that a token may carry: a table, nothing
// is computed here. "none" is not one of them.
#pragma once

#include "wherry/base/str.h"

enum jwt_algorithm {
	JWT_HS256,
	JWT_HS384,
	JWT_HS512,
	JWT_RS256,
	JWT_RS384,
	JWT_RS512,
	JWT_PS256,
	JWT_PS384,
	JWT_PS512,
	JWT_ES256,
	JWT_ES384,
	JWT_ES512,
	JWT_ALGORITHM_COUNT // how many there are, not one of them
};

struct jwt_algorithm_facts {
	const char *name;
	const char *key_type;    // "kty" of RFC 7517
	const char *curve;       // "crv"; NULL where there is none
	size_t secret_length;    // the shortest of an HMAC, in bytes; 0 else
	size_t signature_length; // in bytes; 0: as long as the key
};

const struct jwt_algorithm_facts *jwt_algorithm_facts(enum jwt_algorithm algorithm);
// Names are case-sensitive (RFC 7515 section 4.1.1).
MUST_CHECK bool jwt_algorithm_find(struct str name, enum jwt_algorithm *ret_algorithm);

// A set of algorithms is a number with one bit each.
static inline uint32_t jwt_algorithm_bit(enum jwt_algorithm algorithm)
{
	return UINT32_C(1) << algorithm;
}
// Those that a key of this type, and on this curve if it has one, can be used with.
uint32_t jwt_algorithm_fitting(struct str key_type, struct str curve);
