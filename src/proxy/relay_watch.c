// SPDX-License-Identifier: MIT
// Time in a relay: pings when a leg is silent, the dead found, frames and closes that
// make no progress, and the idle timeout. One lazy timer: the flow of data stores no
// deadline.
#include <string.h>
#include <sys/random.h>

#include "relay_priv.h"
#include "wherry/base/now.h"

enum {
	FRAME_STALL_MS = 30 * 1000
};

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t add_time(uint64_t from, uint64_t duration_ms)
{
	return duration_ms == CONF_OFF ? UINT64_MAX : from + duration_ms;
}

static uint64_t silent_since(const struct relay_end *end)
{
	return stream_last_read_ms(end->stream);
}

// Its silence is its own, and not our pause.
static bool is_listened_to(const struct relay_end *end)
{
	return end->stream && !end->is_deaf && !stream_is_paused(end->stream);
}

static bool may_ping(const struct relay_end *end)
{
	return end->ping_sent_ms == 0 && !end->pending_ping && !end->has_sent_close;
}

static bool is_mid_frame(const struct relay_end *end)
{
	return !ws_check_is_at_frame_boundary(&end->check) ||
	       stream_kept_length(end->stream) > 0;
}

// When this leg's Ping is due, or overdue. A sign of life may come without the Pong: so
// the end of a new silence is looked at too.
static uint64_t next_ping_look(const struct relay_end *end, uint64_t now)
{
	const struct conf_websocket *websocket = end->relay->websocket;
	uint64_t silence = add_time(silent_since(end), websocket->ping_ms);
	if (end->ping_sent_ms == 0)
		return may_ping(end) ? silence : UINT64_MAX;
	uint64_t overdue = add_time(end->ping_sent_ms, websocket->ping_timeout_ms);
	uint64_t next = add_time(end->ping_sent_ms, websocket->ping_ms);
	if (silent_since(end) > end->ping_sent_ms)
		return earlier(overdue, silence);
	return next > now ? earlier(overdue, next) : overdue;
}

static uint64_t next_look(const struct relay_end *end, uint64_t now)
{
	if (!is_listened_to(end))
		return UINT64_MAX;
	uint64_t at = next_ping_look(end, now);
	return is_mid_frame(end) ? earlier(at, silent_since(end) + FRAME_STALL_MS) : at;
}

void relay_watch(struct relay *relay)
{
	uint64_t now = now_ms();
	uint64_t at =
		earlier(next_look(&relay->client, now), next_look(&relay->backend, now));
	if (!relay->has_reason) // else it is closing, at the next boundary
		at = earlier(at, add_time(relay_last_message_ms(relay),
					 relay->websocket->idle_timeout_ms));
	at = earlier(at, relay->expires_ms);
	if (relay->close_by_ms != 0)
		at = relay->close_by_ms;
	// While both legs are paused there is nothing to see; look again at leisure.
	at = earlier(at, now + FRAME_STALL_MS);
	loop_timer_set(&relay->timer, at > now ? at : now + 1);
}

static void send_ping(struct relay_end *end)
{
	if (getrandom(end->ping, sizeof(end->ping), GRND_NONBLOCK) < 0)
		memset(end->ping, 0, sizeof(end->ping)); // still told from most others'
	end->pending_ping = true;
	relay_put_in(end);
}

static bool is_frame_stalled(const struct relay_end *end, uint64_t now)
{
	return is_mid_frame(end) && now >= silent_since(end) + FRAME_STALL_MS;
}

// A slow reader can't answer a Ping that waits behind megabytes, but it goes on taking
// them. Once its kernel has the Ping, more that it takes means nothing, unless all
// buffers up to our own queue are full: then only its application makes room.
static bool takes_bytes(struct relay_end *end, uint64_t now)
{
	uint64_t taken = stream_bytes_taken(end->stream);
	bool is_told = taken < end->ping_at || stream_queued_length(end->stream) > 0;
	bool is_life = is_told && taken > end->taken_before;
	end->taken_before = taken;
	if (is_life)
		end->ping_sent_ms = now;
	return is_life;
}

