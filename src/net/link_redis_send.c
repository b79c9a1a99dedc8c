// SPDX-License-Identifier: MIT
// Commands and subscriptions on a connection that is up.
#include <stdlib.h>

#include <hiredis/async.h>

#include "link_redis_priv.h"

#include "wherry/proto/resp.h"

// One command under way.
struct request {
	link_redis_reply_cb reply;
	void *arg;
};

static void on_reply(redisAsyncContext *context, void *reply, void *arg)
{
	struct request *request = arg;
	request->reply(request->arg, reply);
	free(request);
}

bool link_redis_write(struct link_redis *link, struct buf *command,
	void (*reply)(redisAsyncContext *context, void *reply, void *arg), void *arg)
{
	buf_append(command, "", 1); // hiredis looks for a NUL behind its end
	if (command->is_failed)
		return false;
	command->length--;
	return redisAsyncFormattedCommand(link->context, reply, arg, command->data,
		       command->length) == REDIS_OK;
}

bool link_redis_send(struct link_redis *link, struct buf *command,
	link_redis_reply_cb reply, void *arg)
{
	struct request *request =
		link->is_up && !command->is_failed ? malloc(sizeof(*request)) : NULL;
	if (!request)
		return false;
	*request = (struct request){reply, arg};
	if (link_redis_write(link, command, on_reply, request))
		return true;
	free(request);
	return false;
}

static struct str text_of(const struct redisReply *reply)
{
	return (struct str){reply->str, reply->len};
}

// [type, channel, payload or how many there are]; what was unsubscribed is of no
// interest.
static void on_push(redisAsyncContext *context, void *reply, void *arg)
{
	struct link_redis *link = context->data;
	const struct redisReply *push = reply;

	if (!push || context != link->context)
		return;
	if (push->type != REDIS_REPLY_ARRAY || push->elements != 3) {
		link_redis_fail(
			link, push->type == REDIS_REPLY_ERROR ? push->str : "no push");
		return;
	}
	struct str type = text_of(push->element[0]), channel = text_of(push->element[1]);
	if (str_equal(type, STR("message")))
		link->handler->on_push(link->arg, LINK_REDIS_MESSAGE, channel,
			text_of(push->element[2]));
	else if (str_equal(type, STR("subscribe")))
		link->handler->on_push(
			link->arg, LINK_REDIS_SUBSCRIBED, channel, STR(""));
}

static bool send_subscription(struct link_redis *link, struct str verb,
	struct str channel, redisCallbackFn *push)
{
	struct buf command = BUF_INIT;
	resp_begin(&command, 2);
	resp_add(&command, verb);
	resp_add(&command, channel);
	bool is_sent = link->is_up && link_redis_write(link, &command, push, NULL);
	buf_finish(&command);
	return is_sent;
}

bool link_redis_subscribe(struct link_redis *link, struct str channel)
{
	return send_subscription(link, STR("SUBSCRIBE"), channel, on_push);
}

// What comes all the same is passed over by who asked for it.
void link_redis_unsubscribe(struct link_redis *link, struct str channel)
{
	(void)send_subscription(link, STR("UNSUBSCRIBE"), channel, NULL);
}
