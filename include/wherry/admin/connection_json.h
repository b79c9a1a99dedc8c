// SPDX-License-Identifier: MIT
// Connections in the words of the control socket: which of them a request means, and a
// line for each. Pure.
#pragma once

#include "wherry/base/buf.h"
#include "wherry/proxy/conn_facts.h"

struct json_t;

// The texts that choose connections, as they stand in a request; NULL = not given.
struct connection_json_choice {
	const char *kind;   // "websocket", "http"
	const char *source; // an address or a network
	const char *age, *idle;
	const char *bytes;
};

// Reads them into the filter. NULL, or what is wrong, as static text.
const char *connection_json_read(
	const struct connection_json_choice *choice, struct conn_facts_filter *filter);
// Of this connection, with its newline. Without memory, nothing is written.
void connection_json_write(struct buf *out, const struct conn_facts *facts);
