// SPDX-License-Identifier: MIT
// The byte classes of HTTP/1, for the strict readers of this room: heads and chunk
// framing judge a byte by one table.
#pragma once

#include "wherry/base/str.h"

enum {
	HTTP_SYNTAX_TOKEN = 1 << 0, // tchar (RFC 9110 section 5.6.2)
	HTTP_SYNTAX_VALUE = 1 << 1, // HTAB, SP, VCHAR and obs-text (RFC 9110 section 5.5)
	HTTP_SYNTAX_TARGET = 1 << 2,     // visible ASCII but "#" (RFC 9112 section 3.2)
	HTTP_SYNTAX_UNDERSCORE = 1 << 3, // backends may read it as "-"
};

extern const uint8_t http_syntax_classes[256];

static inline bool http_syntax_is(char byte, unsigned class)
{
	return http_syntax_classes[(uint8_t)byte] & class;
}

// How many of the first bytes are of that class.
static inline size_t http_syntax_span(struct str s, unsigned class)
{
	size_t length = 0;

	while (length < s.length && http_syntax_is(s.data[length], class))
		length++;
	return length;
}

// Are all bytes HTTP_SYNTAX_VALUE? Many at a time.
bool http_syntax_is_value(struct str s);
