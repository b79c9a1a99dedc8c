// SPDX-License-Identifier: MIT
// How a WebSocket that ends here ends: Close frames (RFC 6455 section 7), and what
// time does to it: pings, the dead found, and tokens that expire.
#include <string.h>
#include <sys/random.h>

#include "push_websocket_priv.h"
#include "wherry/base/now.h"

enum {
	CLOSE_WAIT_MS = 5000, // for the client's Close, and then its FIN
	PING_SIZE = 8,
};

static struct stream *client_of(const struct push_websocket *socket)
{
	return socket->subscription.push.client;
}

// The first cause is the one that is told.
static void note_reason(struct push_websocket *socket, enum close_reason reason,
	const char *ended_by, const char *detail)
{
	struct push *push = &socket->subscription.push;
	if (push->is_closing)
		return;
	push->is_closing = true;
	socket->result.reason = reason;
	socket->result.ended_by = ended_by;
	socket->result.detail = detail;
	stream_uncork(client_of(socket)); // several deliveries may be under way
	socket->use->stop(socket);
}

static void send_close(struct push_websocket *socket, uint16_t code, const char *text)
{
	uint8_t frame[WS_FRAME_MAX_CONTROL];
	if (socket->has_sent_close)
		return;
	size_t length = ws_frame_write_close(code, text, NULL, frame);
	stream_write(client_of(socket), frame, length);
	socket->has_sent_close = true;
	socket->close_by_ms = now_ms() + CLOSE_WAIT_MS;
	if (socket->result.close_code == 0)
		socket->result.close_code = code;
	stream_resume(client_of(socket)); // to hear its answer
	push_websocket_watch(socket);
}

static void close_with(struct push_websocket *socket, enum close_reason reason,
	uint16_t code, const char *text, const char *ended_by, const char *detail)
{
	note_reason(socket, reason, ended_by, detail);
	send_close(socket, code, text[0] != '\0' ? text : close_reason_name(reason));
}

static bool is_clients_fault(enum close_reason reason)
{
	return reason == CLOSE_REASON_PROTOCOL || reason == CLOSE_REASON_BAD_UTF8 ||
	       reason == CLOSE_REASON_POLICY || reason == CLOSE_REASON_TOO_BIG;
}

void push_websocket_close_for(
	struct push_websocket *socket, enum close_reason reason, const char *detail)
{
	close_with(socket, reason, close_reason_code(reason), "",
		is_clients_fault(reason) ? "client" : "wherry", detail);
}

void push_websocket_fail(
	struct push_websocket *socket, enum close_reason reason, const char *detail)
{
	socket->is_deaf = true;
	push_websocket_close_for(socket, reason, detail);
	stream_shutdown(client_of(socket));
}

void push_websocket_close(
	struct push *push, enum close_reason reason, uint16_t code, const char *text)
{
	close_with((struct push_websocket *)push, reason, code, text, "wherry", NULL);
}

static void end(struct push_websocket *socket)
{
	struct push *push = &socket->subscription.push;
	struct relay_result result = socket->result;
	push->handler->on_end(push->arg, &result, false);
}

// The server ends the connection (RFC 6455 section 7.1.1).
void push_websocket_settle(struct push_websocket *socket)
{
	bool is_done = socket->has_sent_close && socket->has_received_close;
	if (!is_done)
		return;
	if (stream_queued_length(client_of(socket)) == 0)
		end(socket);
	else if (!socket->is_finishing)
		stream_shutdown(client_of(socket));
	socket->is_finishing = true;
}

void push_websocket_take_close(struct push_websocket *socket, struct str payload)
{
	struct ws_frame frame = {.payload_length = payload.length};
	uint16_t code;
	if (!ws_check_close_payload(&frame, (const uint8_t *)payload.data, &code)) {
		push_websocket_fail(socket,
			code != 0 ? CLOSE_REASON_BAD_UTF8 : CLOSE_REASON_PROTOCOL,
			"a Close frame with a payload that is not legal");
		return;
	}
	socket->is_deaf = true;
	note_reason(socket, CLOSE_REASON_CLIENT_CLOSED, "client", NULL);
	if (socket->result.close_code == 0)
		socket->result.close_code = code;
	socket->has_received_close = true;
	send_close(socket, code, "");
	push_websocket_settle(socket);
}

