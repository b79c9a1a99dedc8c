// SPDX-License-Identifier: MIT
// A subscription as one answer: the next message, or several in envelopes; or that there
// is none, at the end of the wait. Its ETag is where the next poll goes on from.
#include <stdlib.h>

#include "push_subscription_priv.h"
#include "wherry/base/now.h"
#include "wherry/proto/http_write.h"
#include "wherry/proxy/origins.h"
#include "wherry/proxy/push_wait.h"

enum {
	READY_WAIT_MS = 5000,   // for the hub, of who does not want to wait
	MAX_BYTES = 256 * 1024, // of envelopes in one answer; the last may pass it
};

struct push_longpoll {
	struct push_subscription subscription; // head: further fields of the answer
	struct loop_timer timer;
	struct buf envelopes; // so far, as members of a list
	uint64_t last_id;     // of the last one
	uint64_t wait_ms;
	uint64_t started_ms;
	uint64_t messages;
	bool has_gap;
};

static void answer(
	struct push_longpoll *poll, const struct reply *reply, enum close_reason reason)
{
	struct push *push = &poll->subscription.push;
	push->is_closing = true;
	push->handler->on_reply(push->arg, reply, reason);
}

static void write_fields(struct push_longpoll *poll, struct buf *out, uint64_t id)
{
	buf_append_str(out, buf_str(&poll->subscription.head));
	if (id != 0)
		buf_printf(out, "ETag: \"%llu\"\r\n", (unsigned long long)id);
	if (poll->has_gap)
		http_write_field(out, STR("Wherry-Gap"), STR("true"));
	http_write_field(out, STR("Cache-Control"), STR("no-store"));
}

static void answer_with(
	struct push_longpoll *poll, struct str body, struct str type, uint64_t id)
{
	struct buf fields = BUF_INIT;
	write_fields(poll, &fields, id);
	http_write_field(&fields, STR("Content-Type"), type);
	http_write_field(&fields, STR("X-Content-Type-Options"), STR("nosniff"));
	struct reply reply = {
		.status = 200,
		.fields = buf_str(&fields),
		.body = body,
		.has_body = true,
	};
	if (fields.is_failed)
		reply = (struct reply){.status = 503, .detail = "out of memory"};
	answer(poll, &reply,
		fields.is_failed ? CLOSE_REASON_NO_MEMORY : CLOSE_REASON_DONE);
	buf_finish(&fields);
}

// Nothing came. Who asked for what is newer than an ETag is told that it still stands.
static void answer_empty(struct push_longpoll *poll, enum close_reason reason)
{
	const struct push_subscription *subscription = &poll->subscription;
	uint64_t id = subscriber_position(&subscription->subscriber);
	struct buf fields = BUF_INIT;
	bool is_same = subscription->resumes && !poll->has_gap;
	if (id == 0 && subscription->resumes)
		id = subscription->after;
	write_fields(poll, &fields, id);
	struct reply reply = {
		.status = is_same ? 304 : 204,
		.fields = buf_str(&fields),
	};
	if (fields.is_failed)
		reply = (struct reply){.status = 503, .detail = "out of memory"};
	answer(poll, &reply, fields.is_failed ? CLOSE_REASON_NO_MEMORY : reason);
	buf_finish(&fields);
}

static void answer_envelopes(struct push_longpoll *poll)
{
	buf_append_str(&poll->envelopes, STR("]"));
	if (poll->envelopes.is_failed)
		answer(poll, &(struct reply){.status = 503, .detail = "out of memory"},
			CLOSE_REASON_NO_MEMORY);
	else
		answer_with(poll, buf_str(&poll->envelopes), STR("application/json"),
			poll->last_id);
}

// What is there now comes in one answer: it is sent in the next turn.
static enum subscriber_answer gather(struct push_longpoll *poll, struct message *message)
{
	struct buf *out = &poll->envelopes;
	if (out->length > MAX_BYTES)
		return SUBSCRIBER_FULL;
	buf_append_str(out, out->length == 0 ? STR("[") : STR(","));
	buf_append_str(out, message_encode(message, MESSAGE_ENVELOPE));
	poll->last_id = message->id;
	poll->messages++;
	loop_timer_set(&poll->timer, now_ms());
	return SUBSCRIBER_TOOK;
}

