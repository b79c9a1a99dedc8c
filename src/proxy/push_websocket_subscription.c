// SPDX-License-Identifier: MIT
// The WebSocket of a subscription: what is published in its channels, and what its client
// publishes.
#include "push_websocket_priv.h"
#include "wherry/proto/push_envelope.h"

static enum subscriber_answer deliver(void *arg, struct message *message)
{
	return push_websocket_deliver(arg, message);
}

static void on_subscription_end(void *arg, enum close_reason reason, const char *detail)
{
	push_websocket_close_for(arg, reason, detail);
}

static const struct subscriber_handler subscriber_events = {
	.deliver = deliver,
	.gather = push_subscription_gather,
	.on_end = on_subscription_end,
};

static void on_published(void *arg, enum publication_result result,
	const struct publication_receipt *receipts)
{
	struct push_websocket *socket = arg;
	socket->publication = NULL;
	switch (result) {
	case PUBLICATION_DONE:
	case PUBLICATION_DUPLICATE:
		stream_resume(socket->subscription.push.client);
		return;
	case PUBLICATION_REFUSED:
		push_websocket_close_for(socket, CLOSE_REASON_OVERLOAD,
			"too many channels (hub.channels)");
		return;
	case PUBLICATION_AWAY:
		push_websocket_close_for(socket, CLOSE_REASON_OVERLOAD,
			"Redis can't be reached, or takes nothing (hub.url)");
		return;
	case PUBLICATION_MEMORY:
		break;
	}
	push_websocket_close_for(socket, CLOSE_REASON_NO_MEMORY, NULL);
}

static void publish(struct push_websocket *socket, const struct message_parts *parts)
{
	const struct conf_channel *rules = &socket->subscription.rules->channel;
	if (parts->channel.length == 0) {
		push_websocket_close_for(socket, CLOSE_REASON_POLICY,
			"a message to a channel that it has not subscribed");
		return;
	}
	struct message *message = message_create(parts);
	struct publication_options options = {
		.messages = &message,
		.count = 1,
		.history = rules->history,
		.is_local_allowed = rules->is_local_allowed,
	};
	if (message)
		socket->publication = feeds_publish(socket->subscription.push.site->feeds,
			&options, on_published, socket);
	message_unref(message);
	if (!socket->publication)
		push_websocket_close_for(socket, CLOSE_REASON_NO_MEMORY, NULL);
}

static void publish_envelope(struct push_websocket *socket, struct str text)
{
	struct push_envelope_request request;
	const char *error = NULL;
	if (!push_envelope_read(text, &request, &error)) {
		push_websocket_close_for(socket, CLOSE_REASON_POLICY, error);
	} else {
		struct message_parts parts = {
			.kind = MESSAGE_DATA,
			.channel = push_subscription_find_channel(
				&socket->subscription, buf_str(&request.channel)),
			.payload = buf_str(&request.payload),
			.key = buf_str(&request.key),
		};
		publish(socket, &parts);
	}
	push_envelope_finish(&request);
}

static void take(struct push_websocket *socket, struct str payload)
{
	const struct conf_subscribe *rules = socket->subscription.rules;
	if (!rules->may_publish) {
		push_websocket_close_for(socket, CLOSE_REASON_POLICY,
			"this route takes no messages (publish)");
	} else if (socket->subscription.wants_envelope) {
		publish_envelope(socket, payload);
	} else {
		struct message_parts parts = {
			.kind = MESSAGE_DATA,
			.channel = push_subscription_find_channel(
				&socket->subscription, STR("")),
			.payload = payload,
		};
		publish(socket, &parts);
	}
}

static bool init(struct push_websocket *socket, const struct push_methods *methods,
	const struct push_question *question)
{
	return push_subscription_init(&socket->subscription, methods, question);
}

static bool start(struct push_websocket *socket)
{
	return push_subscription_start(&socket->subscription, &subscriber_events);
}

static void resume(struct push_websocket *socket)
{
	push_subscription_resume(&socket->subscription);
}

static void stop(struct push_websocket *socket)
{
	push_subscription_stop(&socket->subscription);
}

static bool renew(struct push_websocket *socket, struct edition *edition,
	const struct conf_route *route)
{
	return (route->subscribe.transports & CONF_TRANSPORT_WEBSOCKET) &&
	       push_subscription_renew(&socket->subscription.push, edition, route);
}

static const struct push_websocket_use subscription_use = {
	.size = sizeof(struct push_websocket),
	.init = init,
	.start = start,
	.take = take,
	.resume = resume,
	.stop = stop,
	.renew = renew,
	.find_line = push_subscription_find_line,
};

enum push_creation push_websocket_create(
	const struct push_question *question, struct push **ret_push)
{
	return push_websocket_make(question, &subscription_use, ret_push);
}
