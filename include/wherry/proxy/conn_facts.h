// SPDX-License-Identifier: MIT
// What a connection is and has done so far, for people who look at it, and the choice of
// some by that. For the thread of the connection.
#pragma once

#include "wherry/base/addr.h"
#include "wherry/base/attributes.h"

struct conn;
struct push;
struct subscriber;

enum conn_facts_kind {
	CONN_FACTS_HTTP,
	CONN_FACTS_WEBSOCKET
};

// Borrowed from the connection, until its loop's turn ends. NULL and empty: there is
// none.
struct conn_facts {
	uint64_t id;
	enum conn_facts_kind kind;
	const char *state;    // "open", "request", or "closing"
	struct addr peer;     // of its socket, or as the PROXY header said
	struct str client;    // whose request it is, where a trusted proxy names another
	const char *listener; // its address as written
	const char *route;    // of the request that is under way, as the next three
	const char *upstream;
	const char *server;
	const char *user;
	const char *tls;  // "TLSv1.3"
	uint64_t age_ms;  // since it was accepted
	uint64_t idle_ms; // since the last message; of HTTP, since the last byte
	uint64_t bytes_in, bytes_out;
	uint64_t messages_in, messages_out;
	uint64_t buffered_bytes;   // that the client's kernel has not taken yet
	const char *push;          // how it is told: "sse"
	const struct push *pushed; // for conn_facts_find_channel
	const struct subscriber *subscriber;
};

void conn_facts_read(const struct conn *conn, uint64_t now, struct conn_facts *ret_facts);
// Where it subscribes, counted from 0; of live URLs the path, for queries may hold
// secrets. Lent until the turn ends. False: that was all.
MUST_CHECK bool conn_facts_find_channel(
	const struct conn_facts *facts, size_t index, struct str *ret_name);

// All that is set must fit; NULL, 0 and false: not set.
struct conn_facts_filter {
	uint64_t id;
	const char *route, *upstream, *server, *listener, *user;
	const char *channel; // one of those that it subscribes to; a live URL also by its
			     // path
	bool has_source;
	struct addr_network source; // of the client, or the peer
	bool has_kind;
	enum conn_facts_kind kind;
	uint64_t age_ms, idle_ms; // at least
	uint64_t bytes;           // at least, both ways together
};

bool conn_facts_match(
	const struct conn_facts *facts, const struct conn_facts_filter *filter);
// If the filter says something of requests, and where it subscribes is by requests of
// their own (URLs on a page's socket): the first that fits from *index on, which is set.
MUST_CHECK bool conn_facts_match_line(const struct conn_facts *facts,
	const struct conn_facts_filter *filter, size_t *index);
