// SPDX-License-Identifier: MIT
// A subscription over a WebSocket that ends here: what the client's frames ask for, and
// what is published in its channels. How it ends is push_websocket_close.c's.
#include "push_websocket_priv.h"

#include <stdlib.h>

#include "wherry/base/now.h"
#include "wherry/proto/push_envelope.h"

enum {
	MAX_FRAGMENTS = 1024,        // of one message
	CONTROL_FRAMES_A_SECOND = 50 // a client that pings more often is no client
};

static enum subscriber_answer deliver(void *arg, struct message *message)
{
	struct push_websocket *socket = arg;
	struct stream *client = socket->subscription.push.client;
	bool is_raw = !socket->subscription.wants_envelope;
	if (stream_is_full(client))
		return SUBSCRIBER_FULL;
	if (is_raw && message->kind != MESSAGE_DATA)
		return SUBSCRIBER_TOOK; // there is nothing but payloads
	struct str frame =
		message_encode(message, is_raw ? MESSAGE_FRAME : MESSAGE_ENVELOPE_FRAME);
	if (frame.length == 0) {
		push_websocket_close_for(socket, CLOSE_REASON_NO_MEMORY, NULL);
		return SUBSCRIBER_TOOK;
	}
	stream_write(client, frame.data, frame.length);
	socket->message_ms = now_ms();
	socket->result.messages_out++;
	return SUBSCRIBER_TOOK;
}

static void on_subscription_end(void *arg, enum close_reason reason, const char *detail)
{
	push_websocket_close_for(arg, reason, detail);
}

static const struct subscriber_handler subscriber_events = {
	.deliver = deliver,
	.on_end = on_subscription_end,
};

static void set_rules(struct push_websocket *socket)
{
	uint64_t max = socket->subscription.rules->max_message;
	socket->limits = (struct ws_check_limits){
		.max_frame = max,
		.max_message = max,
		.max_fragments = MAX_FRAGMENTS,
		.check_utf8 = true,
	};
}

static void start(struct push *push)
{
	struct push_websocket *socket = (struct push_websocket *)push;
	struct push_subscription *subscription = &socket->subscription;
	struct reply reply;
	if (!push_subscription_start(subscription, &subscriber_events, &reply)) {
		push->handler->on_reply(push->arg, &reply,
			reply.status >= 500 ? CLOSE_REASON_NO_MEMORY
					    : CLOSE_REASON_REFUSED);
		return;
	}
	socket->message_ms = now_ms();
	push->has_head = true;
	stream_write(push->client, subscription->head.data, subscription->head.length);
	buf_finish(&subscription->head);
	push_websocket_watch(socket);
	push->handler->on_switch(push->arg);
}

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
		push_websocket_close_for(
			socket, CLOSE_REASON_OVERLOAD, "the broker can't be reached");
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

static void take_message(
	struct push_websocket *socket, const struct ws_message_event *event)
{
	const struct conf_subscribe *rules = socket->subscription.rules;
	socket->message_ms = now_ms();
	socket->result.messages_in++;
	if (!rules->may_publish) {
		push_websocket_close_for(socket, CLOSE_REASON_POLICY,
			"this route takes no messages (publish)");
	} else if (rules->rate.count != 0 &&
		   rate_take(&socket->messages, &rules->rate, now_ms(), 1) != 0) {
		push_websocket_close_for(
			socket, CLOSE_REASON_POLICY, "more messages than allowed (rate)");
	} else if (socket->subscription.wants_envelope) {
		publish_envelope(socket, event->payload);
	} else {
		struct message_parts parts = {
			.kind = MESSAGE_DATA,
			.channel = push_subscription_find_channel(
				&socket->subscription, STR("")),
			.payload = event->payload,
		};
		publish(socket, &parts);
	}
}

static void take_control(
	struct push_websocket *socket, const struct ws_message_event *event)
{
	static const struct rate_limit limit = {
		CONTROL_FRAMES_A_SECOND, 1000, CONTROL_FRAMES_A_SECOND};
	struct stream *client = socket->subscription.push.client;
	uint8_t pong[WS_FRAME_MAX_CONTROL];
	if (event->opcode == WS_CLOSE) {
		push_websocket_take_close(socket, event->payload);
	} else if (rate_take(&socket->controls, &limit, now_ms(), 1) != 0) {
		push_websocket_close_for(socket, CLOSE_REASON_POLICY,
			"more control frames a second than allowed");
	} else if (event->opcode == WS_PING && !socket->has_sent_close) {
		size_t length = ws_frame_write_control(
			WS_PONG, NULL, event->payload.data, event->payload.length, pong);
		stream_write(client, pong, length);
	}
}

