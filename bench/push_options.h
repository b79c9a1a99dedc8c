// SPDX-License-Identifier: MIT
// The command line of the load generator for live polls and fan-out.
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PUSH_BURST_MAX = 64
};

enum push_case {
	PUSH_POLL,
	PUSH_FANOUT
};

struct push_options {
	struct sockaddr_in address;
	struct sockaddr_in publish_address; // as `address` if not given
	enum push_case kind;
	const char *case_name;
	const char *path;           // that is polled or subscribed to
	const char *publish_path;   // that messages are posted to
	const char *publish_prefix; // what stands before a message in the body of a POST
	const char *publish_suffix; // and behind it
	size_t message_bytes;
	uint32_t connections;
	uint32_t burst; // messages that the publisher sends at once
	double rate;    // polls of one connection, bursts of the publisher a second
	double seconds; // how long
};

// False: a mistake was explained on stderr.
bool push_options_parse(
	int argument_count, char **arguments, struct push_options *ret_options);
