// SPDX-License-Identifier: MIT
// The handshake between client and backend; see the header.
#include "wherry/proxy/upgrade.h"

#include <stdlib.h>

#include "wherry/base/mem.h"
#include "wherry/proto/ws_subprotocol.h"
#include "wherry/proxy/origins.h"

struct upgrade {
	struct ws_handshake_offer offer;
	struct buf subprotocols; // what offer.subprotocols is a slice of
	struct str marker;       // the name that announced a token; of the configuration
};

bool upgrade_is_complete(const struct http_message *request, struct reply *ret_reply)
{
	const char *text = NULL;
	switch (ws_handshake_check_request(request, &text)) {
	case WS_HANDSHAKE_OK:
		return true;
	case WS_HANDSHAKE_BAD:
		return reply_refuse(ret_reply, 400, text);
	case WS_HANDSHAKE_BAD_VERSION:
		break;
	}
	(void)reply_refuse(ret_reply, 426, text);
	ret_reply->field = "Sec-WebSocket-Version: 13";
	return false;
}

// Cross-site WebSocket hijacking: a browser always says which page asks (RFC 6455 10.2).
bool upgrade_is_allowed(const struct http_message *request,
	const struct conf_route *route, bool is_https, struct reply *ret_reply)
{
	if (!route->has_websocket)
		return reply_refuse(ret_reply, 403,
			"this route takes no WebSocket (expected a websocket block)");
	if (!upgrade_is_complete(request, ret_reply))
		return false;
	return origins_allow(&route->websocket.origins, request, is_https) ||
	       reply_refuse(ret_reply, 403, "this Origin may not open a WebSocket here");
}

static void note_subprotocols(struct upgrade *upgrade, const struct http_message *request,
	const struct conf_route *route)
{
	struct ws_subprotocol_token token;
	const char *name = route->jwt.subprotocol;
	ws_subprotocol_split(
		request, str_from(name ? name : ""), &upgrade->subprotocols, &token);
	upgrade->offer.subprotocols = buf_str(&upgrade->subprotocols);
	if (token.count > 0 && token.marker.length > 0)
		upgrade->marker = str_from(name);
}

static bool offers_deflate(const struct http_message *request, bool *ret_offers)
{
	struct buf offered = BUF_INIT;
	for (size_t i = 0; i < request->field_count; i++) {
		if (request->fields[i].id == HTTP_FIELD_SEC_WEBSOCKET_EXTENSIONS)
			ws_handshake_filter_extensions(
				request->fields[i].value, &offered);
	}
	*ret_offers = offered.length > 0;
	bool is_known = !offered.is_failed;
	buf_finish(&offered);
	return is_known;
}

struct upgrade *upgrade_create(
	const struct http_message *request, const struct conf_route *route)
{
	struct upgrade *upgrade = mem_create(sizeof(*upgrade));
	if (!upgrade)
		return NULL;
	const struct http_field *key =
		http_message_find(request, HTTP_FIELD_SEC_WEBSOCKET_KEY);
	note_subprotocols(upgrade, request, route);
	if (upgrade->subprotocols.is_failed || !key ||
		!ws_handshake_accept(key->value, upgrade->offer.accept) ||
		!offers_deflate(request, &upgrade->offer.offers_deflate)) {
		upgrade_destroy(upgrade);
		return NULL;
	}
	return upgrade;
}

void upgrade_destroy(struct upgrade *upgrade)
{
	if (!upgrade)
		return;
	buf_finish(&upgrade->subprotocols);
	free(upgrade);
}

bool upgrade_is_accepted(const struct upgrade *upgrade,
	const struct http_message *response, bool *ret_uses_deflate,
	const char **reterr_text)
{
	return ws_handshake_check_response(
		response, &upgrade->offer, ret_uses_deflate, reterr_text);
}

struct str upgrade_added_subprotocol(
	const struct upgrade *upgrade, const struct http_message *response)
{
	struct str none = {0};
	if (http_message_find(response, HTTP_FIELD_SEC_WEBSOCKET_PROTOCOL))
		return none;
	return upgrade->marker;
}
