// SPDX-License-Identifier: MIT
// A DNS server on loopback that answers every name as its script says; on the loop of
// the test.
#pragma once

#include "wherry/base/addr.h"
#include "wherry/net/loop.h"

enum {
	DNS_SERVER_RECORDS = 4,
	DNS_SERVER_NXDOMAIN = 3, // rcode, RFC 1035 section 4.1.1
};

// What it says to one question; a question for AAAA belongs to the A one before it.
struct dns_server_step {
	bool is_silent;
	unsigned rcode;
	uint32_t ttl;
	const char *records[DNS_SERVER_RECORDS]; // addresses of either family
};

struct dns_server {
	struct loop *loop;
	int socket;
	struct event event;
	const struct dns_server_step *steps; // the last one stands from then on
	size_t step_count;
	size_t question_count; // for A records
	size_t stop_at;        // stops the loop at this many; 0 = never
};

// Asserts that it works.
void dns_server_start(struct dns_server *server, struct loop *loop,
	const struct dns_server_step *steps, size_t step_count);
void dns_server_finish(struct dns_server *server);
// "127.0.0.1:port", into text.
const char *dns_server_address(
	const struct dns_server *server, char text[ADDR_TEXT_SIZE]);
