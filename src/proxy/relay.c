// SPDX-License-Identifier: MIT
// The flow between two WebSocket streams; see the header.
#include "wherry/proxy/relay.h"

#include <stdlib.h>
#include <string.h>

#include "relay_priv.h"
#include "wherry/base/mem.h"
#include "wherry/base/now.h"

static void pass(struct relay_end *end, const uint8_t *data, size_t length)
{
	struct relay_end *to = end->other;
	if (length == 0 || to->has_sent_close || !to->stream)
		return;
	stream_write(to->stream, data, length);
	if (stream_is_full(to->stream))
		stream_pause(end->stream);
}

// Control frames are counted within whole seconds.
static bool is_control_allowed(struct relay_end *end)
{
	uint64_t now = now_ms();
	if (now - end->window_ms >= 1000) {
		end->window_ms = now;
		end->window_controls = 0;
	}
	return ++end->window_controls <= end->relay->websocket->control_frames_per_second;
}

static bool take(struct rate *rate, uint64_t per_second, uint64_t now, uint64_t amount)
{
	struct rate_limit limit = {per_second, 1000, per_second};
	return per_second == CONF_OFF || rate_take(rate, &limit, now, amount) == 0;
}

// How many there were since the last time.
static uint64_t note_messages(struct relay_end *end)
{
	uint64_t count = end->check.messages - end->messages_seen;
	end->messages_seen = end->check.messages;
	if (count > 0 && end->stream)
		end->message_ms = stream_last_read_ms(end->stream);
	return count;
}

// NULL, or what the end has done too much of. The limits are for clients: who runs a
// backend says himself what it sends.
static const char *find_excess(struct relay_end *end, uint64_t count, size_t bytes)
{
	const struct conf_websocket *websocket = end->relay->websocket;
	uint64_t now = now_ms();
	if (!relay_is_client(end))
		return NULL;
	if (!take(&end->messages, websocket->messages_per_second, now, count))
		return "more messages a second than allowed";
	if (!take(&end->bytes, websocket->bytes_per_second, now, bytes))
		return "more bytes a second than allowed";
	return NULL;
}

static bool is_our_pong(struct relay_end *end, const uint8_t *frame)
{
	const struct ws_frame *control = &end->check.control;
	if (!end->expects_pong || control->opcode != WS_PONG ||
		control->payload_length != RELAY_PING_SIZE)
		return false;
	uint8_t payload[RELAY_PING_SIZE];
	memcpy(payload, frame + control->header_length, sizeof(payload));
	if (control->is_masked)
		ws_frame_mask(payload, sizeof(payload), control->mask, 0);
	if (memcmp(payload, end->ping, sizeof(payload)) != 0)
		return false;
	end->expects_pong = false;
	end->ping_sent_ms = 0;
	return true;
}

// Does this whole control frame go to the other side as it is?
static bool goes_on(struct relay_end *end, const uint8_t *frame)
{
	return is_control_allowed(end) && end->check.control.opcode != WS_CLOSE &&
	       !is_our_pong(end, frame);
}

static void keep_control(struct relay_end *end, const uint8_t *frame)
{
	if (end->window_controls > end->relay->websocket->control_frames_per_second)
		relay_fail_end(end, CLOSE_REASON_POLICY,
			"more control frames a second than allowed");
	else if (end->check.control.opcode == WS_CLOSE)
		relay_take_close(end, frame);
	else
		relay_watch(end->relay); // our Pong: the next silence begins
}

static enum ws_check_stop find_stop(const struct relay_end *toward)
{
	if (!toward->stream || toward->has_sent_close)
		return WS_CHECK_STOP_NEVER; // nothing can be put in any more
	if (toward->pending_ping)
		return WS_CHECK_STOP_AT_FRAME;
	return toward->pending_close;
}

// Walks the frames in data. What may go on is passed in as few pieces as there are frames
// of ours to put between. Gives the bytes taken.
static size_t flow(struct relay_end *end, const uint8_t *data, size_t length)
{
	size_t start = 0, at = 0, used;
	while (!end->is_deaf && end->stream) {
		enum ws_check_result result = ws_check_feed(&end->check, data + at,
			length - at, find_stop(end->other), &used);
		at += used;
		switch (result) {
		case WS_CHECK_MORE:
			pass(end, data + start, at - start);
			relay_put_in(end->other);
			return at;
		case WS_CHECK_BOUNDARY:
			pass(end, data + start, at - start);
			start = at;
			relay_put_in(end->other);
			break;
		case WS_CHECK_CONTROL:
			used = end->check.control.header_length +
			       (size_t)end->check.control.payload_length;
			if (!goes_on(end, data + at)) {
				pass(end, data + start, at - start);
				start = at + used;
				keep_control(end, data + at);
			}
			at += used;
			break;
		case WS_CHECK_BAD:
			pass(end, data + start, at - start);
			relay_fail_end(end, end->check.error, end->check.error_text);
			break;
		}
	}
	return length;
}

