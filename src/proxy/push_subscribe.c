// SPDX-License-Identifier: MIT
// Choice of the transport; see the header.
#include "wherry/proxy/push_subscribe.h"

#include "push_subscription_priv.h"
#include "wherry/proxy/origins.h"
#include "wherry/proxy/upgrade.h"

static enum conf_transport refuse(
	struct reply *reply, unsigned status, const char *detail, const char *field)
{
	*reply = (struct reply){.status = status, .detail = detail, .field = field};
	return 0;
}

static enum conf_transport choose_websocket(const struct conf_subscribe *rules,
	const struct http_message *message, struct reply *ret_reply)
{
	if (!(rules->transports & CONF_TRANSPORT_WEBSOCKET))
		return refuse(ret_reply, 403,
			"this route takes no WebSocket (transports)", NULL);
	return upgrade_is_complete(message, ret_reply) ? CONF_TRANSPORT_WEBSOCKET : 0;
}

static enum conf_transport choose_plain(const struct conf_subscribe *rules,
	const struct http_message *message, struct reply *ret_reply)
{
	bool has_sse = rules->transports & CONF_TRANSPORT_SSE;
	bool has_poll = rules->transports & CONF_TRANSPORT_LONG_POLL;
	bool wants_sse = http_message_accepts(message, STR("text/event-stream"));
	if (!http_message_is_method(message, "GET"))
		return refuse(
			ret_reply, 405, "subscriptions are made by GET", "Allow: GET");
	if (!has_sse && !has_poll)
		return refuse(ret_reply, 426, "this route takes WebSockets only",
			"Upgrade: websocket");
	if (wants_sse && !has_sse)
		return refuse(ret_reply, 406,
			"this route has no event streams (transports)", NULL);
	return wants_sse || !has_poll ? CONF_TRANSPORT_SSE : CONF_TRANSPORT_LONG_POLL;
}

enum conf_transport push_subscribe_choose(const struct conf_subscribe *rules,
	const struct http_message *message, bool is_https, struct reply *ret_reply)
{
	if (!origins_allow(&rules->origins, message, is_https))
		return refuse(ret_reply, 403,
			"this Origin's pages may not subscribe here", NULL);
	if (message->body_kind != HTTP_BODY_NONE)
		return refuse(ret_reply, 413, "no body is expected here", NULL);
	return message->is_websocket_upgrade ? choose_websocket(rules, message, ret_reply)
					     : choose_plain(rules, message, ret_reply);
}

enum push_creation push_subscribe_create(const struct push_question *question,
	struct push **ret_push, struct reply *ret_reply)
{
	const struct request *request = question->request;
	switch (push_subscribe_choose(&request->route->subscribe, question->message,
		request->is_https, ret_reply)) {
	case CONF_TRANSPORT_WEBSOCKET:
		return push_websocket_create(question, ret_push);
	case CONF_TRANSPORT_SSE:
		return push_sse_create(question, ret_push);
	case CONF_TRANSPORT_LONG_POLL:
		return push_longpoll_create(question, ret_push);
	}
	return PUSH_REFUSED;
}
