// SPDX-License-Identifier: MIT
// One connection of the load generator: it connects, upgrades, keeps its quota of
// messages under way and compares every byte that comes back. The first unexpected byte
// ends it.
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client_tls.h"
#include "histogram.h"
#include "plan.h"

enum {
	CLIENT_HELD_MAX = 1024,
	CLIENT_READ_BYTES = CLIENT_TLS_RECEIVE_BYTES + CLIENT_TLS_RECORD_BYTES
};

// What all connections of a run share.
struct client_shared {
	struct sockaddr_in address;
	int epoll_fd;
	unsigned in_flight; // most messages under way on one connection
	struct plan plan;
	struct client_tls_shared *tls; // NULL: plain
	uint64_t answered;             // messages of all connections
	struct histogram latency;
	uint64_t now_ns; // when the input at hand was read
	uint8_t input[CLIENT_HELD_MAX + CLIENT_READ_BYTES];
};

enum client_state {
	CLIENT_CONNECTING,
	CLIENT_SECURING, // TLS: shaking hands
	CLIENT_UPGRADING,
	CLIENT_OPEN,
	CLIENT_CLOSING, // our Close was sent
	CLIENT_CLOSED,  // and answered: only the end of the stream is to come
};

struct client {
	struct client_shared *shared;
	uint32_t id;
	int fd; // -1 after the end
	enum client_state state;
	struct client_tls tls;
	bool is_blocked;   // waits for EPOLLOUT
	uint64_t quota;    // messages to send in this connection's life
	uint64_t sent;     // messages sent whole
	uint64_t answered; // messages verified whole
	size_t sent_bytes; // of message number `sent`
	size_t body_left;  // bytes to come of the answer to message number `answered`
	uint64_t *sent_ns; // when message i was begun, at i % in_flight
	uint64_t opened_ns;
	const char *error; // what was unexpected, after CLIENT_FAILED
	size_t held_length;
	uint8_t held[CLIENT_HELD_MAX]; // input that was not complete
};

enum client_result {
	CLIENT_OK,
	CLIENT_ENDED, // by a close handshake and the end of the stream; the socket is
		      // closed
	CLIENT_FAILED,
};

// Begins a connection that will send `quota` messages; sent_ns holds in_flight values.
// All of shared outlives the client. The client is zeroed before its first connection.
enum client_result client_open(struct client *client, struct client_shared *shared,
	uint32_t id, uint64_t *sent_ns, uint64_t quota);

// Epoll reported `events` for client->fd.
enum client_result client_handle(struct client *client, uint32_t events);

// Sends what quota and in_flight allow now; to be called after raising the quota.
enum client_result client_send(struct client *client);

// Sends a control frame, which only a frame boundary of what we send allows.
enum client_result client_send_control(struct client *client, enum wire_opcode opcode,
	const uint8_t *payload, size_t length);

// Begins the close handshake; only while no message is under way.
enum client_result client_close(struct client *client);

// The TLS handshake is done, or there is none: asks for the upgrade, or for the first
// answers.
enum client_result client_begin(struct client *client);

// Closes what is open and frees what the client keeps.
void client_finish(struct client *client);

uint64_t client_now_ns(void);

static inline enum client_result client_fail(struct client *client, const char *error)
{
	client->error = error;
	return CLIENT_FAILED;
}
