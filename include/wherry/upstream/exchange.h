// SPDX-License-Identifier: MIT
// One HTTP/1 request to a group of servers and its response: finds a server, dials or
// reuses a connection, sends the head, and reads the response strictly. Tries another
// server while nothing has been sent; and where the request may be repeated, again when a
// kept-alive connection turns out to be dead, or when the connection is lost or silent
// before the first byte of an answer. Knows nothing of the client.
#pragma once

#include "wherry/base/buf.h"
#include "wherry/proto/http_reader.h"
#include "wherry/upstream/pool.h"
#include "wherry/upstream/upstream_pick.h"
#include "wherry/upstream/wait_queue.h"

struct exchange;

enum exchange_failure {
	EXCHANGE_REFUSED,    // no server could be connected
	EXCHANGE_UNRESOLVED, // there is none: no name has an address yet
	EXCHANGE_FULL,       // all are at max_connections, and the queue is full or slow
	EXCHANGE_CONNECT_TIMEOUT,
	EXCHANGE_TLS,              // the handshake with it failed
	EXCHANGE_RESPONSE_TIMEOUT, // no response head in time
	EXCHANGE_IDLE_TIMEOUT,     // silence inside a response
	EXCHANGE_STALL,            // the server took no byte of the request
	EXCHANGE_LOST,             // the connection ended before the response did
	EXCHANGE_BAD,              // the response broke HTTP: exchange_error_text
	EXCHANGE_OVERLOAD, // the group's circuit lets nobody in: exchange_error_text
	EXCHANGE_MEMORY,
};

struct exchange_handler {
	// The server takes body bytes: the first time once connected, then after each
	// time that exchange_is_full. NULL: the request has none.
	void (*on_writable)(void *arg);
	// Bytes of the response are there: pull them with exchange_next until it says
	// MORE.
	void (*on_readable)(void *arg);
	// It is over; only exchange_finish is left to do.
	void (*on_fail)(void *arg, enum exchange_failure failure);
};

struct exchange_request {
	struct upstream_key key;         // of the server
	const struct upstream *upstream; // its set is held until the exchange is finished
	bool is_head;                    // HEAD: its response has no body
	bool has_body;
	bool is_handshake;   // of a WebSocket
	bool may_repeat;     // safe to send again; it has no body
	bool may_reuse;      // the same, and so on a kept-alive connection
	struct str prologue; // what the connection begins with, and so is this request's
			     // alone; borrowed until the exchange is finished
	enum http_body_kind body_kind; // how exchange_write frames
	uint64_t connect_timeout_ms;
	uint64_t response_timeout_ms;
	uint64_t idle_timeout_ms; // CONF_OFF; off by itself for text/event-stream
	uint64_t write_stall_ms;
	struct http_scan_limits limits; // of the response head
};

// Called for each server tried, to write the request's head for it into the empty buf.
typedef void (*exchange_head_cb)(
	void *arg, const struct upstream_server *server, struct buf *head);

// Embedded in what uses it (size known here), and used again for the next request.
struct exchange {
	struct pool *pool;
	struct loop *loop;
	const struct exchange_handler *handler;
	void *arg;
	exchange_head_cb write_head;
	struct exchange_request request;
	struct upstream_tries tries;
	struct upstream_server *server; // reserved; NULL before and after
	struct wait_ticket *ticket;     // while it waits for a place on a server
	struct stream *stream;
	unsigned interim_count; // 1xx responses so far
	struct buf head;        // kept while the request may have to be sent again
	struct http_reader reader;
	const uint8_t *data; // the bytes on loan, inside on_readable
	size_t length;
	size_t taken;
	struct loop_timer timer;
	enum exchange_failure timeout; // what it means when the timer fires
	const char *error_text;        // what exactly was wrong; static
	const char *tls_error;         // the same, of a server tried before; NULL
	bool is_open;                  // between start and finish
	bool is_connected;
	bool is_reused;   // on a kept-alive connection
	bool is_pending;  // in the circuit: no answer yet
	bool is_repeated; // to be sent again, if the group's budget allows
	bool has_answer;  // a byte of it
	uint64_t sent_ms; // when the request was
	bool is_request_sent;
	bool has_head; // the final response head was read
	bool is_response_ended;
	bool is_server_keep_alive;
	bool is_event_stream;
};

void exchange_init(struct exchange *exchange, struct pool *pool, struct loop *loop,
	const struct exchange_handler *handler, exchange_head_cb write_head, void *arg);

// False with *reterr_failure if it failed at once; then it is finished already. Else
// exactly one of the handler's stories follows, never before this returns.
MUST_CHECK bool exchange_start(struct exchange *exchange,
	const struct exchange_request *request, enum exchange_failure *reterr_failure);

// The request's body: content bytes (framed here), then its end. Only once writable.
bool exchange_is_writable(const struct exchange *exchange);
bool exchange_is_full(const struct exchange *exchange);
void exchange_write(struct exchange *exchange, const void *data, size_t length);
void exchange_end_request(struct exchange *exchange);

// Only inside on_readable: the next item of the response. Bodies are
// exchange->reader.body. BAD has already become a failure: stop, and wait for on_fail.
MUST_CHECK enum http_reader_item exchange_next(
	struct exchange *exchange, struct http_message *ret_message);

// Stops and resumes reading the response; a pause inside on_readable ends its pulling.
void exchange_pause(struct exchange *exchange);
void exchange_resume(struct exchange *exchange);

// After a 101: the connection, with the bytes behind the head kept; the caller owns it
// and the server's reservation (upstream_release). The exchange is finished.
MUST_CHECK struct stream *exchange_take_stream(
	struct exchange *exchange, struct upstream_server **ret_server);

// After a 101 that is none: it counts against the server. Only exchange_finish is left.
void exchange_refuse_switch(struct exchange *exchange);

// Gives the connection back to the pool if it is in a clean state, else closes it.
// Allowed at any time, also twice.
void exchange_finish(struct exchange *exchange);
