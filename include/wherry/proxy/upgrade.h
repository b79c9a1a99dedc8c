// SPDX-License-Identifier: MIT
// The WebSocket handshake between client and backend (SECURITY T17, T27): what is checked
// before a backend hears of it, and what its 101 is held against.
#pragma once

#include "wherry/conf/conf.h"
#include "wherry/proto/ws_handshake.h"
#include "wherry/proxy/reply.h"

struct upgrade;

// Is this upgrade a complete handshake, whoever it is for? Else *ret_reply has status,
// detail and field.
MUST_CHECK bool upgrade_is_complete(
	const struct http_message *request, struct reply *ret_reply);

// May this request become a WebSocket on this route? is_https is how the client sees the
// connection, for its Origin. Else *ret_reply has status, detail and field.
MUST_CHECK bool upgrade_is_allowed(const struct http_message *request,
	const struct conf_route *route, bool is_https, struct reply *ret_reply);

// Remembers what is being offered: not the token among the subprotocols, if the route
// looks for one there. NULL when memory is short. The route outlives it.
MUST_CHECK struct upgrade *upgrade_create(
	const struct http_message *request, const struct conf_route *route);
void upgrade_destroy(struct upgrade *upgrade);

// Is this 101 the answer to that offer?
MUST_CHECK bool upgrade_is_accepted(const struct upgrade *upgrade,
	const struct http_message *response, bool *ret_uses_deflate,
	const char **reterr_text);
// The subprotocol that the client is told where the backend chose none: the name under
// which a token was sent. Browsers give up if they offered some and none is chosen
// (WHATWG WebSockets; RFC 6455 would let it be). Empty: there is nothing to add.
struct str upgrade_added_subprotocol(
	const struct upgrade *upgrade, const struct http_message *response);
