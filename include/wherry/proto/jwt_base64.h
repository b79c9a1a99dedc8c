// SPDX-License-Identifier: MIT
// base64url without padding (RFC 7515 section 2), strictly: one spelling for each value.
#pragma once

#include "wherry/base/str.h"

// Longest decoded form of so many characters.
static inline size_t jwt_base64_room(size_t length)
{
	return length / 4 * 3 + 2;
}

// Decodes text into out, which has jwt_base64_room. False: other characters, a length
// that can't be, or bits set that stand for nothing, so that two texts would mean the
// same.
MUST_CHECK bool jwt_base64_decode(struct str text, uint8_t *out, size_t *ret_length);
