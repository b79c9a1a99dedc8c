// SPDX-License-Identifier: MIT
// Makes keys and tokens as an issuer would, and as an attacker would. All results are
// freed with free().
#pragma once

#include "wherry/base/str.h"

#include <cjose/jwk.h>

// A token signed by this key; header and claims are JSON texts.
char *jwt_maker_sign(const cjose_jwk_t *key, const char *header, const char *claims);
// HMAC by whatever bytes, with any header at all; digest as "SHA256".
char *jwt_maker_hmac(
	struct str secret, const char *digest, const char *header, const char *claims);
// Three parts, the last given as base64url.
char *jwt_maker_join(const char *header, const char *claims, const char *signature);
char *jwt_maker_base64(struct str text);

// {"keys": [...]}, with members such as "\"alg\": \"RS256\"" added to the public half of
// the key, or to all of a secret one.
char *jwt_maker_set(const cjose_jwk_t *key, const char *members);
