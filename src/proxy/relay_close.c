// SPDX-License-Identifier: MIT
// How a relay ends: Close frames of ours at boundaries, the close handshake of either
// side, and legs that are lost. One code per cause (RFC 6455 section 7.4, DESIGN: rules
// of the relay).
#include <string.h>
#include <sys/random.h>

#include "relay_priv.h"
#include "wherry/base/now.h"

// The first cause is the one that is told.
static void note_reason(struct relay *relay, enum close_reason reason,
	const char *ended_by, const char *detail)
{
	if (relay->has_reason)
		return;
	relay->has_reason = true;
	relay->result.reason = reason;
	relay->result.ended_by = ended_by;
	relay->result.detail = detail;
}

static void note_code(struct relay *relay, uint16_t code)
{
	if (relay->result.close_code == 0)
		relay->result.close_code = code;
}

// What is not over a few seconds from now is cut.
static void start_closing(struct relay *relay)
{
	if (relay->close_by_ms != 0)
		return;
	relay->close_by_ms = now_ms() + RELAY_CLOSE_WAIT_MS;
	relay_watch(relay);
}

// The whole is over once both legs are. Told once.
static void finish_if_over(struct relay *relay)
{
	if (relay->is_over || relay->client.stream || relay->backend.stream)
		return;
	relay->is_over = true;
	loop_timer_clear(&relay->timer);
	struct relay_result result;
	relay_measure(relay, &result);
	relay->done(relay->arg, &result);
}

static void close_end(struct relay_end *end)
{
	if (!end->stream)
		return;
	if (relay_is_client(end)) {
		end->relay->result.bytes_in = stream_bytes_in(end->stream);
		end->relay->result.bytes_out = stream_bytes_out(end->stream);
	}
	stream_destroy(end->stream);
	end->stream = NULL;
	end->pending_close = WS_CHECK_STOP_NEVER;
	end->pending_ping = false;
	end->is_deaf = true;
	// Who was paused for this leg's sake reads on, to find its own end.
	if (end->other->stream)
		stream_resume(end->other->stream);
	relay_settle(end->other);
}

// Nothing more can be said on this leg, since it stands in the middle of a frame: what
// waits for it still leaves, and then the connection ends.
static void cut_short(struct relay_end *end)
{
	if (!end->stream)
		return;
	end->has_sent_close = end->is_failed = end->is_deaf = true;
	end->pending_close = WS_CHECK_STOP_NEVER;
	relay_settle(end);
}

// NULL toward the client. Toward a backend we are the client, and mask; unpredictably
// only for the sake of scripts (RFC 6455 section 10.3), of which there is none here: so a
// shortage of randomness does no harm.
static const uint8_t *make_mask(const struct relay_end *end, uint8_t mask[4])
{
	if (relay_is_client(end))
		return NULL;
	if (getrandom(mask, 4, GRND_NONBLOCK) < 4)
		memset(mask, 1, 4);
	return mask;
}

static void write_ping(struct relay_end *end)
{
	uint8_t frame[WS_FRAME_MAX_CONTROL], mask[4];
	size_t size = ws_frame_write_control(
		WS_PING, make_mask(end, mask), end->ping, sizeof(end->ping), frame);
	stream_write(end->stream, frame, size);
}

static void write_close(struct relay_end *end)
{
	uint8_t frame[WS_FRAME_MAX_CONTROL], mask[4];
	const struct relay *relay = end->relay;
	const char *reason = relay->farewell ? relay->farewell
					     : close_reason_name(relay->result.reason);
	size_t size = ws_frame_write_close(
		end->pending_code, reason, make_mask(end, mask), frame);
	stream_write(end->stream, frame, size);
	note_code(end->relay, end->pending_code);
	end->has_sent_close = true;
	end->pending_close = WS_CHECK_STOP_NEVER;
	end->pending_ping = false;
	if (end->other->has_sent_close || !end->other->stream)
		start_closing(end->relay);
}

