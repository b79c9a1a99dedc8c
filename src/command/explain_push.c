// SPDX-License-Identifier: MIT
// What a route that pushes does with a request: channels by their names, as far as the
// head says them.
#include "explain_priv.h"
#include "wherry/proxy/live_rules.h"
#include "wherry/proxy/origins.h"
#include "wherry/proxy/push_content.h"
#include "wherry/proxy/push_subscribe.h"

// The name; or the template, if the token or the body has a say in it.
static void add_channel(struct explain *explain, json_t *to, const char *name,
	const struct template *channel)
{
	struct push_values values = {0};
	struct push_content content = {.values = &values};
	struct push_content_error error;
	struct buf out = BUF_INIT;
	unsigned unknown = template_bit(TEMPLATE_CLAIM) | template_bit(TEMPLATE_JSON);
	push_values_take_head(&values, channel, &explain->message, explain->choice.path);
	if (template_uses(channel, unknown))
		explain_add(explain, to, name, "%.*s", STR_ARG(channel->text));
	else if (push_content_name(&content, channel, &out, &error) == PUSH_CONTENT_OK)
		explain_add(explain, to, name, "%.*s", STR_ARG(buf_str(&out)));
	else
		explain_add(explain, to, name,
			"%.*s, for which a value is missing or wrong: 400",
			STR_ARG(channel->text));
	push_values_finish(&values);
	buf_finish(&out);
}

static void add_transport(struct explain *explain, json_t *to)
{
	struct reply reply;
	const struct conf_route *route = explain->choice.route;
	switch (push_subscribe_choose(&route->subscribe, &explain->message,
		explain->request.is_https, &reply)) {
	case CONF_TRANSPORT_WEBSOCKET:
		explain_add(explain, to, "transport", "a WebSocket");
		break;
	case CONF_TRANSPORT_SSE:
		explain_add(explain, to, "transport", "an event stream");
		break;
	case CONF_TRANSPORT_LONG_POLL:
		explain_add(explain, to, "transport", "a long-poll");
		break;
	}
}

void explain_push(struct explain *explain, json_t *to, const struct conf_route *route)
{
	const struct conf_templates *channels = &route->subscribe.channels;
	if (route->action == CONF_PUBLISH) {
		explain_add(explain, to, "from", "the hub, when it is published");
		add_channel(explain, to, "channel", route->publish.channel);
		return;
	}
	explain_add(explain, to, "from", "the hub, when something is published");
	add_transport(explain, to);
	json_t *list = explain_add_list(explain, to, "channels");
	for (size_t i = 0; i < channels->count; i++)
		add_channel(explain, list, NULL, &channels->list[i]);
}

// Does it follow the URL, rather than ask for it once?
static bool is_followed(const struct http_message *message)
{
	return message->is_websocket_upgrade ||
	       (http_message_is_method(message, "GET") &&
		       http_message_accepts(message, STR("text/event-stream")));
}

// By the head alone: a client's certificate is not known.
void explain_live(struct explain *explain, json_t *to, const struct conf_route *route)
{
	const struct http_message *message = &explain->message;
	const char *own = live_rules_find_own(route, message, false);
	if (own)
		explain_add(explain, to, "live", "forwarded: %s", own);
	else
		explain_add(explain, to, "live", "%s, unless it is private",
			is_followed(message) ? "the newest answer, then each change"
					     : "the newest answer, as all get it");
	if (is_followed(message))
		add_transport(explain, to);
}

const char *explain_push_refusal(const struct explain *explain,
	const struct http_message *message, const struct conf_route *route,
	unsigned *ret_status)
{
	struct reply reply = {0};
	bool is_https = explain->request.is_https;
	if (route->action == CONF_PUBLISH) {
		*ret_status = http_message_is_method(message, "POST") ? 403 : 405;
		if (*ret_status == 405)
			return "messages are published by POST";
		return origins_allow(&route->publish.origins, message, is_https)
			       ? NULL
			       : "this Origin's pages may not publish here";
	}
	if (route->action == CONF_LIVE) {
		const char *own = live_rules_find_own(route, message, false);
		*ret_status = 403;
		if (!is_followed(message))
			return NULL;
		if (own)
			return own;
	}
	if (push_subscribe_choose(&route->subscribe, message, is_https, &reply) != 0)
		return NULL;
	*ret_status = reply.status;
	return reply.detail;
}
