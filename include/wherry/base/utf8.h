// SPDX-License-Identifier: MIT
// A streaming UTF-8 validator (RFC 3629): no surrogates, no overlong forms, nothing above
// U+10FFFF. Refuses at the first byte that can't continue a valid sequence.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wherry/base/attributes.h"
#include "wherry/base/str.h"

struct utf8 {
	uint8_t needed;       // continuation bytes still expected
	uint8_t lower, upper; // range allowed for the next one
};

#define UTF8_INIT ((struct utf8){0})

// May be called with any split of the text. False once the bytes can't be valid.
MUST_CHECK bool utf8_feed(struct utf8 *utf8, const uint8_t *data, size_t length);
// Did the text so far end at a character boundary?
bool utf8_is_complete(const struct utf8 *utf8);
// Is all of the text valid?
bool utf8_is_text(struct str text);
