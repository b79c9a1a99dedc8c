// SPDX-License-Identifier: MIT
// A borrowed slice of bytes that is usually text: pointer and length, never
// NUL-terminated. Pure functions on it; nothing here owns memory except str_copy.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wherry/base/attributes.h"

struct str {
	const char *data; // may be NULL when length is 0
	size_t length;
};

// A slice of a string literal.
#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
// For printf: "%.*s", STR_ARG(s).
#define STR_ARG(s) (int)(s).length, (s).data ? (s).data : ""

struct str str_from(const char *terminated);

bool str_equal(struct str a, struct str b);
// ASCII letters compare equal in either case; other bytes exactly.
bool str_equal_nocase(struct str a, struct str b);
bool str_has_prefix(struct str s, struct str prefix);
bool str_has_prefix_nocase(struct str s, struct str prefix);
bool str_has_suffix_nocase(struct str s, struct str suffix);

// Takes bytes off the front of rest, which has as many; gives them.
static inline struct str str_cut(struct str *rest, size_t length)
{
	struct str piece = {rest->data, length};
	if (length > 0) // data may be NULL
		rest->data += length;
	rest->length -= length;
	return piece;
}
// Takes the prefix off, if it is there.
bool str_cut_prefix(struct str *rest, struct str prefix);
bool str_cut_prefix_nocase(struct str *rest, struct str prefix);
// Takes off and gives what stands before the next separator, which goes as well; all, if
// there is none.
struct str str_cut_until(struct str *rest, char separator);

// 0 to 15; -1 if it is no hex digit.
int str_hex_value(char c);

// Without leading and trailing SP and HTAB (OWS, RFC 9110 section 5.6.3).
struct str str_trim(struct str s);

// Cuts the next element off a comma-separated list (RFC 9110 section 5.6.1), trimmed;
// empty elements are skipped. False when the list is used up. Quoted strings are not
// understood.
MUST_CHECK bool str_next_item(struct str *list, struct str *ret_item);

// Decimal digits only, at least one, no sign and no spaces; false if the value exceeds
// max.
MUST_CHECK bool str_parse_u64(struct str s, uint64_t max, uint64_t *ret_value);

// A NUL-terminated copy on the heap, freed with free(); NULL when memory is short.
MUST_CHECK char *str_copy(struct str s);
