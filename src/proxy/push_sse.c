// SPDX-License-Identifier: MIT
// A subscription as an event stream (WHATWG HTML section 9.2).
#include <stdlib.h>
#include <sys/random.h>

#include "push_subscription_priv.h"
#include "wherry/base/now.h"
#include "wherry/proto/http_write.h"
#include "wherry/proto/sse.h"
#include "wherry/proxy/origins.h"

enum {
	// Readers that are sent away come again over this time, and not all at once.
	RETRY_MIN_MS = 1000,
	RETRY_SPREAD_MS = 4000,
};

struct push_sse {
	struct push_subscription subscription;
	struct loop_timer timer;
	uint64_t written_ms; // of the last event or comment
	uint64_t message_ms;
	uint64_t messages;
	bool is_chunked; // else the end of the connection is the answer's
};

static void write_piece(struct push_sse *sse, struct str text)
{
	struct stream *client = sse->subscription.push.client;
	char size[HTTP_WRITE_CHUNK_SIZE];
	struct iovec pieces[] = {
		{size, http_write_chunk_size(size, text.length)},
		{(void *)text.data, text.length},
		{(void *)"\r\n", 2},
	};
	if (sse->is_chunked)
		stream_writev(client, pieces, 3);
	else
		stream_write(client, text.data, text.length);
	sse->written_ms = now_ms();
}

static void write_retry(struct push_sse *sse)
{
	struct buf out = BUF_INIT;
	uint16_t spread;
	if (getrandom(&spread, sizeof(spread), GRND_NONBLOCK) < 0)
		spread = 0; // they come a little closer together
	sse_write_retry(&out, RETRY_MIN_MS + spread % RETRY_SPREAD_MS);
	if (!out.is_failed)
		write_piece(sse, buf_str(&out));
	buf_finish(&out);
}

// The last event, then the end of the answer; a reader comes again by itself.
static void finish(struct push_sse *sse, enum close_reason reason, const char *ended_by,
	const char *detail)
{
	struct push *push = &sse->subscription.push;
	struct relay_result result = {
		.reason = reason, .ended_by = ended_by, .detail = detail};
	push->is_closing = true;
	stream_uncork(push->client); // several deliveries may be under way
	write_retry(sse);
	if (sse->is_chunked)
		stream_write(push->client, "0\r\n\r\n", 5);
	push->handler->on_end(
		push->arg, &result, sse->is_chunked && push->request->is_keep_alive);
}

static enum subscriber_answer deliver(void *arg, struct message *message)
{
	struct push_sse *sse = arg;
	struct str event;
	if (stream_is_full(sse->subscription.push.client))
		return SUBSCRIBER_FULL;
	event = message_encode(message, sse->subscription.wants_envelope
						? MESSAGE_ENVELOPE_EVENT
						: MESSAGE_EVENT);
	if (event.length == 0) {
		finish(sse, CLOSE_REASON_NO_MEMORY, "wherry", NULL);
		return SUBSCRIBER_TOOK;
	}
	write_piece(sse, event);
	sse->message_ms = sse->written_ms;
	sse->messages++;
	return SUBSCRIBER_TOOK;
}

static void on_subscription_end(void *arg, enum close_reason reason, const char *detail)
{
	finish(arg, reason, "wherry", detail);
}

static const struct subscriber_handler subscriber_events = {
	.deliver = deliver,
	.gather = push_subscription_gather,
	.on_end = on_subscription_end,
};

static void watch(struct push_sse *sse)
{
	uint64_t keep_alive_at = sse->written_ms + sse->subscription.rules->keep_alive_ms;
	uint64_t expires_at = push_subscription_expires_ms(&sse->subscription);
	loop_timer_set(
		&sse->timer, keep_alive_at < expires_at ? keep_alive_at : expires_at);
}

