// SPDX-License-Identifier: MIT
// One worker's connections to the servers: dialling them, and the kept-alive connections
// that wait for a next request. Never holds one with a byte or an end unread. Outlives
// the sets of servers.
#pragma once

#include "wherry/net/stream.h"
#include "wherry/upstream/upstream.h"

struct pool;

// NULL when memory is short.
MUST_CHECK struct pool *pool_create(struct loop *loop);
// Closes all idle connections. NULL is allowed.
void pool_destroy(struct pool *pool);

// The set in force, from now on and first of all: idle connections to servers that it
// does not have, or that are gone, are closed; of the others as many are kept, and as
// long, as it says. Connections that are not idle are left alone, whatever their server.
void pool_adopt(struct pool *pool, const struct upstream_set *set);

// The most recently used idle connection to this server, paused and without handler; NULL
// if there is none.
struct stream *pool_take(struct pool *pool, const struct upstream_server *server);
// A new connection, connecting. NULL with *reterr_errno: refused at once, no descriptor
// or no memory.
MUST_CHECK struct stream *pool_dial(
	struct pool *pool, const struct upstream_server *server, int *reterr_errno);
// Has a new connection to an https server of the group speak TLS behind what was written
// so far; for others nothing is done. False when memory is short.
MUST_CHECK bool pool_start_tls(struct pool *pool, const struct upstream *upstream,
	const struct upstream_server *server, struct stream *stream);
// Keeps an idle connection, or closes it if the pool is full or closed, the stream is not
// idle after all, or the server is not in force any more. Takes the stream; also inside
// its on_data, if that then takes all bytes.
void pool_give(
	struct pool *pool, const struct upstream_server *server, struct stream *stream);
// Closes all idle connections, and keeps none from now on.
void pool_close(struct pool *pool);
