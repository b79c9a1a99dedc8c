// SPDX-License-Identifier: MIT
// What answers a request in a backend's place: publishes it, subscribes its client, or
// gives it what others were given, too. One of several kinds, all alike to conn, which
// owns the client's stream and knows the order of things; the kind writes to it.
#pragma once

#include "wherry/proxy/relay.h"
#include "wherry/proxy/reply.h"
#include "wherry/proxy/request.h"
#include "wherry/proxy/site.h"

struct jwt;
struct push;
struct subscriber;
struct route_choice;

// How conn is told. But for on_switch, each ends the push and frees it: nothing of it may
// be touched behind the call. Only from within a callback, or at the earliest after
// start.
struct push_handler {
	// The answer, of which nothing was written before.
	void (*on_reply)(void *arg, const struct reply *reply, enum close_reason reason);
	// The answer is written to its end. result's bytes are not looked at. A WebSocket
	// is closed at once: it has waited for the client's Close already.
	void (*on_end)(void *arg, const struct relay_result *result, bool is_keep_alive);
	// A backend is to answer, after all (of pushes with may_pass).
	void (*on_pass)(void *arg);
	// 101 was written: from now on the client's bytes are frames, for `data`.
	void (*on_switch)(void *arg);
};

// What a client is told of: a channel, or a live URL.
struct push_line {
	struct str name; // of a live URL path and query
	bool is_url;
	const struct request *request; // of its own; NULL: it is the connection's
	const struct edition *edition; // by which that goes
};

struct push_methods {
	const char *name; // for who looks at connections; NULL: it has none
	// The token that lets the request in was verified: its claims are there until
	// this returns. NULL: they do not matter.
	void (*take_token)(struct push *push, const struct jwt *token);
	// The request is allowed: begins. May end at once.
	void (*start)(struct push *push);
	// A piece of the request's body, and its end. NULL: it has none.
	void (*body)(struct push *push, struct str piece);
	void (*end_body)(struct push *push);
	// Bytes of a WebSocket's client; gives how many were taken. NULL: it never is
	// one.
	size_t (*data)(struct push *push, const uint8_t *data, size_t length);
	// The client's stream has room again. NULL: nothing waits for that.
	void (*on_room)(struct push *push);
	// The client sends no more. NULL: it may still read its answer.
	void (*on_eof)(struct push *push);
	// Ends it as its transport can, soon: a WebSocket with this Close, at the end of
	// the message that is on its way; an event stream behind an event; and what waits
	// is answered. text is copied; "" is the reason's name.
	void (*close)(struct push *push, enum close_reason reason, uint16_t code,
		const char *text);
	// There is a newer edition, and a route in it for the same request, of the same
	// action; NULL if the push is on none. False: it can't go on by that. NULL: it is
	// too short-lived to care.
	bool (*renew)(struct push *push, struct edition *edition,
		const struct conf_route *route);
	// Messages so far, and the Close code.
	void (*measure)(const struct push *push, struct relay_result *ret_result);
	// Where it subscribes, counted from 0. Lent until the turn ends. False: that was
	// all. NULL: nowhere.
	bool (*find_line)(
		const struct push *push, size_t index, struct push_line *ret_line);
	// Ends one with a request of its own, for the operator's sake: the next takes its
	// index. NULL: there are none.
	void (*end_line)(struct push *push, size_t index, const char *text);
	// Lent. NULL: it never is one.
	const struct subscriber *(*find_subscriber)(const struct push *push);
	// now_ms of the last message, either way.
	uint64_t (*last_message_ms)(const struct push *push);
	void (*destroy)(struct push *push);
};

// The first member of each kind.
struct push {
	const struct push_methods *methods;
	const struct push_handler *handler;
	void *arg;
	struct site *site;
	struct edition *edition; // conn's, that its request goes by
	struct stream *client;   // borrowed from conn
	struct request *request; // the same
	bool may_pass;           // a forward is prepared, as well
	bool has_head;           // a part of the answer was written
	bool is_closing;
};

// What a push is made of. All is borrowed until push_create returns, but for what conn
// lends as long as the push lives.
struct push_question {
	struct site *site;
	struct edition *edition;
	struct stream *client;   // lent by conn as long as the push lives
	const struct addr *peer; // the same
	struct request *request; // the same; with its route, if it is on one
	const struct http_message *message;
	const struct route_choice *choice; // NULL, if the request is on no route
	const struct push_handler *handler;
	void *arg;
};

enum push_creation {
	PUSH_MADE = 0,
	PUSH_NONE,    // it is the backend's alone
	PUSH_REFUSED, // the reply says why: status, detail and static fields
	PUSH_MEMORY,
};

// By the action of the request's route. Nothing is written yet, and the hub hears nothing
// until it is started.
MUST_CHECK enum push_creation push_create(const struct push_question *question,
	struct push **ret_push, struct reply *ret_reply);
void push_destroy(struct push *push); // NULL is allowed
// The fields of the answer to a browser that asks whether a page may use the route.
// False: it may not.
MUST_CHECK bool push_write_preflight(struct buf *out, const struct conf_route *route,
	const struct http_message *message, bool is_https);
// Fills in what all kinds have in common.
void push_init(struct push *push, const struct push_methods *methods,
	const struct push_question *question);