// One message is published at a time; the client is read on when it is. More than that it
// seldom sends, so that it is rarely stopped.
static bool holds_back(struct push_websocket *socket, size_t rest)
{
	if (!socket->publication || socket->has_sent_close || rest == 0)
		return false;
	stream_pause(socket->subscription.push.client);
	return true;
}

// After our Close its messages do not matter, but its Close is waited for (RFC 6455
// section 7.1.1).
static size_t on_data(struct push *push, const uint8_t *data, size_t length)
{
	struct push_websocket *socket = (struct push_websocket *)push;
	struct ws_message_event event;
	size_t at = 0, taken;
	while (!socket->is_deaf && !holds_back(socket, length - at)) {
		enum ws_message_result result = ws_message_feed(
			&socket->reader, data + at, length - at, &taken, &event);
		at += taken;
		switch (result) {
		case WS_MESSAGE_MORE:
			return at;
		case WS_MESSAGE_WHOLE:
			if (!socket->has_sent_close)
				take_message(socket, &event);
			break;
		case WS_MESSAGE_CONTROL:
			take_control(socket, &event);
			break;
		case WS_MESSAGE_BAD:
			push_websocket_fail(socket, socket->reader.check.error,
				socket->reader.check.error_text);
			break;
		case WS_MESSAGE_MEMORY:
			push_websocket_fail(socket, CLOSE_REASON_NO_MEMORY, NULL);
			break;
		}
	}
	return socket->is_deaf ? length : at;
}

static void on_room(struct push *push)
{
	struct push_websocket *socket = (struct push_websocket *)push;
	if (socket->has_sent_close)
		push_websocket_settle(socket);
	else
		push_subscription_resume(&socket->subscription);
}

static bool renew(
	struct push *push, struct edition *edition, const struct conf_route *route)
{
	struct push_websocket *socket = (struct push_websocket *)push;
	if (!(route->subscribe.transports & CONF_TRANSPORT_WEBSOCKET) ||
		!push_subscription_renew(push, edition, route))
		return false;
	set_rules(socket);
	push_websocket_watch(socket);
	return true;
}

static void measure(const struct push *push, struct relay_result *ret_result)
{
	const struct push_websocket *socket = (const struct push_websocket *)push;
	ret_result->messages_in = socket->result.messages_in;
	ret_result->messages_out = socket->result.messages_out;
	ret_result->close_code = socket->result.close_code;
	if (!push->is_closing)
		return;
	// Whatever ends the connection now, this is why.
	ret_result->reason = socket->result.reason;
	ret_result->ended_by = socket->result.ended_by;
	ret_result->detail = socket->result.detail;
}

static uint64_t last_message_ms(const struct push *push)
{
	return ((const struct push_websocket *)push)->message_ms;
}

static void free_socket(void *arg)
{
	free(arg);
}

// Its own functions may be on the stack.
static void destroy(struct push *push)
{
	struct push_websocket *socket = (struct push_websocket *)push;
	socket->is_deaf = true;
	if (socket->publication)
		feeds_forget(socket->publication);
	socket->publication = NULL;
	loop_timer_finish(&socket->timer);
	ws_message_finish(&socket->reader);
	push_subscription_finish(&socket->subscription);
	loop_defer(push->site->loop, &socket->deferred, free_socket, socket);
}

static const struct push_methods methods = {
	.name = "websocket",
	.take_token = push_subscription_take_token,
	.start = start,
	.data = on_data,
	.on_room = on_room,
	.on_eof = push_websocket_end_of_input,
	.close = push_websocket_close,
	.renew = renew,
	.measure = measure,
	.find_subscriber = push_subscription_find,
	.last_message_ms = last_message_ms,
	.destroy = destroy,
};

enum push_creation push_websocket_create(
	const struct push_question *question, struct push **ret_push)
{
	struct push_websocket *socket = calloc(1, sizeof(*socket));
	if (!socket)
		return PUSH_MEMORY;
	struct push_subscription *subscription = &socket->subscription;
	if (!push_subscription_init(subscription, &methods, question)) {
		free(socket);
		return PUSH_MEMORY;
	}
	set_rules(socket);
	ws_message_init(&socket->reader, &socket->limits, true);
	loop_timer_init(
		&socket->timer, question->site->loop, push_websocket_on_timer, socket);
	*ret_push = &subscription->push;
	if (push_websocket_write_head(&subscription->head, question->message,
		    question->request->route, &subscription->wants_envelope))
		return PUSH_MADE;
	push_destroy(*ret_push);
	*ret_push = NULL;
	return PUSH_MEMORY;
}
