// SPDX-License-Identifier: MIT
// Polls and long-polls of live URLs: answered with the worker's snapshot, or when there
// is another one.
#include "push_live_priv.h"

#include <stdlib.h>
#include <string.h>

#include "wherry/base/now.h"
#include "wherry/hub/message.h"
#include "wherry/net/stream.h"
#include "wherry/proto/http_etag.h"
#include "wherry/proxy/live_answer.h"
#include "wherry/proxy/live_entry.h"

enum {
	SLACK_MS = 2 * 1000, // for the way to the home of live keys, and back
};

struct push_live {
	struct push push;
	struct live_entry *entry;       // one of its users
	struct live_follower follower;  // while it waits
	struct loop_timer timer;        // the same
	struct live_snapshot *snapshot; // while its body is being written; a reference
	size_t written;                 // of that
	uint64_t wait_ms;               // of a long-poll; 0: it is none
	uint64_t after;                 // id of what it has; 0 = not said
	bool is_head;
	struct str tags;     // of If-None-Match
	struct str modified; // If-Modified-Since, if there are none
	char text[];         // what these two are slices of
};

static void refuse(struct push_live *live, unsigned status, const char *detail,
	enum close_reason reason)
{
	struct push *push = &live->push;
	struct reply reply = {
		.status = status,
		.detail = detail,
		.field = status == 503 ? "Retry-After: 1" : NULL,
	};
	push->handler->on_reply(push->arg, &reply, reason);
}

// The last part, with which an answer is ready for a next request.
static void end(struct push_live *live)
{
	struct push *push = &live->push;
	struct relay_result result = {
		.reason = CLOSE_REASON_DONE,
		.ended_by = "wherry",
	};
	push->handler->on_end(
		push->arg, &result, push->request->is_keep_alive && !push->is_closing);
}

static struct str find_tail(const struct push *push)
{
	if (!push->request->is_keep_alive || push->is_closing)
		return STR("Connection: close\r\n\r\n");
	return push->request->is_http10 ? STR("Connection: keep-alive\r\n\r\n")
					: STR("\r\n");
}

static bool has_it(const struct push_live *live, const struct live_snapshot *snapshot)
{
	const struct live_snapshot_parts *parts = &snapshot->parts;
	if (live->after != 0 && live->after == live_snapshot_id(snapshot))
		return true;
	if (live->tags.length > 0)
		return http_etag_is_listed(live->tags, parts->etag);
	// By equality, as it is the backend's own word (RFC 9110 section 13.1.3).
	return live->modified.length > 0 && str_equal(live->modified, parts->modified);
}

// A long body goes as fast as its client reads.
static struct str next_piece(const struct push_live *live, struct str body)
{
	size_t left = body.length - live->written;
	return (struct str){body.data + live->written,
		left < STREAM_HIGH_BYTES ? left : STREAM_HIGH_BYTES};
}

// As much as its client's queue takes; on_room goes on.
static void write_body(struct push_live *live)
{
	struct stream *client = live->push.client;
	struct str body = live->snapshot->parts.message->payload;
	while (live->written < body.length && !stream_is_full(client)) {
		struct str piece = next_piece(live, body);
		live->written += piece.length;
		stream_write(client, piece.data, piece.length);
	}
	if (live->written == body.length)
		end(live);
}

static void answer(struct push_live *live)
{
	struct push *push = &live->push;
	struct live_snapshot *snapshot = live_entry_news(live->entry)->snapshot;
	bool is_modified = !has_it(live, snapshot);
	struct str head = live_answer_head(live->entry, is_modified);
	struct str tail = find_tail(push), body = STR("");
	if (head.length == 0) {
		refuse(live, 503, "out of memory", CLOSE_REASON_NO_MEMORY);
		return;
	}
	if (is_modified && !live->is_head)
		body = snapshot->parts.message->payload;
	struct str piece = next_piece(live, body);
	struct iovec pieces[] = {
		{(void *)head.data, head.length},
		{(void *)tail.data, tail.length},
		{(void *)piece.data, piece.length},
	};
	push->request->status = is_modified ? 200 : 304;
	push->has_head = true;
	counters_add(&loop_counters(push->site->loop)->live_answers, 1);
	live->written = piece.length;
	stream_writev(push->client, pieces, piece.length > 0 ? 3 : 2);
	if (piece.length == body.length) {
		end(live);
		return;
	}
	live->snapshot = live_snapshot_ref(snapshot);
	write_body(live);
}

static void on_room(struct push *push)
{
	struct push_live *live = (struct push_live *)push;
	if (live->snapshot)
		write_body(live);
}

static bool must_wait(const struct push_live *live, enum live_look look)
{
	if (look == LIVE_LOOK_READY && live->wait_ms != 0)
		return has_it(live, live_entry_news(live->entry)->snapshot);
	return look == LIVE_LOOK_WAIT;
}

static void stop_waiting(struct push_live *live)
{
	live_entry_leave(&live->follower);
	loop_timer_finish(&live->timer);
}

