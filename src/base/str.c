// SPDX-License-Identifier: MIT
// Slices of text: comparing, trimming, cutting lists and reading numbers.
#include "wherry/base/str.h"

#include <stdlib.h>
#include <string.h>

// The C library's tolower asks the locale; header names are ASCII everywhere.
static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct str str_from(const char *terminated)
{
	return (struct str){terminated, strlen(terminated)};
}

bool str_equal(struct str a, struct str b)
{
	// memcmp wants valid pointers even for no bytes at all.
	return a.length == b.length &&
	       (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

bool str_equal_nocase(struct str a, struct str b)
{
	if (a.length != b.length)
		return false;
	for (size_t i = 0; i < a.length; i++) {
		if (lower(a.data[i]) != lower(b.data[i]))
			return false;
	}
	return true;
}

bool str_has_prefix(struct str s, struct str prefix)
{
	return s.length >= prefix.length &&
	       str_equal((struct str){s.data, prefix.length}, prefix);
}

bool str_has_prefix_nocase(struct str s, struct str prefix)
{
	return s.length >= prefix.length &&
	       str_equal_nocase((struct str){s.data, prefix.length}, prefix);
}

bool str_has_suffix_nocase(struct str s, struct str suffix)
{
	if (s.length < suffix.length)
		return false;
	str_cut(&s, s.length - suffix.length);
	return str_equal_nocase(s, suffix);
}

bool str_cut_prefix(struct str *rest, struct str prefix)
{
	bool has_prefix = str_has_prefix(*rest, prefix);
	if (has_prefix)
		str_cut(rest, prefix.length);
	return has_prefix;
}

bool str_cut_prefix_nocase(struct str *rest, struct str prefix)
{
	bool has_prefix = str_has_prefix_nocase(*rest, prefix);
	if (has_prefix)
		str_cut(rest, prefix.length);
	return has_prefix;
}

struct str str_cut_until(struct str *rest, char separator)
{
	const char *end =
		rest->length > 0 ? memchr(rest->data, separator, rest->length) : NULL;
	if (!end)
		return str_cut(rest, rest->length);
	struct str piece = str_cut(rest, (size_t)(end - rest->data));
	str_cut(rest, 1);
	return piece;
}

int str_hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

struct str str_trim(struct str s)
{
	while (s.length > 0 && is_blank(s.data[0]))
		str_cut(&s, 1);
	while (s.length > 0 && is_blank(s.data[s.length - 1]))
		s.length--;
	return s;
}

bool str_next_item(struct str *list, struct str *ret_item)
{
	while (list->length > 0) {
		struct str item = str_trim(str_cut_until(list, ','));

		if (item.length > 0) {
			*ret_item = item;
			return true;
		}
	}
	return false;
}

bool str_parse_u64(struct str s, uint64_t max, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (s.length == 0)
		return false;
	for (size_t i = 0; i < s.length; i++) {
		if (s.data[i] < '0' || s.data[i] > '9')
			return false;
		uint64_t digit = (uint64_t)(s.data[i] - '0');
		if (value > UINT64_MAX / 10 || value * 10 > UINT64_MAX - digit)
			return false;
		value = value * 10 + digit;
	}
	if (value > max)
		return false;
	*ret_value = value;
	return true;
}

char *str_copy(struct str s)
{
	// No slice spans the whole address space, so the NUL always fits.
	char *copy = malloc(s.length + 1);

	if (!copy)
		return NULL;
	if (s.length > 0)
		memcpy(copy, s.data, s.length);
	copy[s.length] = '\0';
	return copy;
}
