// SPDX-License-Identifier: MIT
// UTF-8 as a state machine over bytes, with a fast lane for ASCII.
#include "wherry/base/utf8.h"

#include <string.h>

// The lead byte of a sequence (RFC 3629 section 4):
//
//   lead     second    then     what the narrower second byte keeps out
//   00..7f                     (never comes here)
//   c2..df   80..bf             (c0, c1: overlong)
//   e0       a0..bf    1 more   overlong
//   e1..ef   80..bf    1 more
//   ed       80..9f    1 more   surrogates
//   f0       90..bf    2 more   overlong
//   f1..f3   80..bf    2 more
//   f4       80..8f    2 more   above U+10FFFF
static bool take_lead(struct utf8 *utf8, uint8_t byte)
{
	utf8->lower = 0x80;
	utf8->upper = 0xbf;
	if (byte < 0xc2 || byte > 0xf4)
		return false;
	if (byte < 0xe0) {
		utf8->needed = 1;
		return true;
	}

	utf8->needed = byte < 0xf0 ? 2 : 3;
	if (byte == 0xe0)
		utf8->lower = 0xa0;
	else if (byte == 0xed)
		utf8->upper = 0x9f;
	else if (byte == 0xf0)
		utf8->lower = 0x90;
	else if (byte == 0xf4)
		utf8->upper = 0x8f;
	return true;
}

static bool take_continuation(struct utf8 *utf8, uint8_t byte)
{
	if (byte < utf8->lower || byte > utf8->upper)
		return false;
	utf8->needed--;
	utf8->lower = 0x80;
	utf8->upper = 0xbf;
	return true;
}

// How many bytes at the start come in eights of pure ASCII.
static size_t ascii_prefix(const uint8_t *data, size_t length)
{
	size_t at = 0;
	uint64_t eight;

	while (length - at >= sizeof(eight)) {
		memcpy(&eight, data + at, sizeof(eight));
		if (eight & UINT64_C(0x8080808080808080))
			break;
		at += sizeof(eight);
	}
	return at;
}

bool utf8_feed(struct utf8 *utf8, const uint8_t *data, size_t length)
{
	size_t at = 0;

	while (at < length) {
		if (utf8->needed > 0) {
			if (!take_continuation(utf8, data[at++]))
				return false;
			continue;
		}
		if (data[at] < 0x80) {
			size_t skipped = ascii_prefix(data + at, length - at);
			at += skipped > 0 ? skipped : 1;
			continue;
		}
		if (!take_lead(utf8, data[at++]))
			return false;
	}
	return true;
}

bool utf8_is_complete(const struct utf8 *utf8)
{
	return utf8->needed == 0;
}

bool utf8_is_text(struct str text)
{
	struct utf8 utf8 = UTF8_INIT;
	return utf8_feed(&utf8, (const uint8_t *)text.data, text.length) &&
	       utf8_is_complete(&utf8);
}