static void look_at(struct relay_end *end, uint64_t now)
{
	const struct conf_websocket *websocket = end->relay->websocket;
	bool is_client = relay_is_client(end);
	if (!is_listened_to(end))
		return;
	// Any byte is life, also while the Pong itself is still on its way.
	if (end->ping_sent_ms != 0 && silent_since(end) > end->ping_sent_ms)
		end->ping_sent_ms = 0;
	if (is_frame_stalled(end, now))
		relay_lose_end(end, CLOSE_REASON_FRAME_STALL,
			"a frame made no progress for 30 s");
	else if (end->ping_sent_ms != 0 &&
		 now >= add_time(end->ping_sent_ms, websocket->ping_timeout_ms) &&
		 !takes_bytes(end, now))
		relay_lose_end(end,
			is_client ? CLOSE_REASON_CLIENT_TIMEOUT
				  : CLOSE_REASON_BACKEND_TIMEOUT,
			NULL);
	else if (may_ping(end) && now >= add_time(silent_since(end), websocket->ping_ms))
		send_ping(end);
}

static bool is_idle(const struct relay *relay, uint64_t now)
{
	return now >=
	       add_time(relay_last_message_ms(relay), relay->websocket->idle_timeout_ms);
}

static bool drains(struct relay_end *end)
{
	if (!end->stream || stream_queued_length(end->stream) == 0)
		return false;
	uint64_t taken = stream_bytes_taken(end->stream);
	bool moves = taken > end->taken_before;
	end->taken_before = taken;
	return moves;
}

// The time for a close is over; but for a slow leg it has not begun while its queue
// moves.
static void check_close(struct relay *relay, uint64_t now)
{
	bool client_drains = drains(&relay->client); // both are to be asked
	bool backend_drains = drains(&relay->backend);
	if (client_drains || backend_drains)
		relay->close_by_ms = now + RELAY_CLOSE_WAIT_MS;
	else
		relay_cut(relay, relay->result.reason);
}

void relay_expire_at(struct relay *relay, uint64_t at_ms, uint16_t code)
{
	relay->expires_ms = at_ms;
	relay->expiry_code = code;
	relay_watch(relay);
}

// Once: it may be closing already for another reason.
static void expire(struct relay *relay)
{
	relay->expires_ms = UINT64_MAX;
	relay_close_with(relay, CLOSE_REASON_TOKEN_EXPIRED, relay->expiry_code,
		close_reason_code(CLOSE_REASON_CLIENT_RESET));
}

uint64_t relay_last_message_ms(const struct relay *relay)
{
	return relay->client.message_ms > relay->backend.message_ms
		       ? relay->client.message_ms
		       : relay->backend.message_ms;
}

uint64_t relay_silent_since_ms(const struct relay *relay)
{
	const struct relay_end *client = &relay->client, *backend = &relay->backend;
	bool is_full = (client->stream && stream_is_full(client->stream)) ||
		       (backend->stream && stream_is_full(backend->stream));
	if (is_full)
		return 0;
	return relay->has_reason ? UINT64_MAX : relay_last_message_ms(relay);
}

void relay_on_timer(void *arg)
{
	struct relay *relay = arg;
	uint64_t now = now_ms();
	if (relay->close_by_ms != 0) {
		if (now >= relay->close_by_ms)
			check_close(relay, now);
	} else if (now >= relay->expires_ms) {
		expire(relay);
	} else if (is_idle(relay, now)) {
		relay_close(relay, CLOSE_REASON_IDLE);
	} else {
		look_at(&relay->client, now);
		if (!relay->is_over)
			look_at(&relay->backend, now);
	}
	if (!relay->is_over)
		relay_watch(relay);
}
