// SPDX-License-Identifier: MIT
// A token among the subprotocols that a client offers: scripts in browsers can set no
// other field of a handshake. It is told from the rest, so that nobody is offered it.
#pragma once

#include "wherry/base/buf.h"
#include "wherry/proto/http_message.h"

// Slices of the request. Two forms carry a token under a name, "bearer" for example:
// one subprotocol "bearer.TOKEN", or "bearer" and TOKEN behind it as the next one.
struct ws_subprotocol_token {
	struct str token;  // the last one; data NULL: there is none
	struct str marker; // the name that stood before it as a subprotocol; or empty
	size_t count;      // of tokens; more than one is not to be trusted
};

// Reads all Sec-WebSocket-Protocol fields as one list. An empty name: none is a token.
// What is neither name nor token is
// appended to rest (NULL: it is not wanted), with ", " between.
void ws_subprotocol_split(const struct http_message *request, struct str name,
	struct buf *rest, struct ws_subprotocol_token *ret_token);
