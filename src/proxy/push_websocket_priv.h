// SPDX-License-Identifier: MIT
// A WebSocket that ends here as its parts see it: push_websocket_head.c (how it begins),
// push_websocket.c (what goes over it) and push_websocket_close.c (how it ends, and what
// time does to it); and what it is there for: push_websocket_subscription.c, push_page.c.
#pragma once

#include "push_subscription_priv.h"
#include "wherry/proto/ws_message.h"

struct push_websocket;

// What it is there for.
struct push_websocket_use {
	size_t size;      // of what the socket is the first member of; zeroed
	bool is_answered; // each message gets an answer: without room none is read
	// push_init at least, and the rules. False when memory is short: nothing is left.
	bool (*init)(struct push_websocket *socket, const struct push_methods *methods,
		const struct push_question *question);
	// 101 is about to be written. False: it was answered otherwise, and is gone.
	bool (*start)(struct push_websocket *socket);
	// A message of the client's, lent.
	void (*take)(struct push_websocket *socket, struct str payload);
	// There is room again.
	void (*resume)(struct push_websocket *socket);
	// It is to write no more messages. Also before it starts, and twice.
	void (*stop)(struct push_websocket *socket);
	// See push_methods; route is NULL where the socket is on none.
	bool (*renew)(struct push_websocket *socket, struct edition *edition,
		const struct conf_route *route);
	// See push_methods, as the next.
	bool (*find_line)(
		const struct push *push, size_t index, struct push_line *ret_line);
	void (*end_line)(struct push *push, size_t index, const char *text);
};

struct push_websocket {
	struct push_subscription subscription; // of a page: the rules alone
	uint64_t message_ms;                   // of the last one, either way
	struct relay_result result;            // why it ends, once push.is_closing
	const struct push_websocket_use *use;
	struct ws_message reader;
	struct ws_check_limits limits;   // of reader
	struct rate messages, controls;  // of the client's
	struct publication *publication; // under way; NULL: none
	struct loop_timer timer;
	struct loop_deferred deferred;
	uint64_t ping_sent_ms; // 0: no sign of life is due
	uint64_t ping_at;      // bytes sent to the client, the Ping included
	uint64_t taken_before; // of those, how many it had taken when last looked at
	uint64_t close_by_ms;  // 0: it is not closing
	bool has_sent_close, has_received_close;
	bool is_deaf;      // what comes is thrown away
	bool is_finishing; // FIN was asked for
};

// Before anything is written. PUSH_MADE or PUSH_MEMORY.
MUST_CHECK enum push_creation push_websocket_make(const struct push_question *question,
	const struct push_websocket_use *use, struct push **ret_push);
// Writes the message, if its client is one for it. May close the socket.
void push_websocket_write(struct push_websocket *socket, struct message *message);
// The same, unless the client's stream is full.
enum subscriber_answer push_websocket_deliver(
	struct push_websocket *socket, struct message *message);

// The 101 to a handshake that is complete; route may be NULL. False when memory
// is short.
MUST_CHECK bool push_websocket_write_head(struct buf *out,
	const struct http_message *message, const struct conf_route *route,
	bool *ret_wants_envelope);

// Sends Close for this cause, unless that was done, and waits for the client's.
void push_websocket_close_for(
	struct push_websocket *socket, enum close_reason reason, const char *detail);
// The same, of one whose input is no WebSocket any more: its Close is not waited for.
void push_websocket_fail(
	struct push_websocket *socket, enum close_reason reason, const char *detail);
// See push_methods.
void push_websocket_close(
	struct push *push, enum close_reason reason, uint16_t code, const char *text);
void push_websocket_end_of_input(struct push *push);
// The client's Close came, with this payload.
void push_websocket_take_close(struct push_websocket *socket, struct str payload);
// Ends it, if Close went both ways and all of ours has left.
void push_websocket_settle(struct push_websocket *socket);

// Plans the timer's next look.
void push_websocket_watch(struct push_websocket *socket);
void push_websocket_on_timer(void *arg);
