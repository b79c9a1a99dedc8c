// SPDX-License-Identifier: MIT
// Verifies a JSON Web Token (RFC 7519, signed as RFC 7515 says, compact form only) as RFC
// 8725 advises: by a key whose algorithm was fixed beforehand, and against what a route
// asks for. Where the token stands in a request is not known here.
#pragma once

#include "wherry/base/buf.h"
#include "wherry/proto/jwt_keys.h"

struct json_t; // of jansson

enum {
	JWT_MAX_BYTES = 8 * 1024, // longest token
	JWT_MAX_HEADER_BYTES = 1024
};

// A claim that must be there: a text or number equal to value, a true for "true", or a
// list that holds it. Of "scope", a text is a list of words (RFC 8693 section 4.2).
struct jwt_claim_rule {
	const char *name;
	const char *value;
};

// What tokens are held against; all of it is borrowed.
struct jwt_policy {
	const struct jwt_keys *keys;
	const char *const *issuers; // one of them is "iss"; none: it is not looked at
	size_t issuer_count;
	const char *const *audiences; // one of them is in "aud"; none: there must be no
				      // "aud" (RFC 7519 section 4.1.3)
	size_t audience_count;
	const struct jwt_claim_rule *claims; // all of them
	size_t claim_count;
	uint64_t leeway_ms;      // for clocks that differ
	bool is_expiry_optional; // else a token without "exp" is refused
};

enum jwt_result {
	JWT_OK = 0,
	JWT_INVALID,      // the token proves nothing
	JWT_INSUFFICIENT, // it is valid, but lacks a claim that the policy asks for
};

// A token that was verified.
struct jwt {
	struct json_t *claims;
	uint64_t expires_ms; // of the calendar, leeway included; UINT64_MAX = never
};

// Any thread. now_ms is now_calendar_ms. *reterr_text is a sentence without anything of
// the token's in it, fit for "error_description" of RFC 6750. Only JWT_OK gives a token,
// which ends with jwt_finish.
MUST_CHECK enum jwt_result jwt_verify(const struct jwt_policy *policy, struct str token,
	uint64_t now_ms, struct jwt *ret_jwt, const char **reterr_text);
void jwt_finish(struct jwt *jwt);

// Writes the value of a claim behind what out holds: texts as they are, whole numbers,
// true and false, and lists of those with "," between. False if there is none, or it is
// of another kind, or holds control characters, so that it can't be a header's value.
MUST_CHECK bool jwt_write_claim(const struct jwt *jwt, const char *name, struct buf *out);
