// SPDX-License-Identifier: MIT
// The connection as its parts see it: conn.c (the order of things), the files of its
// states and steps below, and conn_end.c.
#pragma once

#include "wherry/net/stream.h"
#include "wherry/proto/http_reader.h"
#include "wherry/proxy/access.h"
#include "wherry/proxy/conn.h"
#include "wherry/proxy/forward.h"
#include "wherry/proxy/push.h"
#include "wherry/proxy/relay.h"
#include "wherry/proxy/reply.h"
#include "wherry/proxy/request.h"
#include "wherry/proxy/upgrade.h"

enum conn_state {
	CONN_PREFACE, // what the listener asks for before HTTP has not come yet
	CONN_HEAD,    // waiting for a request's head, or reading it
	CONN_ACCESS,  // whether a request may be made is being found out
	CONN_FORWARD, // a request is with a backend
	CONN_PUSH,    // a push answers
	CONN_SOCKET,  // the same, to a WebSocket that ends here
	CONN_RELAY,   // the streams belong to a relay
	CONN_LINGER,  // the last answer was written; the rest of the input is thrown away
	CONN_CLOSED,
};

// Found while the message was at hand, told when the request is allowed; status 0: none.
struct conn_refusal {
	unsigned status;
	enum close_reason reason;
	const char *detail, *field; // static
};

// What a connection needs until it relays: an idle WebSocket is not to pay for it.
struct conn_http {
	struct http_reader reader;
	struct loop_timer timer;
};

struct conn {
	LIST_ENTRY(conn) entry;
	LIST_ENTRY(conn) drain_entry; // if it is in one
	struct drain *drain;
	TAILQ_ENTRY(conn) handshake; // if it is in one
	struct site *site;
	struct edition *edition; // what it goes by: the newest when its request began
	const struct conf_listener
		*listener;     // of the edition; NULL: it has none any more
	struct stream *client; // NULL while relaying
	enum conn_state state;
	struct addr peer;
	uint64_t id;
	uint64_t accepted_ms;
	struct conn_http *http; // gone when relaying
	struct request request;
	struct forward *forward; // made for the first request, gone when relaying
	struct push *push;       // from a request's head to the answer's end
	struct upgrade *upgrade; // while a handshake is with a backend
	struct relay *relay;
	struct access *access;       // in CONN_ACCESS
	struct conn_refusal refusal; // what stands against the request besides access
	struct loop_deferred deferred;
	struct upstream_server *server; // reserved for the relay
	uint64_t taken;                 // bytes of the client's that were used up
	uint64_t request_at;            // taken, at the first byte of the current request
	uint64_t body_bytes;            // of the current request's content
	uint64_t progress;              // bytes moved, when the rate was last looked at
	uint64_t close_by_ms;           // end of the keep-alive, or of the lingering
	uint64_t http_at;               // taken, where HTTP began
	struct addr *local; // where the client connected to, if a PROXY header said so
	bool is_tls_ahead;  // over TLS, as it said
	bool is_told;       // to close, by its drain
	bool is_counted;    // in limits; else it was refused
	bool is_source_counted;
	bool is_in_handshake;
	bool is_handshake_counted; // with its source
	bool is_head_begun; // some bytes of the next head are there: its deadline runs
	bool is_body_ended; // the request was read to its end
	bool owes_continue; // the client waits for 100 Continue
	bool is_eof;        // the client sends no more
	bool has_request;   // request is to be logged
};

enum {
	CONN_PIPELINE_BYTES = 16 * 1024, // kept while a request is being answered
	CONN_RATE_WINDOW_MS = 10 * 1000, // min_rate is looked at this often
	CONN_LINGER_MS = 5 * 1000,       // for the client's FIN, after ours
	CONN_LINGER_MAX_MS = 30 * 1000,  // for a client that goes on sending
};

// conn.c

// Takes the socket; NULL: no memory. The caller says in which state it begins.
MUST_CHECK struct conn *conn_create(struct site *site, struct edition *edition,
	const struct conf_listener *listener, int socket, const struct addr *peer);
// The rate is looked at from here on.
void conn_watch_rate(struct conn *conn);

// No further request is taken.
static inline bool conn_is_leaving(const struct conn *conn)
{
	return conn->is_told || conn->site->is_stopping;
}

// conn_preface.c: what comes before HTTP, as the listener asks for it.

// Begins with it; CONN_HEAD, if there is nothing of the kind.
void conn_preface_start(struct conn *conn);
// on_data, on_connect, the timer, and the client's FIN in that state.
size_t conn_preface_read(struct conn *conn, const uint8_t *data, size_t length);
void conn_preface_secured(struct conn *conn);
void conn_preface_late(struct conn *conn);
void conn_preface_ended(struct conn *conn);
void conn_preface_failed(struct conn *conn, const char *detail); // of TLS

// conn_follow.c

