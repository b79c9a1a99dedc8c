// SPDX-License-Identifier: MIT
// Which kind of push a request asks for; see the header.
#include "wherry/proxy/push.h"

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

enum push_creation push_create(const struct push_question *question,
	struct push **ret_push, struct reply *ret_reply)
{
	*ret_push = NULL;
	switch (question->request->route->action) {
	case CONF_LIVE:
	case CONF_FORWARD:
	case CONF_REDIRECT:
		return PUSH_NONE;
	case CONF_SUBSCRIBE:
	case CONF_PUBLISH:
		break;
	}
	*ret_reply = (struct reply){
		.status = 501,
		.detail = "this kind of route is not there yet",
	};
	return PUSH_REFUSED;
}
