// SPDX-License-Identifier: MIT
// Choice of the transport; see the header.
#include "wherry/proxy/push_subscribe.h"

#include "push_subscription_priv.h"
#include "wherry/proto/ws_handshake.h"
#include "wherry/proxy/origins.h"

static enum push_creation refuse(
	struct reply *reply, unsigned status, const char *detail, const char *field)
{
	*reply = (struct reply){.status = status, .detail = detail, .field = field};
	return PUSH_REFUSED;
}

static enum push_creation create_websocket(const struct push_question *question,
	struct push **ret_push, struct reply *ret_reply)
{
	const char *text = NULL;
	const struct conf_subscribe *rules = &question->request->route->subscribe;
	if (!(rules->transports & CONF_TRANSPORT_WEBSOCKET))
		return refuse(ret_reply, 403,
			"this route takes no WebSocket (transports)", NULL);
	switch (ws_handshake_check_request(question->message, &text)) {
	case WS_HANDSHAKE_BAD:
		return refuse(ret_reply, 400, text, NULL);
	case WS_HANDSHAKE_BAD_VERSION:
		return refuse(ret_reply, 426, text, "Sec-WebSocket-Version: 13");
	case WS_HANDSHAKE_OK:
		break;
	}
	return push_websocket_create(question, ret_push);
}

static enum push_creation create_plain(const struct push_question *question,
	struct push **ret_push, struct reply *ret_reply)
{
	unsigned transports = question->request->route->subscribe.transports;
	bool has_sse = transports & CONF_TRANSPORT_SSE;
	bool has_poll = transports & CONF_TRANSPORT_LONG_POLL;
	bool wants_sse =
		http_message_accepts(question->message, STR("text/event-stream"));
	if (!http_message_is_method(question->message, "GET"))
		return refuse(
			ret_reply, 405, "subscriptions are made by GET", "Allow: GET");
	if (!has_sse && !has_poll)
		return refuse(ret_reply, 426, "this route takes WebSockets only",
			"Upgrade: websocket");
	if (wants_sse && !has_sse)
		return refuse(ret_reply, 406,
			"this route has no event streams (transports)", NULL);
	if (wants_sse || !has_poll)
		return push_sse_create(question, ret_push);
	return push_longpoll_create(question, ret_push);
}

enum push_creation push_subscribe_create(const struct push_question *question,
	struct push **ret_push, struct reply *ret_reply)
{
	const struct conf_subscribe *rules = &question->request->route->subscribe;
	bool is_https = question->request->is_https;
	if (!origins_allow(&rules->origins, question->message, is_https))
		return refuse(ret_reply, 403,
			"this Origin's pages may not subscribe here", NULL);
	if (question->message->body_kind != HTTP_BODY_NONE)
		return refuse(ret_reply, 413, "no body is expected here", NULL);
	if (question->message->is_websocket_upgrade)
		return create_websocket(question, ret_push, ret_reply);
	return create_plain(question, ret_push, ret_reply);
}