static enum subscriber_answer deliver(void *arg, struct message *message)
{
	struct push_longpoll *poll = arg;
	poll->has_gap |= message->kind == MESSAGE_GAP;
	if (poll->subscription.wants_envelope)
		return gather(poll, message);
	if (message->kind != MESSAGE_DATA)
		return SUBSCRIBER_TOOK; // there is nothing but payloads
	struct str type = message->content_type;
	if (type.length == 0)
		type = message->is_text ? STR("text/plain; charset=utf-8")
					: STR("application/octet-stream");
	poll->messages++;
	answer_with(poll, message->payload, type, message->id);
	return SUBSCRIBER_TOOK;
}

// There was nothing: it waits, unless it was not to, or has missed something.
static void on_ready(void *arg)
{
	struct push_longpoll *poll = arg;
	if (poll->envelopes.length == 0 && (poll->has_gap || poll->wait_ms == 0))
		answer_empty(poll, CLOSE_REASON_DONE);
}

static void on_subscription_end(void *arg, enum close_reason reason, const char *detail)
{
	answer(arg,
		&(struct reply){
			.status = 503, .detail = detail, .field = "Retry-After: 1"},
		reason);
}

static const struct subscriber_handler subscriber_events = {
	.deliver = deliver,
	.on_ready = on_ready,
	.on_end = on_subscription_end,
};

static void on_timer(void *arg)
{
	struct push_longpoll *poll = arg;
	if (poll->envelopes.length > 0)
		answer_envelopes(poll);
	else
		answer_empty(poll, CLOSE_REASON_DONE);
}

static void start(struct push *push)
{
	struct push_longpoll *poll = (struct push_longpoll *)push;
	if (!push_subscription_start(&poll->subscription, &subscriber_events))
		return;
	poll->started_ms = now_ms();
	loop_timer_set(&poll->timer,
		poll->started_ms + (poll->wait_ms > 0 ? poll->wait_ms : READY_WAIT_MS));
}

static void on_eof(struct push *push)
{
	struct relay_result result = {
		.reason = CLOSE_REASON_CLIENT_CLOSED, .ended_by = "client"};
	push->is_closing = true;
	push->handler->on_end(push->arg, &result, false);
}

// The wait ends earlier.
static void close_poll(
	struct push *push, enum close_reason reason, uint16_t code, const char *text)
{
	answer_empty((struct push_longpoll *)push, reason);
}

static void measure(const struct push *push, struct relay_result *ret_result)
{
	ret_result->messages_out = ((const struct push_longpoll *)push)->messages;
}

static uint64_t last_message_ms(const struct push *push)
{
	return ((const struct push_longpoll *)push)->started_ms;
}

static void destroy(struct push *push)
{
	struct push_longpoll *poll = (struct push_longpoll *)push;
	loop_timer_finish(&poll->timer);
	buf_finish(&poll->envelopes);
	push_subscription_finish(&poll->subscription);
	free(poll);
}

static const struct push_methods methods = {
	.name = "long_poll",
	.take_token = push_subscription_take_token,
	.start = start,
	.on_eof = on_eof,
	.close = close_poll,
	.measure = measure,
	.find_line = push_subscription_find_line,
	.find_subscriber = push_subscription_find,
	.last_message_ms = last_message_ms,
	.destroy = destroy,
};

// Not longer than the route's, which is also the wait of who says none.
static uint64_t find_wait(
	const struct http_message *message, const struct conf_subscribe *rules)
{
	uint64_t wait_ms;
	if (push_wait_read(message, &wait_ms) && wait_ms < rules->wait_ms)
		return wait_ms;
	return rules->wait_ms;
}

enum push_creation push_longpoll_create(
	const struct push_question *question, struct push **ret_push)
{
	struct push_longpoll *poll = calloc(1, sizeof(*poll));
	if (!poll)
		return PUSH_MEMORY;
	if (!push_subscription_init(&poll->subscription, &methods, question)) {
		free(poll);
		return PUSH_MEMORY;
	}
	poll->wait_ms = find_wait(question->message, poll->subscription.rules);
	poll->subscription.wants_envelope |= question->request->wants_json;
	loop_timer_init(&poll->timer, question->site->loop, on_timer, poll);
	origins_write_fields(&poll->subscription.head, &poll->subscription.rules->origins,
		question->message, question->request->is_https);
	*ret_push = &poll->subscription.push;
	if (!poll->subscription.head.is_failed)
		return PUSH_MADE;
	push_destroy(*ret_push);
	*ret_push = NULL;
	return PUSH_MEMORY;
}
