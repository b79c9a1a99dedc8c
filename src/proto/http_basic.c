// SPDX-License-Identifier: MIT
// Basic credentials; see the header.
#include "wherry/proto/http_basic.h"

#include <string.h>

static int decode_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

// RFC 4648 section 4, with its padding. False for anything else, or more than size bytes.
static bool decode(struct str text, char *out, size_t size, size_t *ret_length)
{
	size_t padding = 0, length = 0;
	unsigned bits = 0;
	while (padding < 2 && padding < text.length &&
		text.data[text.length - 1 - padding] == '=')
		padding++;
	if (text.length % 4 != 0 || text.length / 4 * 3 - padding > size)
		return false;
	for (size_t i = 0; i < text.length - padding; i++) {
		int digit = decode_digit(text.data[i]);
		if (digit < 0)
			return false;
		bits = (bits << 6 | (unsigned)digit) & 0xffffff;
		if (i % 4 != 0)
			out[length++] = (char)(bits >> (6 - 2 * (i % 4)));
	}
	*ret_length = length;
	return true;
}

// RFC 7617 section 2: neither part holds control characters.
static bool has_control(struct str text)
{
	for (size_t i = 0; i < text.length; i++) {
		unsigned char byte = (unsigned char)text.data[i];
		if (byte < 0x20 || byte == 0x7f)
			return true;
	}
	return false;
}

// The first colon ends the user; a password may hold more of them.
static bool split(struct http_basic *basic, size_t length)
{
	const char *colon = memchr(basic->text, ':', length);
	if (!colon)
		return false;
	size_t user_length = (size_t)(colon - basic->text);
	basic->user = (struct str){basic->text, user_length};
	basic->password = (struct str){colon + 1, length - user_length - 1};
	basic->text[length] = '\0';
	return user_length > 0 && user_length <= HTTP_BASIC_USER_MAX &&
	       basic->password.length <= HTTP_BASIC_PASSWORD_MAX;
}

enum http_basic_result http_basic_read(struct str value, struct http_basic *ret_basic)
{
	struct str scheme = {value.data, value.length < 6 ? value.length : 6};
	size_t length;
	if (!str_equal_nocase(scheme, STR("Basic ")))
		return HTTP_BASIC_NONE;
	struct str token = str_trim((struct str){value.data + 6, value.length - 6});
	if (!decode(token, ret_basic->text, HTTP_BASIC_MAX, &length) ||
		has_control((struct str){ret_basic->text, length}) ||
		!split(ret_basic, length))
		return HTTP_BASIC_BAD;
	return HTTP_BASIC_OK;
}
