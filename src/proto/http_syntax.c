// SPDX-License-Identifier: MIT
// The table of byte classes, written as the grammar's rules, and the fast look over
// values.
#include "http_syntax_priv.h"

#include <string.h>

#define IS_DIGIT(c) ((c) >= '0' && (c) <= '9')
#define IS_ALPHA(c) (((c) | 0x20) >= 'a' && ((c) | 0x20) <= 'z')
#define IS_TOKEN_MARK(c)                                                                 \
	((c) == '!' || ((c) >= '#' && (c) <= '\'') || (c) == '*' || (c) == '+' ||        \
		(c) == '-' || (c) == '.' || ((c) >= '^' && (c) <= '`') || (c) == '|' ||  \
		(c) == '~')
#define IS_TOKEN(c) (IS_DIGIT(c) || IS_ALPHA(c) || IS_TOKEN_MARK(c))
#define IS_VALUE(c) ((c) == '\t' || ((c) >= 0x20 && (c) != 0x7f))
#define IS_TARGET(c) ((c) > 0x20 && (c) < 0x7f && (c) != '#')

#define CLASS_1(c)                                                                       \
	((IS_TOKEN(c) ? HTTP_SYNTAX_TOKEN : 0) | (IS_VALUE(c) ? HTTP_SYNTAX_VALUE : 0) | \
		(IS_TARGET(c) ? HTTP_SYNTAX_TARGET : 0) |                                \
		((c) == '_' ? HTTP_SYNTAX_UNDERSCORE : 0))
#define CLASS_4(c) CLASS_1(c), CLASS_1((c) + 1), CLASS_1((c) + 2), CLASS_1((c) + 3)
#define CLASS_16(c) CLASS_4(c), CLASS_4((c) + 4), CLASS_4((c) + 8), CLASS_4((c) + 12)
#define CLASS_64(c)                                                                      \
	CLASS_16(c), CLASS_16((c) + 16), CLASS_16((c) + 32), CLASS_16((c) + 48)

const uint8_t http_syntax_classes[256] = {
	CLASS_64(0), CLASS_64(64), CLASS_64(128), CLASS_64(192)};

// A vector of the compiler's: SSE2 or NEON, or plain code where there is neither.
typedef uint8_t bytes __attribute__((vector_size(16)));

// Not zero where a byte is a control but HTAB.
static inline bytes bad_bytes(const char *data)
{
	bytes block;

	memcpy(&block, data, sizeof(block));
	return (bytes)(((block < 0x20) & (block != '\t')) | (block == 0x7f));
}

bool http_syntax_is_value(struct str s)
{
	uint64_t halves[2];
	bytes bad = {0};

	if (s.length < sizeof(bytes))
		return http_syntax_span(s, HTTP_SYNTAX_VALUE) == s.length;

	// The last block may overlap the one before it.
	const char *last = s.data + s.length - sizeof(bytes);
	for (const char *at = s.data; at < last; at += sizeof(bytes))
		bad |= bad_bytes(at);
	bad |= bad_bytes(last);
	memcpy(halves, &bad, sizeof(halves));
	return (halves[0] | halves[1]) == 0;
}
