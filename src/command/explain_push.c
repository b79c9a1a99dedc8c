// SPDX-License-Identifier: MIT
// What a route that pushes does with a request: channels by their names, as far as the
// head says them.
#include "explain_priv.h"
#include "wherry/proxy/origins.h"
#include "wherry/proxy/push_content.h"

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

void explain_push(struct explain *explain, json_t *to, const struct conf_route *route)
{
	const struct conf_templates *channels = &route->subscribe.channels;
	if (route->action == CONF_PUBLISH) {
		explain_add(explain, to, "from", "the hub, when it is published");
		add_channel(explain, to, "channel", route->publish.channel);
		return;
	}
	explain_add(explain, to, "from", "the hub, when something is published");
	json_t *list = explain_add_list(explain, to, "channels");
	for (size_t i = 0; i < channels->count; i++)
		add_channel(explain, list, NULL, &channels->list[i]);
}

const char *explain_push_refusal(const struct explain *explain, unsigned *ret_status)
{
	const struct conf_route *route = explain->choice.route;
	const struct http_message *message = &explain->message;
	bool publishes = route->action == CONF_PUBLISH;
	const struct conf_origin_rule *origins =
		publishes ? &route->publish.origins : &route->subscribe.origins;
	if (!http_message_is_method(message, publishes ? "POST" : "GET")) {
		*ret_status = 405;
		return publishes ? "messages are published by POST"
				 : "subscriptions are made by GET";
	}
	*ret_status = 403;
	return origins_allow(origins, message, explain->request.is_https)
		       ? NULL
		       : "this Origin's pages may not use this route";
}