// Goes on by the newest edition, unless a request is under way.
void conn_renew(struct conn *conn);
enum conn_follow_result {
	CONN_FOLLOW_NONE = 0, // it is no WebSocket, or memory is short: as it was
	CONN_FOLLOW_KEPT,
	CONN_FOLLOW_ROUTE_GONE,
	CONN_FOLLOW_SERVER_GONE,
};
// There is a newer edition. A WebSocket whose route or server is not there any more stays
// with the former one until it is closed, which is up to the caller.
enum conn_follow_result conn_follow(struct conn *conn);

// conn_limit.c

// conn->peer is known, later than at the accept: counts the connection with its source.
// False: it was refused, and is closing.
MUST_CHECK bool conn_enter_source(struct conn *conn);
// One more is closed without an answer; says so in the log now and then.
void conn_count_unanswered(struct site *site, const struct reply *refusal);

// conn_handshake.c: the budget of TLS handshakes under way.

// False: it was refused, and is closed.
MUST_CHECK bool conn_enter_handshake(struct conn *conn);
// Done, or gone. Nothing, if it is in none.
void conn_leave_handshake(struct conn *conn);

// conn_input.c: on_data of the client's stream.
size_t conn_read(struct conn *conn, const uint8_t *data, size_t length);
// No more bytes for now: sets the deadline that fits what is waited for, or ends with the
// client's input. has_rest: there are bytes that are not enough.
void conn_wait_for_input(struct conn *conn, bool has_rest);

// conn_access.c: whether the request may be made at all.

// Asks; then conn_proceed, or a refusal, at once or later.
void conn_ask_access(struct conn *conn, const struct http_message *message);
// Forgets the question, if there is one.
void conn_stop_access(struct conn *conn);
// The timer of CONN_ACCESS.
void conn_check_access(struct conn *conn);

// conn_prologue.c: the PROXY header for the backend, if its group wants one.
void conn_write_prologue(struct conn *conn);

// conn_answer.c: what needs neither route nor leave.

// False: it is not of that kind, and nothing was done.
MUST_CHECK bool conn_answer(struct conn *conn, const struct http_message *message,
	const struct route_choice *choice);

// conn_request.c

extern const struct conn_refusal conn_no_memory;
// The request is allowed: does what it asks for. Its message may be gone.
void conn_proceed(struct conn *conn);

// Takes the head that was just read as far as its action.
void conn_start_request(struct conn *conn, const struct http_message *message);

// conn_forward.c

// What is to be sent to the backend; and what stands against it, of a handshake before
// any backend hears of it.
struct conn_refusal conn_prepare_forward(struct conn *conn,
	const struct http_message *message, const struct route_choice *choice);
// Sends the request that was prepared.
void conn_start_forward(struct conn *conn);

// conn_relay.c

// Relays from now on; the forward is no longer needed.
void conn_start_relay(struct conn *conn, bool uses_deflate);

// conn_push.c

// What a push is made of, while the message is there; choice is NULL where the request is
// on no route.
struct push_question conn_push_question(struct conn *conn,
	const struct http_message *message, const struct route_choice *choice);
// The request is allowed: it begins.
void conn_start_push(struct conn *conn);
// Forgets it, if there is one.
void conn_stop_push(struct conn *conn);
// What comes from the client, and what befalls the stream.
void conn_push_body(struct conn *conn, struct str piece);
void conn_push_end_body(struct conn *conn);
size_t conn_push_data(struct conn *conn, const uint8_t *data, size_t length);
void conn_push_room(struct conn *conn);
void conn_push_eof(struct conn *conn);
// Ends it politely, unless that is under way.
void conn_push_close(
	struct conn *conn, enum close_reason reason, uint16_t code, const char *text);
// Adds its messages and close code, if there is one.
void conn_push_measure(const struct conn *conn, struct relay_result *result);

// conn_end.c

// Answers for Wherry; then the connection is ready for the next request, or lingers.
void conn_reply(struct conn *conn, struct reply reply, enum close_reason reason);
// For an answer where no head could be read.
void conn_init_unread(struct conn *conn);
// The same where no head could be read, or none came in time.
void conn_reply_unread(
	struct conn *conn, unsigned status, const char *detail, enum close_reason reason);
// The response is complete: logs it, and goes on to the next request or lingers.
void conn_end_request(struct conn *conn, enum close_reason reason, const char *ended_by,
	const char *detail, bool is_keep_alive);
// The answer is written: FIN behind it, and the rest of the input thrown away until the
// client's, so that a reset does not overtake the answer (RFC 9112 section 9.6).
void conn_linger(struct conn *conn);
void conn_close(struct conn *conn, enum close_reason reason, const char *ended_by);
// The same, and says what exactly was wrong: static text.
void conn_close_because(struct conn *conn, enum close_reason reason, const char *ended_by,
	const char *detail);
// Closes without an answer what never came as far as a request; there is a line all the
// same.
void conn_drop(struct conn *conn, enum close_reason reason, const char *detail);
// Its streams are gone: leaves the site and frees itself.
void conn_leave(struct conn *conn);
// The access line of the request, or of the relay that it became.
void conn_log(struct conn *conn, const struct relay_result *result);
// Bytes that have moved over the client's connection, both ways.
uint64_t conn_count_progress(const struct conn *conn);
// The deferred work of the connection: what it is, the state says.
void conn_run_deferred(void *arg);
