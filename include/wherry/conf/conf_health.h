// SPDX-License-Identifier: MIT
// What the configuration says about servers that fail: how they are asked, when they are
// passed over, how often requests are sent again. Part of struct conf_upstream.
#pragma once

#include "wherry/conf/conf_statuses.h"

enum conf_check_type {
	CONF_CHECK_TCP,
	CONF_CHECK_HTTP,
	CONF_CHECK_WEBSOCKET
};

// How the servers of a group are asked whether they work.
struct conf_health_check {
	enum conf_check_type type;
	const char *target;            // path and query
	const char *method;            // of type http, as are the next two
	struct conf_statuses statuses; // that are good
	const char *body;              // must stand in its first 64 KiB; NULL = none
	const char *host;              // the Host field; NULL = the server's own
	const char *subprotocol; // of type websocket, as are the next two; NULL = none
	const char *send;        // a text message to the server; NULL = none
	const char *expect;      // must stand in one of its messages; NULL = none
	uint64_t interval_ms;    // from start to start
	uint64_t timeout_ms;     // of a whole check; the interval ends it as well
	unsigned fall;           // so many fail in a row: the server is down
	unsigned rise;           // so many pass in a row: it is up again
	unsigned jitter;         // each interval varies by so many percent
};

// When a server that fails requests is passed over for a while.
struct conf_ejection {
	uint64_t connect_errors; // in a row; CONF_OFF
	uint64_t errors;         // other failures in a row; CONF_OFF
	bool counts_5xx;         // among them, as the next two
	bool counts_refusals;    // of WebSocket handshakes
	uint64_t latency_ms;     // an answer that takes longer; CONF_OFF
	uint64_t time_ms;        // of the first ejection; the next ones double it
	uint64_t max_time_ms;
	unsigned max_percent; // of the group are ejected for errors
};

// How often requests may be sent again after the connection was lost.
struct conf_retry {
	unsigned tries;   // servers that one request may try
	unsigned percent; // of the requests of the last 10 s may be sent again
	uint64_t min;     // so many of them may be in any case
};

// When a group is asked no more.
struct conf_circuit {
	uint64_t max_requests; // and WebSockets at once; CONF_OFF
	uint64_t max_pending;  // requests that wait for an answer; CONF_OFF
	uint64_t failures;     // in a row of the whole group; CONF_OFF
	uint64_t open_ms;      // after them nobody is let in for so long
};

// Do they ask the same, in the same way and as often?
bool conf_health_check_is_same(
	const struct conf_health_check *a, const struct conf_health_check *b);
