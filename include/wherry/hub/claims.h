// SPDX-License-Identifier: MIT
// What was claimed lately, by name: a delivery that comes again is not published twice.
// Not thread-safe.
#pragma once

#include "wherry/base/str.h"

struct claims;

enum {
	CLAIMS_MAX = 1 << 18 // at a time
};

enum claims_result {
	CLAIMS_OK = 0,
	CLAIMS_KNOWN, // it was made before, and is not over
	CLAIMS_FULL,  // there are too many, or memory is short
};

// NULL when memory is short.
MUST_CHECK struct claims *claims_create(void);
void claims_destroy(struct claims *claims);
// Makes the claim, for so long.
MUST_CHECK enum claims_result claims_make(
	struct claims *claims, struct str name, uint64_t life_ms, uint64_t now_ms);
