// SPDX-License-Identifier: MIT
// Two WebSocket streams joined, client and backend: every frame header is read, no
// payload is touched. Checks both directions, pings, closes with one code per cause, and
// cuts at frame boundaries only. The two ends are one struct, so all code serves both
// directions.
#pragma once

#include "wherry/conf/conf.h"
#include "wherry/net/stream.h"
#include "wherry/proto/ws_check.h"

struct relay;

struct relay_result {
	enum close_reason reason;
	const char *ended_by; // "client", "backend" or "wherry"
	const char *detail;   // what exactly was wrong; NULL if there is nothing to add
	uint16_t close_code;  // of the first Close frame; 0 = there was none
	uint64_t bytes_in, bytes_out; // of the client's stream, since it was accepted
	uint64_t messages_in, messages_out;
};

// Both streams are closed. relay_destroy is still to be called, and may be from here.
typedef void (*relay_done_cb)(void *arg, const struct relay_result *result);

// Takes both streams, with what they have kept; also when it fails (NULL: no memory).
// websocket outlives it.
MUST_CHECK struct relay *relay_create(struct stream *client, struct stream *backend,
	const struct conf_websocket *websocket, bool uses_deflate, relay_done_cb done,
	void *arg);
// Closes both streams at once if they are still open; done is not called.
void relay_destroy(struct relay *relay);

// Goes on by other rules, which outlive it; but text is checked for UTF-8 or not as from
// its start.
void relay_renew(struct relay *relay, const struct conf_websocket *websocket);

// From at_ms (of now_ms) on the client may not be here: it is closed with this code and
// TOKEN_EXPIRED at the end of the frame that is on its way, the backend with 1001.
// UINT64_MAX is never.
void relay_expire_at(struct relay *relay, uint64_t at_ms, uint16_t code);

// now_ms() of its last message, or of its start.
uint64_t relay_last_message_ms(const struct relay *relay);
// The same; but 0 if a side does not take what waits for it, and so holds much memory;
// UINT64_MAX if it is closing.
uint64_t relay_silent_since_ms(const struct relay *relay);
// How much has gone over it so far; the rest of the result is for its end.
void relay_measure(const struct relay *relay, struct relay_result *ret_result);
// Lent; NULL once it is closed.
const struct stream *relay_client(const struct relay *relay);
bool relay_is_closing(const struct relay *relay);

// Sends Close to both sides, each at the end of the frame that is on its way, and waits
// for theirs for a few seconds. Nothing, if it is closing already.
void relay_close(struct relay *relay, enum close_reason reason);
// The same, each at the end of the message that is on its way, however long that takes:
// the caller has a deadline. text is copied; "" is the reason's name.
void relay_drain(
	struct relay *relay, enum close_reason reason, uint16_t code, const char *text);
// The same as relay_close, for CLOSE_REASON_KILLED: the client gets this code, the
// backend 1001, and both the text (copied; "" is the reason's name). One that drains is
// not waited for any longer.
void relay_kill(struct relay *relay, uint16_t code, const char *text);
// Cuts what is left now; the reason is told if it is not closing for another one. done is
// called before this returns.
void relay_cut(struct relay *relay, enum close_reason reason);
