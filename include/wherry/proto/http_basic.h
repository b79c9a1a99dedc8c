// SPDX-License-Identifier: MIT
// Basic credentials as a client sends them (RFC 7617): a pure reader, strict where the
// RFC is. Whether they are right is not known here.
#pragma once

#include "wherry/base/str.h"

enum {
	HTTP_BASIC_USER_MAX = 255,     // bytes
	HTTP_BASIC_PASSWORD_MAX = 511, // what crypt(3) takes
	HTTP_BASIC_MAX = HTTP_BASIC_USER_MAX + 1 + HTTP_BASIC_PASSWORD_MAX,
};

struct http_basic {
	struct str user; // slices of text
	struct str password;
	char text[HTTP_BASIC_MAX + 1]; // a NUL stands behind the password
};

enum http_basic_result {
	HTTP_BASIC_OK = 0,
	HTTP_BASIC_NONE, // another scheme
	HTTP_BASIC_BAD,  // no base64, no colon, control characters, an empty user, too
			 // long
};

// The value of an Authorization field. Wipe *ret_basic when done with it, whatever the
// result.
MUST_CHECK enum http_basic_result http_basic_read(
	struct str value, struct http_basic *ret_basic);
