// SPDX-License-Identifier: MIT
// The load generator's command line.
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum load_case {
	LOAD_ECHO,
	LOAD_HANDSHAKE,
	LOAD_HTTP_GET,
	LOAD_IDLE
};

enum load_tls {
	LOAD_PLAIN,
	LOAD_TLS_FULL,   // each handshake is a full one
	LOAD_TLS_RESUME, // each but a connection's first resumes
};

enum {
	LOAD_HEADERS_MAX = 2048
};

struct load_options {
	struct sockaddr_in address;
	enum load_case kind;
	const char *case_name;
	enum load_tls tls;
	char headers[LOAD_HEADERS_MAX]; // more lines for the upgrade, each with its CRLF
	size_t message_bytes;
	uint32_t connections;
	unsigned in_flight;
	double seconds;    // of sending; 0 if messages counts
	uint64_t messages; // of all connections together; 0 if seconds counts
	bool has_gate; // wait for a line on stdin before the run, for its end after it
};

// False: a mistake was explained on stderr.
bool load_options_parse(
	int argument_count, char **arguments, struct load_options *ret_options);