void push_websocket_end_of_input(struct push *push)
{
	struct push_websocket *socket = (struct push_websocket *)push;
	note_reason(socket, CLOSE_REASON_CLIENT_RESET, "client", NULL);
	if (!socket->has_received_close || stream_queued_length(push->client) == 0)
		end(socket);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t add_time(uint64_t from, uint64_t duration_ms)
{
	return duration_ms == CONF_OFF ? UINT64_MAX : from + duration_ms;
}

// While it is not read, its silence is ours.
static uint64_t heard_ms(const struct push_websocket *socket)
{
	const struct stream *client = client_of(socket);
	return stream_is_paused(client) ? now_ms() : stream_last_read_ms(client);
}

void push_websocket_watch(struct push_websocket *socket)
{
	const struct conf_subscribe *rules = socket->subscription.rules;
	uint64_t at = add_time(heard_ms(socket), rules->ping_ms);
	if (socket->ping_sent_ms != 0)
		at = add_time(socket->ping_sent_ms, rules->ping_timeout_ms);
	at = earlier(at, push_subscription_expires_ms(&socket->subscription));
	if (socket->close_by_ms != 0)
		at = socket->close_by_ms;
	if (at != UINT64_MAX)
		loop_timer_set(&socket->timer, at);
	else
		loop_timer_clear(&socket->timer);
}

static void send_ping(struct push_websocket *socket, uint64_t now)
{
	struct stream *client = client_of(socket);
	uint8_t frame[WS_FRAME_MAX_CONTROL], payload[PING_SIZE];
	if (getrandom(payload, sizeof(payload), GRND_NONBLOCK) < 0)
		memset(payload, 0, sizeof(payload)); // nobody compares it
	size_t length =
		ws_frame_write_control(WS_PING, NULL, payload, sizeof(payload), frame);
	stream_write(client, frame, length);
	socket->ping_sent_ms = now;
	socket->ping_at = stream_bytes_sent(client);
	socket->taken_before = stream_bytes_taken(client);
	counters_add(&loop_counters(stream_loop(client))->pings_sent, 1);
}

// A slow reader can't answer a Ping that waits behind much else, but it goes on taking
// that. Once its kernel has the Ping, what more it takes means nothing.
static bool takes_bytes(struct push_websocket *socket, uint64_t now)
{
	struct stream *client = client_of(socket);
	uint64_t taken = stream_bytes_taken(client);
	bool is_told = taken < socket->ping_at || stream_queued_length(client) > 0;
	bool is_life = is_told && taken > socket->taken_before;
	socket->taken_before = taken;
	if (is_life)
		socket->ping_sent_ms = now;
	return is_life;
}

static void cut(struct push_websocket *socket, enum close_reason reason)
{
	note_reason(socket, reason, "wherry", NULL);
	stream_abort(client_of(socket)); // the kernel's queue for it is of no use
	end(socket);
}

// Any byte is life.
static void check_life(struct push_websocket *socket, uint64_t now)
{
	const struct conf_subscribe *rules = socket->subscription.rules;
	if (heard_ms(socket) > socket->ping_sent_ms)
		socket->ping_sent_ms = 0;
	if (socket->ping_sent_ms == 0) {
		if (now >= add_time(heard_ms(socket), rules->ping_ms))
			send_ping(socket, now);
	} else if (now >= add_time(socket->ping_sent_ms, rules->ping_timeout_ms) &&
		   !takes_bytes(socket, now)) {
		cut(socket, CLOSE_REASON_CLIENT_TIMEOUT);
		return;
	}
	push_websocket_watch(socket);
}

void push_websocket_on_timer(void *arg)
{
	struct push_websocket *socket = arg;
	const struct push *push = &socket->subscription.push;
	uint64_t now = now_ms();
	if (socket->close_by_ms != 0) {
		if (now >= socket->close_by_ms)
			end(socket);
		else
			push_websocket_watch(socket);
	} else if (now >= push_subscription_expires_ms(&socket->subscription)) {
		close_with(socket, CLOSE_REASON_TOKEN_EXPIRED,
			(uint16_t)push->request->route->jwt.close_code, "", "wherry",
			NULL);
	} else {
		check_life(socket, now);
	}
}