static void conclude(struct push_live *live, enum live_look look)
{
	struct push *push = &live->push;
	const struct live_news *news = live_entry_news(live->entry);
	stop_waiting(live);
	switch (look) {
	case LIVE_LOOK_READY:
		answer(live);
		return;
	case LIVE_LOOK_PASS:
		if (push->may_pass)
			push->handler->on_pass(push->arg);
		else
			refuse(live, 503, "this URL is not shared any more",
				CLOSE_REASON_OVERLOAD);
		return;
	case LIVE_LOOK_DOWN:
		refuse(live, news->status, news->reason, CLOSE_REASON_BACKEND_LOST);
		return;
	case LIVE_LOOK_WAIT:
		refuse(live, 504, "the backend gave no answer in time",
			CLOSE_REASON_BACKEND_TIMEOUT);
		return;
	}
}

static void on_news(struct live_follower *follower)
{
	struct push_live *live =
		(struct push_live *)((char *)follower -
				     offsetof(struct push_live, follower));
	enum live_look look = live_entry_look(live->entry);
	if (!must_wait(live, look))
		conclude(live, look);
}

static void on_timer(void *arg)
{
	struct push_live *live = arg;
	conclude(live, live_entry_look(live->entry));
}

// A first answer takes as long as the backend may; all that is slower is told by news.
static uint64_t longest_wait(const struct push_live *live)
{
	const struct conf *conf = live->push.edition->conf;
	uint64_t response_ms = live->push.request->route->response_timeout_ms;
	if (live->wait_ms != 0)
		return live->wait_ms;
	return response_ms != CONF_OFF
		       ? response_ms + conf->timeouts.connect_ms + SLACK_MS
		       : CONF_OFF;
}

static void wait_for_news(struct push_live *live)
{
	uint64_t wait_ms = longest_wait(live);
	live->follower.on_news = on_news;
	if (!live_entry_follow(live->entry, &live->follower, true)) {
		refuse(live, 503, "too many requests wait for an answer (live.waiters)",
			CLOSE_REASON_OVERLOAD);
		return;
	}
	loop_timer_init(&live->timer, live->push.site->loop, on_timer, live);
	if (wait_ms != CONF_OFF)
		loop_timer_set(&live->timer, now_ms() + wait_ms);
}

static void start(struct push *push)
{
	struct push_live *live = (struct push_live *)push;
	enum live_look look = live_entry_ask(live->entry);
	if (must_wait(live, look))
		wait_for_news(live);
	else
		conclude(live, look);
}

// A long-poll is told that there is nothing new; whatever else waits has its answer soon.
static void close_soon(
	struct push *push, enum close_reason reason, uint16_t code, const char *text)
{
	struct push_live *live = (struct push_live *)push;
	push->is_closing = true;
	if (live->follower.entry && live_entry_look(live->entry) == LIVE_LOOK_READY)
		conclude(live, LIVE_LOOK_READY);
}

static void measure(const struct push *push, struct relay_result *ret_result)
{
	// There are no messages.
}

static uint64_t last_message_ms(const struct push *push)
{
	return push->request->started_ms;
}

static void destroy(struct push *push)
{
	struct push_live *live = (struct push_live *)push;
	stop_waiting(live);
	live_snapshot_unref(live->snapshot);
	live_entry_release(live->entry);
	free(live);
}

static const struct push_methods methods = {
	.name = "live",
	.start = start,
	.on_room = on_room,
	.close = close_soon,
	.measure = measure,
	.last_message_ms = last_message_ms,
	.destroy = destroy,
};

static void write_values(
	struct buf *out, const struct http_message *message, struct str name)
{
	for (size_t i = 0; i < message->field_count; i++) {
		if (!str_equal_nocase(message->fields[i].name, name))
			continue;
		if (out->length > 0)
			buf_append_str(out, STR(", "));
		buf_append_str(out, message->fields[i].value);
	}
}

static struct push_live *create(
	const struct push_question *question, struct live_entry *entry)
{
	const struct http_message *message = question->message;
	const struct http_field *since =
		http_message_find_name(message, STR("If-Modified-Since"));
	struct buf tags = BUF_INIT;
	write_values(&tags, message, STR("If-None-Match"));
	struct str modified = since && tags.length == 0 ? since->value : STR("");
	struct push_live *live = malloc(sizeof(*live) + tags.length + modified.length);
	if (live) {
		*live = (struct push_live){.entry = entry};
		push_init(&live->push, &methods, question);
		live->is_head = http_message_is_method(message, "HEAD");
		memcpy(live->text, buf_str(&tags).data ? tags.data : "", tags.length);
		memcpy(live->text + tags.length, modified.data, modified.length);
		live->tags = (struct str){live->text, tags.length};
		live->modified = (struct str){live->text + tags.length, modified.length};
	}
	buf_finish(&tags);
	return live;
}

enum push_creation push_live_poll_create(const struct push_question *question,
	struct live_entry *entry, const struct push_live_wait *wait,
	struct push **ret_push)
{
	struct push_live *live = create(question, entry);
	if (!live) {
		live_entry_release(entry);
		return PUSH_MEMORY;
	}
	live->push.may_pass = live_entry_look(entry) == LIVE_LOOK_WAIT;
	live->wait_ms = wait->wait_ms;
	live->after = wait->after;
	*ret_push = &live->push;
	return PUSH_MADE;
}
