// SPDX-License-Identifier: MIT
// The syntax of Sec-WebSocket-Extensions (RFC 6455 section 9.1), and of the one extension
// that Wherry lets pass, permessage-deflate (RFC 7692). What was offered to whom is
// ws_handshake's.
#pragma once

#include "wherry/base/str.h"

// One element of the list; slices of it.
struct ws_extension {
	struct str text; // the whole element, trimmed
	struct str name;
	struct str parameters; // from the first ";" on; empty if none
};

enum ws_extension_result {
	WS_EXTENSION_OK = 0,
	WS_EXTENSION_END, // no further element
	WS_EXTENSION_BAD, // not the syntax of such a list
};

// Cuts the next element off list; empty ones are skipped. A quoted value is allowed if it
// is a token without escapes, as its meaning must be a token anyway.
MUST_CHECK enum ws_extension_result ws_extension_next(
	struct str *list, struct ws_extension *ret_extension);

enum ws_extension_direction {
	WS_EXTENSION_OFFER,
	WS_EXTENSION_ANSWER
};

// Is this permessage-deflate with the parameters of RFC 7692 section 7.1, each at most
// once and with a legal value?
bool ws_extension_is_deflate(
	const struct ws_extension *extension, enum ws_extension_direction direction);