void relay_put_in(struct relay_end *end)
{
	const struct ws_check *flow = &end->other->check;
	if (!end->stream || end->has_sent_close || !ws_check_is_at_frame_boundary(flow))
		return;
	if (end->pending_ping) {
		end->pending_ping = false;
		end->expects_pong = true;
		end->ping_sent_ms = now_ms();
		write_ping(end);
		end->ping_at = stream_bytes_sent(end->stream);
		end->taken_before = stream_bytes_taken(end->stream);
		counters_add(&loop_counters(end->relay->loop)->pings_sent, 1);
	}
	bool is_time = end->pending_close == WS_CHECK_STOP_AT_FRAME ||
		       (end->pending_close == WS_CHECK_STOP_AT_MESSAGE &&
			       ws_check_is_at_message_boundary(flow));
	if (!is_time)
		return;
	write_close(end);
	relay_settle(end);
}

// Has this leg a Close of ours to come, now or at the boundary that is allowed?
static void plan_close(struct relay_end *end, uint16_t code, enum ws_check_stop where)
{
	if (!end->stream || end->has_sent_close)
		return;
	if (end->pending_close == WS_CHECK_STOP_NEVER)
		end->pending_code = code; // else the first cause's stands
	if (end->pending_close != WS_CHECK_STOP_AT_FRAME)
		end->pending_close = where;
	if (!end->other->stream && !ws_check_is_at_frame_boundary(&end->other->check))
		cut_short(end); // the frame it is in the middle of will never be whole
	else
		relay_put_in(end);
}

// After both Close frames the server's side ends the connection (RFC 6455 section 7.1.1):
// toward the client that is us, toward the backend it is the backend.
static void settle_done(struct relay_end *end)
{
	bool has_shaken = end->has_received_close && !end->is_failed;
	bool is_client = relay_is_client(end);
	bool is_flushed = stream_queued_length(end->stream) == 0;
	start_closing(end->relay);
	if (is_flushed && (end->is_eof || (is_client && has_shaken))) {
		close_end(end);
	} else if (!end->is_finishing && (is_client || !has_shaken || end->is_eof)) {
		end->is_finishing = true;
		stream_shutdown(end->stream);
	}
}

void relay_settle(struct relay_end *end)
{
	if (!end->stream)
		return;
	bool is_done = end->has_sent_close &&
		       (end->has_received_close || end->is_failed || end->is_eof);
	bool is_useless = end->is_eof && !end->other->stream;
	if (is_done || is_useless)
		settle_done(end);
	finish_if_over(end->relay);
}

void relay_take_close(struct relay_end *end, const uint8_t *frame)
{
	struct relay *relay = end->relay;
	struct relay_end *other = end->other;
	const struct ws_frame *control = &end->check.control;
	uint16_t code;
	if (!ws_check_close_payload(control, frame + control->header_length, &code)) {
		relay_fail_end(end,
			code != 0 ? CLOSE_REASON_BAD_UTF8 : CLOSE_REASON_PROTOCOL,
			"a Close frame with a payload that is not legal");
		return;
	}
	bool is_client = relay_is_client(end);
	note_reason(relay,
		is_client ? CLOSE_REASON_CLIENT_CLOSED : CLOSE_REASON_BACKEND_CLOSED,
		is_client ? "client" : "backend", NULL);
	note_code(relay, code);
	start_closing(relay);
	end->has_received_close = true;
	end->is_deaf = true;
	if (other->stream && !other->has_sent_close) {
		size_t length = control->header_length + (size_t)control->payload_length;
		if (other->has_received_close && !is_client)
			stream_write_last(other->stream, frame, length); // we end it next
		else
			stream_write(other->stream, frame, length);
		other->has_sent_close = true;
		other->pending_close = WS_CHECK_STOP_NEVER;
		other->pending_ping = false;
	}
	relay_settle(other);
	relay_settle(end);
}

// What the leg without fault is told.
static uint16_t bystander_code(const struct relay_end *guilty)
{
	return close_reason_code(relay_is_client(guilty) ? CLOSE_REASON_CLIENT_RESET
							 : CLOSE_REASON_BACKEND_LOST);
}

