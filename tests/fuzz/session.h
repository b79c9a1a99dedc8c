// SPDX-License-Identifier: MIT
// A whole proxy and its hub in this process for some clients and its backends: the peers
// are socket pairs, the clock stands still but for session_advance, and what each side
// received is kept. Sockets are given by a dial_open of its own (link with -Wl,--wrap for
// it, now_ms and event_add).
#pragma once

#include "wherry/base/buf.h"
#include "wherry/proxy/proxy.h"

enum {
	SESSION_BACKENDS_MAX = 8,
	SESSION_CLIENTS_MAX = 4
};

// A row of what a peer says.
#define SESSION_TEXT(literal)                                                            \
	{                                                                                \
		(literal), sizeof(literal) - 1                                           \
	}

struct session_peer {
	int socket;     // -1 once closed
	bool is_silent; // reads nothing for now
	bool is_over;   // the proxy ended it
	struct buf sent, received;
};

struct session {
	struct hub *hub; // these two are its own
	struct live *live;
	struct proxy *proxy;
	struct session_peer clients[SESSION_CLIENTS_MAX];
	size_t client_count;                                // at least 1
	struct session_peer backends[SESSION_BACKENDS_MAX]; // in the order of dialling
	size_t backend_count;
	bool refuses; // the next dial fails
	bool is_draining;
	bool has_raw_backend;       // for the target: a backend said bytes of the input
	uint64_t requests, retries; // of counters, when it began
};

// What the proxy goes by; of the target.
extern const char session_configuration[];

// With one client. Everything that can be allocated once is; what fails, aborts.
void session_start(struct session *session);
// Nothing happens if there are enough.
void session_connect(struct session *session);
// Closes all peers, lets time pass until the proxy has ended everything, and requires
// that nothing is left.
void session_finish(struct session *session);

// Plays an input: steps, each a byte that says what is done, and a byte more; take_step
// returns how many of the bytes behind these it took. Then all receive what is there,
// before the end, which may close what still waits to be received.
typedef size_t (*session_step_cb)(struct session *session, uint8_t step, uint8_t choice,
	const uint8_t *data, size_t size);
void session_play(struct session *session, const uint8_t *data, size_t size,
	session_step_cb take_step);

// The nth backend from the last one, counted round; a closed peer if there is none yet.
struct session_peer *session_backend(struct session *session, size_t nth);
void session_send(struct session *session, struct session_peer *peer, const void *data,
	size_t length);
void session_say(struct session *session, struct session_peer *peer, struct str text,
	size_t times);
void session_shutdown(struct session *session, struct session_peer *peer);
void session_close(struct session *session, struct session_peer *peer);
void session_advance(struct session *session, uint64_t milliseconds);
void session_drain(struct session *session, uint64_t window_ms);
void session_drain_server(struct session *session, uint64_t window_ms);

// How many requests the proxy has read, and how many it may have sent twice.
uint64_t session_request_count(const struct session *session);
