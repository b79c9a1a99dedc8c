// SPDX-License-Identifier: MIT
// What a token claims, once its signature holds.
#pragma once

#include <jansson.h>

#include "wherry/proto/jwt.h"

// Time, issuer, audience, then the claims of the policy.
MUST_CHECK enum jwt_result jwt_claims_check(const struct jwt_policy *policy,
	json_t *claims, uint64_t now_ms, uint64_t *ret_expires_ms,
	const char **reterr_text);
