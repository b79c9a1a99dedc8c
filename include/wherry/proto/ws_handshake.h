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
	WS_HANDSHAKE_BAD_VERSION, // missing or not 13: 426 with Sec-WebSocket-Version: 13
};

// Is this request, which has is_websocket_upgrade, a complete handshake? *reterr_text
// says what is missing.
MUST_CHECK enum ws_handshake_result ws_handshake_check_request(
	const struct http_message *request, const char **reterr_text);

// Has libcrypto set up what handshakes need: at start, since it never tries again after a
// first time for which memory was short. False if it fails.
MUST_CHECK bool ws_handshake_prepare(void);
// Sec-WebSocket-Accept for this key, NUL-terminated. False if the digest fails.
MUST_CHECK bool ws_handshake_accept(
	struct str key, char ret_accept[WS_HANDSHAKE_ACCEPT_LENGTH + 1]);

// A random Sec-WebSocket-Key, NUL-terminated, for a handshake of our own.
void ws_handshake_make_key(char ret_key[WS_HANDSHAKE_KEY_LENGTH + 1]);

// What the backend was offered, to check its answer against.
struct ws_handshake_offer {
	char accept[WS_HANDSHAKE_ACCEPT_LENGTH + 1];
	struct str subprotocols; // the client's list, of all its fields; empty if none
	bool offers_deflate;     // ws_handshake_filter_extensions left something
};

// Is this 101 the answer to that offer: Upgrade, Connection, Accept, a subprotocol and
// extensions that were offered, no framing fields? *ret_uses_deflate: permessage-deflate
// was agreed. *reterr_text says what is wrong.
MUST_CHECK bool ws_handshake_check_response(const struct http_message *response,
	const struct ws_handshake_offer *offer, bool *ret_uses_deflate,
	const char **reterr_text);

// Only the legal permessage-deflate elements of a Sec-WebSocket-Extensions value,
// appended to buf, which holds nothing else: call it for each such field; commas are put
// between. Bad syntax counts as none.
struct buf;
void ws_handshake_filter_extensions(struct str offered, struct buf *buf);

// Origins are serialized as RFC 6454 section 6.2 says, "scheme://host[:port]"; hosts
// compare in any case, all else exactly. "null" and lists of origins equal nothing.

// Are these the host and port that Host names, and this scheme ("http" or "https", the
// connection's)? The scheme's default port may be left out on either side.
bool ws_handshake_is_same_origin(struct str origin, struct str host, const char *scheme);
// Is it one of the list, whose entries are lower case?
bool ws_handshake_is_origin_listed(
	struct str origin, const char *const *list, size_t count);
