// SPDX-License-Identifier: MIT
// A WebSocket that ends here: what goes over it, either way. How it ends is
// push_websocket_close.c's.
#include "push_websocket_priv.h"

#include <stdlib.h>

#include "wherry/base/now.h"

enum {
	MAX_FRAGMENTS = 1024,        // of one message
	CONTROL_FRAMES_A_SECOND = 50 // a client that pings more often is no client
};

void push_websocket_write(struct push_websocket *socket, struct message *message)
{
	bool is_raw = !socket->subscription.wants_envelope;
	if (is_raw && message->kind != MESSAGE_DATA)
		return; // there is nothing but payloads
	struct str frame =
		message_encode(message, is_raw ? MESSAGE_FRAME : MESSAGE_ENVELOPE_FRAME);
	if (frame.length == 0) {
		push_websocket_close_for(socket, CLOSE_REASON_NO_MEMORY, NULL);
		return;
	}
	stream_write(socket->subscription.push.client, frame.data, frame.length);
	socket->message_ms = now_ms();
	socket->result.messages_out++;
}

enum subscriber_answer push_websocket_deliver(
	struct push_websocket *socket, struct message *message)
{
	if (stream_is_full(socket->subscription.push.client))
		return SUBSCRIBER_FULL;
	push_websocket_write(socket, message);
	return SUBSCRIBER_TOOK;
}

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
	struct buf *head = &socket->subscription.head;
	if (!socket->use->start(socket))
		return;
	socket->message_ms = now_ms();
	push->has_head = true;
	stream_write(push->client, head->data, head->length);
	buf_finish(head);
	push_websocket_watch(socket);
	push->handler->on_switch(push->arg);
}

static void take_message(
	struct push_websocket *socket, const struct ws_message_event *event)
{
	const struct rate_limit *limit = &socket->subscription.rules->rate;
	socket->message_ms = now_ms();
	socket->result.messages_in++;
	if (limit->count != 0 &&
		rate_take(&socket->messages, limit, socket->message_ms, 1) != 0)
		push_websocket_close_for(
			socket, CLOSE_REASON_POLICY, "more messages than allowed (rate)");
	else
		socket->use->take(socket, event->payload);
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
// seldom sends, so that it is rarely stopped. And who does not read its answers asks
// nothing more.
static bool holds_back(struct push_websocket *socket, size_t rest)
{
	struct stream *client = socket->subscription.push.client;
	bool is_busy = socket->publication ||
		       (socket->use->is_answered && stream_is_full(client));
	if (!is_busy || socket->has_sent_close || rest == 0)
		return false;
	stream_pause(client);
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
		socket->use->resume(socket);
}

static bool renew(
	struct push *push, struct edition *edition, const struct conf_route *route)
{
	struct push_websocket *socket = (struct push_websocket *)push;
	if (!socket->use->renew(socket, edition, route))
		return false;
	set_rules(socket);
	push_websocket_watch(socket);
	return true;
}

static bool find_line(const struct push *push, size_t index, struct push_line *ret_line)
{
	const struct push_websocket *socket = (const struct push_websocket *)push;
	return socket->use->find_line(push, index, ret_line);
}

static void end_line(struct push *push, size_t index, const char *text)
{
	((struct push_websocket *)push)->use->end_line(push, index, text);
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
	socket->use->stop(socket);
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
	.find_line = find_line,
	.end_line = end_line,
	.find_subscriber = push_subscription_find,
	.last_message_ms = last_message_ms,
	.destroy = destroy,
};

enum push_creation push_websocket_make(const struct push_question *question,
	const struct push_websocket_use *use, struct push **ret_push)
{
	struct push_websocket *socket = calloc(1, use->size);
	if (!socket)
		return PUSH_MEMORY;
	struct push_subscription *subscription = &socket->subscription;
	socket->use = use;
	if (!use->init(socket, &methods, question)) {
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