static size_t on_data(void *arg, const uint8_t *data, size_t length)
{
	struct relay_end *end = arg;
	size_t taken = flow(end, data, length);
	const char *excess = NULL;
	uint64_t count = note_messages(end);
	if (end->relay->counts_flow && !end->is_deaf)
		excess = find_excess(end, count, taken);
	if (excess)
		relay_fail_end(end, CLOSE_REASON_POLICY, excess);
	return end->is_deaf ? length : taken;
}

static void on_drain(void *arg)
{
	struct relay_end *end = arg;
	if (end->other->stream)
		stream_resume(end->other->stream);
	relay_settle(end);
	if (!end->relay->is_over)
		relay_watch(end->relay); // the other leg is listened to again
}

static void on_end(void *arg, enum stream_end how)
{
	struct relay_end *end = arg;
	bool is_client = relay_is_client(end);
	switch (how) {
	case STREAM_END_EOF:
		relay_end_of_input(end);
		return;
	case STREAM_END_ERROR:
	case STREAM_END_TLS:
	case STREAM_END_TRUNCATED:
		relay_lose_end(end,
			is_client ? CLOSE_REASON_CLIENT_RESET : CLOSE_REASON_BACKEND_LOST,
			stream_error_text(end->stream));
		return;
	case STREAM_END_STALL:
		relay_lose_end(end,
			is_client ? CLOSE_REASON_CLIENT_STALL
				  : CLOSE_REASON_BACKEND_STALL,
			NULL);
		return;
	case STREAM_END_MEMORY:
		relay_lose_end(end, CLOSE_REASON_NO_MEMORY, NULL);
		return;
	}
}

static const struct stream_handler stream_events = {
	.on_data = on_data,
	.on_drain = on_drain,
	.on_end = on_end,
};

static void init_end(struct relay_end *end, struct relay *relay, struct relay_end *other,
	struct stream *stream, bool uses_deflate)
{
	end->relay = relay;
	end->other = other;
	end->stream = stream;
	end->window_ms = end->message_ms = now_ms();
	ws_check_init(&end->check, &relay->limits, relay_is_client(end), uses_deflate);
	stream_set_handler(stream, &stream_events, end);
}

static void set_rules(struct relay *relay, const struct conf_websocket *websocket)
{
	relay->websocket = websocket;
	relay->limits.max_frame = websocket->max_frame;
	relay->limits.max_message = websocket->max_message;
	relay->limits.max_fragments = websocket->max_fragments;
	relay->counts_flow = websocket->messages_per_second != CONF_OFF ||
			     websocket->bytes_per_second != CONF_OFF ||
			     websocket->idle_timeout_ms != CONF_OFF;
}

// What was not counted so far begins now.
static void begin_count(struct relay_end *end)
{
	end->message_ms = now_ms();
	end->messages_seen = end->check.messages;
}

void relay_renew(struct relay *relay, const struct conf_websocket *websocket)
{
	bool was_counting = relay->counts_flow;
	set_rules(relay, websocket);
	if (relay->counts_flow && !was_counting) {
		begin_count(&relay->client);
		begin_count(&relay->backend);
	}
	relay_watch(relay);
}

struct relay *relay_create(struct stream *client, struct stream *backend,
	const struct conf_websocket *websocket, bool uses_deflate, relay_done_cb done,
	void *arg)
{
	struct relay *relay = mem_create(sizeof(*relay));
	if (!relay) {
		stream_destroy(client);
		stream_destroy(backend);
		return NULL;
	}
	relay->limits.check_utf8 = websocket->check_utf8;
	set_rules(relay, websocket);
	relay->loop = stream_loop(client);
	relay->expires_ms = UINT64_MAX;
	relay->done = done;
	relay->arg = arg;
	loop_timer_init(&relay->timer, relay->loop, relay_on_timer, relay);
	init_end(&relay->client, relay, &relay->backend, client, uses_deflate);
	init_end(&relay->backend, relay, &relay->client, backend, uses_deflate);
	if (stream_tls(client))
		stream_read_to_seal(backend);
	stream_resume(client);
	stream_resume(backend);
	relay_watch(relay);
	return relay;
}

void relay_measure(const struct relay *relay, struct relay_result *ret_result)
{
	const struct stream *client = relay->client.stream;
	*ret_result = relay->result;
	ret_result->messages_in = relay->client.check.messages;
	ret_result->messages_out = relay->backend.check.messages;
	if (client) {
		ret_result->bytes_in = stream_bytes_in(client);
		ret_result->bytes_out = stream_bytes_out(client);
	}
}

const struct stream *relay_client(const struct relay *relay)
{
	return relay->client.stream;
}

bool relay_is_closing(const struct relay *relay)
{
	return relay->has_reason;
}

static void free_relay(void *arg)
{
	struct relay *relay = arg;
	free(relay->farewell);
	free(relay);
}

void relay_destroy(struct relay *relay)
{
	if (!relay || relay->is_destroyed)
		return;
	relay->is_destroyed = relay->is_over = true;
	stream_destroy(relay->client.stream);
	stream_destroy(relay->backend.stream);
	relay->client.stream = relay->backend.stream = NULL;
	loop_timer_finish(&relay->timer);
	loop_defer(relay->loop, &relay->deferred, free_relay, relay);
}