// A comment behind much else would tell nothing.
static void on_timer(void *arg)
{
	struct push_sse *sse = arg;
	uint64_t now = now_ms();
	if (now >= push_subscription_expires_ms(&sse->subscription)) {
		finish(sse, CLOSE_REASON_TOKEN_EXPIRED, "wherry", NULL);
		return;
	}
	if (now >= sse->written_ms + sse->subscription.rules->keep_alive_ms) {
		if (stream_queued_length(sse->subscription.push.client) == 0)
			write_piece(sse, STR(SSE_KEEP_ALIVE));
		sse->written_ms = now;
	}
	watch(sse);
}

// nginx in front is told not to hold events back.
static void write_head(struct push_sse *sse, const struct http_message *message)
{
	const struct request *request = sse->subscription.push.request;
	struct buf *out = &sse->subscription.head;
	http_write_status_line(out, 200, STR(""));
	http_write_date(out);
	http_write_field(out, STR("Content-Type"), STR("text/event-stream"));
	http_write_field(out, STR("Cache-Control"), STR("no-store"));
	http_write_field(out, STR("X-Accel-Buffering"), STR("no"));
	origins_write_fields(
		out, &sse->subscription.rules->origins, message, request->is_https);
	if (sse->is_chunked)
		http_write_field(out, STR("Transfer-Encoding"), STR("chunked"));
	if (!request->is_keep_alive || !sse->is_chunked)
		http_write_field(out, STR("Connection"), STR("close"));
	http_write_end(out);
}

static void start(struct push *push)
{
	struct push_sse *sse = (struct push_sse *)push;
	struct push_subscription *subscription = &sse->subscription;
	if (!push_subscription_start(subscription, &subscriber_events))
		return;
	push->has_head = true;
	push->request->status = 200;
	stream_write(push->client, subscription->head.data, subscription->head.length);
	buf_finish(&subscription->head);
	sse->message_ms = now_ms();
	write_retry(sse); // also the first bytes, for who waits for some
	watch(sse);
}

static void on_room(struct push *push)
{
	push_subscription_resume(&((struct push_sse *)push)->subscription);
}

// Browsers read such a stream only, and they are gone.
static void on_eof(struct push *push)
{
	finish((struct push_sse *)push, CLOSE_REASON_CLIENT_CLOSED, "client", NULL);
}

static void close_stream(
	struct push *push, enum close_reason reason, uint16_t code, const char *text)
{
	finish((struct push_sse *)push, reason, "wherry", NULL);
}

static bool renew(
	struct push *push, struct edition *edition, const struct conf_route *route)
{
	if (!(route->subscribe.transports & CONF_TRANSPORT_SSE) ||
		!push_subscription_renew(push, edition, route))
		return false;
	watch((struct push_sse *)push);
	return true;
}

static void measure(const struct push *push, struct relay_result *ret_result)
{
	ret_result->messages_out = ((const struct push_sse *)push)->messages;
}

static uint64_t last_message_ms(const struct push *push)
{
	return ((const struct push_sse *)push)->message_ms;
}

static void destroy(struct push *push)
{
	struct push_sse *sse = (struct push_sse *)push;
	loop_timer_finish(&sse->timer);
	push_subscription_finish(&sse->subscription);
	free(sse);
}

static const struct push_methods methods = {
	.name = "sse",
	.take_token = push_subscription_take_token,
	.start = start,
	.on_room = on_room,
	.on_eof = on_eof,
	.close = close_stream,
	.renew = renew,
	.measure = measure,
	.find_line = push_subscription_find_line,
	.find_subscriber = push_subscription_find,
	.last_message_ms = last_message_ms,
	.destroy = destroy,
};

enum push_creation push_sse_create(
	const struct push_question *question, struct push **ret_push)
{
	struct push_sse *sse = calloc(1, sizeof(*sse));
	if (!sse)
		return PUSH_MEMORY;
	if (!push_subscription_init(&sse->subscription, &methods, question)) {
		free(sse);
		return PUSH_MEMORY;
	}
	sse->is_chunked = !question->request->is_http10;
	loop_timer_init(&sse->timer, question->site->loop, on_timer, sse);
	write_head(sse, question->message);
	*ret_push = &sse->subscription.push;
	if (!sse->subscription.head.is_failed)
		return PUSH_MADE;
	push_destroy(*ret_push);
	*ret_push = NULL;
	return PUSH_MEMORY;
}
