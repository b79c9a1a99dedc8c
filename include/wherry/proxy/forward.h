// SPDX-License-Identifier: MIT
// Carries one request to a backend and its response to the client, streaming both bodies
// with backpressure. Knows no order of things: how it ended is told to conn.
#pragma once

#include "wherry/base/close_reason.h"
#include "wherry/net/stream.h"
#include "wherry/proxy/affinity.h"
#include "wherry/proxy/request_head.h"
#include "wherry/proxy/response_head.h"
#include "wherry/proxy/site.h"
#include "wherry/upstream/exchange.h"

enum forward_end {
	FORWARD_DONE,    // the whole response is on its way to the client
	FORWARD_REFUSED, // nothing was sent to the client yet: forward->failure says why
	FORWARD_CUT,     // in the middle of a response: the client must see it end badly
};

struct forward_handler {
	// Body bytes are wanted, the first time or again.
	void (*on_writable)(void *arg);
	// A 101 came to an upgrade: take the stream (exchange_take_stream), or refuse it
	// with forward_refuse_switch. head is lent.
	void (*on_switch)(void *arg, const struct http_message *head);
	// Never before forward_start returns. forward_finish is still to be called.
	void (*on_end)(void *arg, enum forward_end end);
};

// Made for a connection's first request, used again for those after it.
struct forward {
	struct exchange exchange;
	const struct forward_handler *handler;
	void *arg;
	struct stream *client;        // borrowed
	struct request *request;      // borrowed; status and server are filled in
	struct buf line, fields;      // of the request's head
	struct buf prologue;          // what the backend's connection begins with
	struct affinity affinity;     // of the request in the plan
	struct exchange_request plan; // from forward_prepare to forward_start
	enum response_head_framing framing;
	enum exchange_failure failure;
	bool is_keep_alive; // toward the client, once the response head is there
	bool has_head;      // the final response head went to the client
	bool closes_client; // no keep-alive behind this one
};

// NULL when memory is short.
MUST_CHECK struct forward *forward_create(struct site *site, struct stream *client,
	struct request *request, const struct forward_handler *handler, void *arg);
void forward_destroy(struct forward *forward);

// Writes the request's head while its message is at hand; nothing is sent yet, so that a
// decision about it may take its time.
void forward_prepare(struct forward *forward, struct upstream_set *upstreams,
	const struct request_head *head);
// What the connection to the backend begins with, before the head; it is not used for
// another request then.
void forward_set_prologue(struct forward *forward, const void *data, size_t length);
// One more field of the head. What the client sent under this name goes out, too, unless
// it is one of the route's added_fields.
void forward_add_field(struct forward *forward, struct str name, struct str value);
// Sends what was prepared. False: it failed at once, forward->failure says why; nothing
// is called.
MUST_CHECK bool forward_start(struct forward *forward);

// The request's body, while forward_is_writable.
bool forward_is_writable(const struct forward *forward);
void forward_body(struct forward *forward, struct str piece);
void forward_end_body(struct forward *forward);

// The client's queue has room again.
void forward_client_drained(struct forward *forward);
void forward_refuse_switch(struct forward *forward, const char *error);
// Ends it, if it is not over; the backend's connection is kept if it is clean.
void forward_finish(struct forward *forward);

// What a client is told of a failure.
struct forward_failure {
	unsigned status;
	enum close_reason reason;
	const char *text; // static
};
const struct forward_failure *forward_find_failure(enum exchange_failure failure);
