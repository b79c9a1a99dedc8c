// SPDX-License-Identifier: MIT
// The opening handshake of RFC 6455 section 4, as a server toward the browser and as a
// client toward the backend: pure checks on parsed heads.
#pragma once

#include "wherry/proto/http_message.h"

enum {
	WS_HANDSHAKE_ACCEPT_LENGTH = 28,
	WS_HANDSHAKE_KEY_LENGTH = 24
};

enum ws_handshake_result {
	WS_HANDSHAKE_OK = 0,
	WS_HANDSHAKE_BAD, // 400: method, version of HTTP, key, or fields that may stand
			  // once
	WS_HANDSHAKE_BAD_VERSION, // 426 with Sec-WebSocket-Version: 13
};

// Is this request, which has is_websocket_upgrade, a complete handshake? *reterr_text
// says what is missing.
MUST_CHECK enum ws_handshake_result ws_handshake_check_request(
	const struct http_message *request, const char **reterr_text);

// Sec-WebSocket-Accept for this key, NUL-terminated. False if the digest fails.
MUST_CHECK bool ws_handshake_accept(
	struct str key, char ret_accept[WS_HANDSHAKE_ACCEPT_LENGTH + 1]);

// What the backend was offered, to check its answer against.
struct ws_handshake_offer {
	char accept[WS_HANDSHAKE_ACCEPT_LENGTH + 1];
	struct str subprotocols; // the client's list; empty if none
	bool offers_deflate;
};

// Is this 101 the answer to that offer: Upgrade, Connection, Accept, a subprotocol and
// extensions that were offered, no framing fields? *ret_uses_deflate: permessage-deflate
// was agreed. *reterr_text says what is wrong.
MUST_CHECK bool ws_handshake_check_response(const struct http_message *response,
	const struct ws_handshake_offer *offer, bool *ret_uses_deflate,
	const char **reterr_text);

// Only the permessage-deflate elements of a Sec-WebSocket-Extensions value, appended to
// buf (comma-separated; nothing if there is none). Bad syntax counts as none.
struct buf;
void ws_handshake_filter_extensions(struct str offered, struct buf *buf);

// RFC 6454 serialized origin against the authority of Host: same host and port (the
// scheme's default port may be left out on either side)? "null" never is. scheme is
// "http" or "https", that of the connection; the origin's scheme must be the same.
bool ws_handshake_is_same_origin(struct str origin, struct str host, const char *scheme);
