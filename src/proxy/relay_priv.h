// SPDX-License-Identifier: MIT
// The relay as its three parts see it: relay.c (the flow), relay_close.c (how it ends)
// and relay_watch.c (time).
//
// A leg's close, by what has gone over it:
//
//     has_sent_close  has_received_close
//     no              no                   open
//     yes             no                   waiting for the peer's Close, a few seconds
//     no              yes                  its Close is with the other leg
//     yes             yes                  done: FIN, and waiting for the peer's
#pragma once

#include "wherry/proxy/relay.h"

enum {
	RELAY_PING_SIZE = 8,
	RELAY_CLOSE_WAIT_MS = 5000, // for the peer's Close, and then its FIN
};

struct relay_end {
	struct relay *relay;
	struct relay_end *other;
	struct stream *stream; // NULL once closed
	struct ws_check check; // of what comes from it
	uint64_t message_ms;   // of its last message
	uint64_t messages_seen;
	struct rate messages, bytes;
	uint64_t window_ms; // start of the second that control frames are counted in
	uint32_t window_controls;
	uint64_t ping_sent_ms; // 0 = no sign of life is due
	uint64_t ping_at;      // bytes sent to it, the Ping included
	uint64_t taken_before; // of those, how many it had taken when last looked at
	uint8_t ping[RELAY_PING_SIZE];
	uint16_t pending_code; // Close to be put in at the next boundary
	enum ws_check_stop pending_close;
	bool pending_ping;
	bool expects_pong; // the answer to ping is still to be kept back
	bool has_sent_close;
	bool has_received_close;
	bool is_failed; // its input is no WebSocket any more; its Close is not waited for
	bool is_deaf;   // its input is thrown away
	bool is_eof;
	bool is_finishing; // FIN was asked for
};

struct relay {
	struct relay_end client, backend;
	const struct conf_websocket *websocket;
	struct ws_check_limits limits;
	struct loop *loop;
	struct loop_timer timer;
	struct loop_deferred deferred;
	relay_done_cb done;
	void *arg;
	struct relay_result result;
	uint64_t close_by_ms; // 0 = not closing
	uint64_t expires_ms;  // UINT64_MAX = never
	uint16_t expiry_code; // that the client is told then
	char *farewell;       // what Close frames say; NULL = the reason's name
	bool counts_flow;     // a limit or timeout wants to know of each message
	bool has_reason;
	bool is_over;
	bool is_destroyed;
};

static inline bool relay_is_client(const struct relay_end *end)
{
	return end == &end->relay->client;
}

// relay_close with a code for each leg.
void relay_close_with(struct relay *relay, enum close_reason reason, uint16_t client_code,
	uint16_t backend_code);
// The end broke a rule: it gets the rule's code, the other a word that fits.
void relay_fail_end(struct relay_end *end, enum close_reason reason, const char *detail);
// The end's stream is dead.
void relay_lose_end(struct relay_end *end, enum close_reason reason, const char *detail);
// The end sends no more, without having closed.
void relay_end_of_input(struct relay_end *end);
// A whole Close frame came from it, and all before it was passed on.
void relay_take_close(struct relay_end *end, const uint8_t *frame);
// Writes what is pending for this end, if the flow toward it allows that now.
void relay_put_in(struct relay_end *end);
// Does what is due after something changed on this end: FIN, close, or the whole's end.
void relay_settle(struct relay_end *end);

// Plans the timer's next look.
void relay_watch(struct relay *relay);
void relay_on_timer(void *arg);
