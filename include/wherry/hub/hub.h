// SPDX-License-Identifier: MIT
// The home of all channels of the process: the order of what is published, what is
// remembered, and which workers are told. Owned by the control loop, and for its thread;
// workers meet it through feeds.
#pragma once

#include "wherry/hub/broker.h"
#include "wherry/net/loop.h"

struct hub;

struct hub_options {
	struct loop *loop;
	size_t max_channels;
	uint64_t max_bytes; // of all histories together
};

// Takes the broker, also when it fails (NULL: no memory).
MUST_CHECK struct hub *hub_create(
	const struct hub_options *options, struct broker *broker);
// After the last feeds is gone. NULL is allowed.
void hub_destroy(struct hub *hub);
// The configuration's limits have changed.
void hub_set_limits(struct hub *hub, size_t max_channels, uint64_t max_bytes);

struct hub_facts {
	size_t channels, subscribers;
	uint64_t messages;  // that are remembered
	uint64_t bytes;     // of memory of those, and of those that wait for subscribers
	bool is_ready;      // the broker
	const char *broker; // its name
	const char *broker_state; // "ready", or what is wrong
};
void hub_read_facts(const struct hub *hub, struct hub_facts *ret_facts);
