// SPDX-License-Identifier: MIT
// Basic credentials; see the header.
#include "wherry/proto/http_basic.h"

#include <string.h>

#include "wherry/base/base64.h"

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
	if (base64_room(token.length) > sizeof(ret_basic->text) ||
		!base64_decode(token, (uint8_t *)ret_basic->text, &length) ||
		length > HTTP_BASIC_MAX ||
		has_control((struct str){ret_basic->text, length}) ||
		!split(ret_basic, length))
		return HTTP_BASIC_BAD;
	return HTTP_BASIC_OK;
}