void relay_fail_end(struct relay_end *end, enum close_reason reason, const char *detail)
{
	struct relay *relay = end->relay;
	struct relay_end *other = end->other;
	end->is_deaf = true;
	end->is_failed = true; // nothing it sends matters any more
	note_reason(relay, reason, relay_is_client(end) ? "client" : "backend", detail);
	start_closing(relay);
	uint16_t code = bystander_code(end);
	plan_close(end, close_reason_code(reason), WS_CHECK_STOP_AT_FRAME);
	if (ws_check_is_at_frame_boundary(&end->check) || other->has_sent_close)
		plan_close(other, code, WS_CHECK_STOP_AT_FRAME);
	else
		cut_short(other);
	relay_settle(end);
}

static const char *find_lost_detail(const struct relay_end *end, bool is_whole)
{
	if (is_whole)
		return NULL;
	return relay_is_client(end) ? "the client was lost in the middle of a frame"
				    : "the backend was lost in the middle of a frame";
}

// The other leg learns that this one sends no more: by a Close, or, in the middle of a
// frame, by the end of its connection.
static void tell_other(
	struct relay_end *end, enum close_reason reason, const char *detail)
{
	struct relay_end *other = end->other;
	bool is_whole = ws_check_is_at_frame_boundary(&end->check);
	if (!detail)
		detail = find_lost_detail(end, is_whole);
	note_reason(
		end->relay, reason, relay_is_client(end) ? "client" : "backend", detail);
	start_closing(end->relay);
	if (other->has_sent_close)
		return;
	if (is_whole)
		plan_close(other,
			reason == CLOSE_REASON_NO_MEMORY ? close_reason_code(reason)
							 : bystander_code(end),
			WS_CHECK_STOP_AT_FRAME);
	else
		cut_short(other);
}

void relay_lose_end(struct relay_end *end, enum close_reason reason, const char *detail)
{
	if (!end->stream)
		return;
	tell_other(end, reason, detail);
	if (end->stream)
		stream_abort(end->stream); // the kernel's queue for it is of no use
	close_end(end);
	relay_settle(end->other);
	finish_if_over(end->relay);
}

void relay_end_of_input(struct relay_end *end)
{
	end->is_eof = true;
	end->is_deaf = true;
	if (!end->has_received_close)
		tell_other(end,
			relay_is_client(end) ? CLOSE_REASON_CLIENT_RESET
					     : CLOSE_REASON_BACKEND_LOST,
			NULL);
	relay_settle(end);
	relay_settle(end->other);
}

void relay_close_with(struct relay *relay, enum close_reason reason, uint16_t client_code,
	uint16_t backend_code)
{
	if (relay->has_reason || relay->is_over)
		return;
	note_reason(relay, reason, "wherry", NULL);
	start_closing(relay);
	plan_close(&relay->client, client_code, WS_CHECK_STOP_AT_FRAME);
	plan_close(&relay->backend, backend_code, WS_CHECK_STOP_AT_FRAME);
}

void relay_close(struct relay *relay, enum close_reason reason)
{
	uint16_t code = close_reason_code(reason);
	relay_close_with(relay, reason, code, code);
}

void relay_kill(struct relay *relay, uint16_t code, const char *text)
{
	if (relay->is_over)
		return;
	if (relay->has_reason) {
		start_closing(relay);
		return;
	}
	if (text[0] != '\0')
		relay->farewell = strdup(text); // without memory the name must do
	relay_close_with(relay, CLOSE_REASON_KILLED, code,
		close_reason_code(CLOSE_REASON_CLIENT_RESET));
}

void relay_drain(
	struct relay *relay, enum close_reason reason, uint16_t code, const char *text)
{
	if (relay->has_reason || relay->is_over)
		return;
	note_reason(relay, reason, "wherry", NULL);
	if (text[0] != '\0')
		relay->farewell = strdup(text); // without memory the name must do
	plan_close(&relay->client, code, WS_CHECK_STOP_AT_MESSAGE);
	plan_close(&relay->backend, code, WS_CHECK_STOP_AT_MESSAGE);
}

void relay_cut(struct relay *relay, enum close_reason reason)
{
	if (relay->is_over)
		return;
	note_reason(relay, reason, "wherry", NULL);
	close_end(&relay->client);
	close_end(&relay->backend);
	finish_if_over(relay);
}
