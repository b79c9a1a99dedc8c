// SPDX-License-Identifier: MIT
// One connection of the load generator for live polls and fan-out: a poller, a subscriber
// or the publisher. It verifies all that comes; the first unexpected byte ends it.
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "histogram.h"
#include "push_options.h"
#include "wire.h"

enum {
	PUSH_REQUEST_MAX = 4096,
	PUSH_HELD_MAX = 8192,      // of a response or frame that is not complete
	PUSH_READ_BYTES = 64 << 10 // one read
};

enum push_role {
	PUSH_POLLER,
	PUSH_SUBSCRIBER,
	PUSH_PUBLISHER
};

enum push_state {
	PUSH_CONNECTING,
	PUSH_UPGRADING, // a subscriber
	PUSH_IDLE,      // nothing is asked; a subscriber stays so
	PUSH_WAITING,   // for a response
};

// What all connections of a run share.
struct push_shared {
	const struct push_options *options;
	int epoll_fd;
	char accept[WIRE_ACCEPT_SIZE];
	uint64_t published;                    // messages begun: the next one's number
	uint64_t published_ns[PUSH_BURST_MAX]; // when the last ones were begun
	uint64_t received;                     // messages of all subscribers
	uint64_t answered;                     // polls or posts
	uint64_t older;  // polls whose body is older than that of the one before
	uint32_t behind; // subscribers that lack the last one
	struct histogram latency;
	uint64_t now_ns; // when the input at hand was read
	char input[PUSH_HELD_MAX + PUSH_READ_BYTES];
};

struct push_client {
	struct push_shared *shared;
	enum push_role role;
	enum push_state state;
	int fd;
	uint64_t number; // subscriber: the next one expected, UINT64_MAX before the
			 // first; poller: the highest seen
	uint64_t asked_ns;
	bool is_ending;    // the server said that it closes after this response
	const char *error; // after false
	char *held;        // input that was not complete, or NULL
	size_t held_length;
};

// Begins a connection, and, of a subscriber, its upgrade once it stands. All of shared
// outlives the client. These three return false with client->error.
bool push_client_open(
	struct push_client *client, struct push_shared *shared, enum push_role role);

// Epoll reported `events` for client->fd.
bool push_client_handle(struct push_client *client, uint32_t events);

// Sends a poll or, as shared->published, the next message; only while PUSH_IDLE.
bool push_client_ask(struct push_client *client);

void push_client_finish(struct push_client *client);

uint64_t push_client_now_ns(void);
