// SPDX-License-Identifier: MIT
// base64, strictly: one spelling for each value, and no white space.
#pragma once

#include "wherry/base/buf.h"

// Longest decoded form of so many characters.
static inline size_t base64_room(size_t length)
{
	return length / 4 * 3 + length % 4 * 3 / 4;
}

// With padding (RFC 4648 section 4).
void base64_encode(struct buf *out, struct str bytes);

// Decodes text into out, which has base64_room. False: other characters, a length that
// can't be, padding elsewhere than at the end, or bits set that stand for nothing.
MUST_CHECK bool base64_decode(struct str text, uint8_t *out, size_t *ret_length);
// The same of base64url without padding, as tokens have it (RFC 7515 section 2).
MUST_CHECK bool base64_decode_url(struct str text, uint8_t *out, size_t *ret_length);
