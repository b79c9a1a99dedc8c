// SPDX-License-Identifier: MIT
// Which kind of push a request asks for; see the header.
#include "wherry/proxy/push.h"

#include "wherry/proxy/origins.h"
#include "wherry/proxy/push_live.h"
#include "wherry/proxy/push_publish.h"
#include "wherry/proxy/push_subscribe.h"

void push_init(struct push *push, const struct push_methods *methods,
	const struct push_question *question)
{
	*push = (struct push){
		.methods = methods,
		.handler = question->handler,
		.arg = question->arg,
		.site = question->site,
		.edition = question->edition,
		.client = question->client,
		.request = question->request,
	};
}

void push_destroy(struct push *push)
{
	if (push)
		push->methods->destroy(push);
}

bool push_write_preflight(struct buf *out, const struct conf_route *route,
	const struct http_message *message, bool is_https)
{
	bool publishes = route->action == CONF_PUBLISH;
	const struct conf_origin_rule *rule =
		publishes ? &route->publish.origins : &route->subscribe.origins;
	if (!origins_allow(rule, message, is_https))
		return false;
	origins_write_preflight(out, rule, message, is_https, publishes ? "POST" : "GET");
	return true;
}

enum push_creation push_create(const struct push_question *question,
	struct push **ret_push, struct reply *ret_reply)
{
	*ret_push = NULL;
	switch (question->request->route->action) {
	case CONF_LIVE:
		return push_live_create(question, ret_push, ret_reply);
	case CONF_SUBSCRIBE:
		return push_subscribe_create(question, ret_push, ret_reply);
	case CONF_PUBLISH:
		return push_publish_create(question, ret_push, ret_reply);
	case CONF_FORWARD:
	case CONF_REDIRECT:
		break;
	}
	return PUSH_NONE;
}
