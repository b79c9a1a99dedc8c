// SPDX-License-Identifier: MIT
// The handshake between client and backend; see the header.
#include "wherry/proxy/upgrade.h"

#include <stdlib.h>

#include "wherry/base/mem.h"
#include "wherry/proto/ws_subprotocol.h"

struct upgrade {
	struct ws_handshake_offer offer;
	struct buf subprotocols; // what offer.subprotocols is a slice of
	struct str marker;       // the name that announced a token; of the configuration
};

static bool refuse(
	struct reply *reply, unsigned status, const char *detail, const char *field)
{
	reply->status = status;
	reply->detail = detail;
	reply->field = field;
	return false;
}

// Cross-site WebSocket hijacking: a browser always says which page asks (RFC 6455 10.2).
static bool is_origin_allowed(const struct http_message *request,
	const struct conf_origin_rule *rule, bool is_https)
{
	const struct http_field *origin = http_message_find(request, HTTP_FIELD_ORIGIN);
	switch (rule->kind) {
	case CONF_ORIGINS_ANY:
		return true;
	case CONF_ORIGINS_SAME_HOST:
		return !origin || ws_handshake_is_same_origin(origin->value,
					  request->host, is_https ? "https" : "http");
	case CONF_ORIGINS_LIST:
		break;
	}
	return origin && ws_handshake_is_origin_listed(origin->value,
				 (const char *const *)rule->list, rule->count);
}

bool upgrade_is_allowed(const struct http_message *request,
	const struct conf_route *route, bool is_https, struct reply *ret_reply)
{
	const char *text = NULL;
	if (!route->has_websocket)
		return refuse(ret_reply, 403,
			"this route takes no WebSocket (expected a websocket block)",
			NULL);
	switch (ws_handshake_check_request(request, &text)) {
	case WS_HANDSHAKE_BAD:
		return refuse(ret_reply, 400, text, NULL);
	case WS_HANDSHAKE_BAD_VERSION:
		return refuse(ret_reply, 426, text, "Sec-WebSocket-Version: 13");
	case WS_HANDSHAKE_OK:
		break;
	}
	if (!is_origin_allowed(request, &route->websocket.origins, is_https))
		return refuse(ret_reply, 403, "this Origin may not open a WebSocket here",
			NULL);
	return true;
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
