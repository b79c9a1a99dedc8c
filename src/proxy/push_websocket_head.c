// SPDX-License-Identifier: MIT
// The answer to the handshake of a WebSocket that ends here (RFC 6455 section 4.2.2).
#include "push_websocket_priv.h"

#include "wherry/proto/http_write.h"
#include "wherry/proto/push_envelope.h"
#include "wherry/proto/ws_handshake.h"
#include "wherry/proto/ws_subprotocol.h"

static bool is_listed(struct str list, struct str subprotocol)
{
	struct str item;
	while (str_next_item(&list, &item)) {
		if (str_equal(item, subprotocol))
			return true;
	}
	return false;
}

// wherry.v1 if the client offers it. Else, where it sent a token, the name under which it
// did: browsers give up if they offered some and none is chosen (WHATWG WebSockets).
// Empty: none. False when memory is short.
static bool choose_subprotocol(const struct http_message *message,
	const struct conf_route *route, struct str *ret_chosen)
{
	const char *name = route && route->jwt.subprotocol ? route->jwt.subprotocol : "";
	struct ws_subprotocol_token token;
	struct buf offered = BUF_INIT;
	ws_subprotocol_split(message, str_from(name), &offered, &token);
	*ret_chosen = STR("");
	if (is_listed(buf_str(&offered), STR(PUSH_ENVELOPE_PROTOCOL)))
		*ret_chosen = STR(PUSH_ENVELOPE_PROTOCOL);
	else if (token.count > 0 && token.marker.length > 0)
		*ret_chosen = str_from(name);
	bool is_known = !offered.is_failed;
	buf_finish(&offered);
	return is_known;
}

bool push_websocket_write_head(struct buf *out, const struct http_message *message,
	const struct conf_route *route, bool *ret_wants_envelope)
{
	const struct http_field *key =
		http_message_find(message, HTTP_FIELD_SEC_WEBSOCKET_KEY);
	char accept[WS_HANDSHAKE_ACCEPT_LENGTH + 1];
	struct str subprotocol;
	if (!key || !ws_handshake_accept(key->value, accept) ||
		!choose_subprotocol(message, route, &subprotocol))
		return false;
	*ret_wants_envelope = str_equal(subprotocol, STR(PUSH_ENVELOPE_PROTOCOL));
	http_write_status_line(out, 101, STR(""));
	http_write_field(out, STR("Upgrade"), STR("websocket"));
	http_write_field(out, STR("Connection"), STR("Upgrade"));
	http_write_field(out, STR("Sec-WebSocket-Accept"), str_from(accept));
	if (subprotocol.length > 0)
		http_write_field(out, STR("Sec-WebSocket-Protocol"), subprotocol);
	http_write_end(out);
	return !out->is_failed;
}
