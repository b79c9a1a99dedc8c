// SPDX-License-Identifier: MIT
// One worker's connections to the servers: where each server is now, and the kept-alive
// connections that wait for a next request. Never holds one with a byte or an end unread.
#pragma once

#include "wherry/net/stream.h"
#include "wherry/upstream/upstream.h"

struct pool;

// set outlives the pool. NULL when memory is short.
MUST_CHECK struct pool *pool_create(struct loop *loop, struct upstream_set *set);
// Closes all idle connections. NULL is allowed.
void pool_destroy(struct pool *pool);

// The addresses of a server have changed (or are known for the first time); copied. Live
// connections are left alone; idle ones to an address that is gone are closed. Without
// memory the former addresses stand.
void pool_set_addresses(struct pool *pool, size_t server_index,
	const struct addr *addresses, size_t count);
// How many addresses the server has: as many dials may fail before the server has failed.
size_t pool_address_count(const struct pool *pool, const struct upstream_server *server);

// The most recently used idle connection to this server, paused and without handler; NULL
// if there is none.
struct stream *pool_take(struct pool *pool, const struct upstream_server *server);
// A new connection, connecting; the server's addresses take turns, and those that refuse
// at once are passed over. *turn is 0 at first; given again after a failure it leads on
// to the next address, whoever else dials meanwhile. NULL with *reterr_errno: all refused
// at once, no descriptor, or EDESTADDRREQ while its name is not resolved.
MUST_CHECK struct stream *pool_dial(struct pool *pool,
	const struct upstream_server *server, size_t *turn, int *reterr_errno);
// Has a new connection to an https server speak TLS behind what was written so far; for
// others nothing is done. False when memory is short.
MUST_CHECK bool pool_start_tls(
	struct pool *pool, const struct upstream_server *server, struct stream *stream);
// Keeps an idle connection, or closes it if the pool is full or closed, the stream is not
// idle after all, or its address is no longer the server's. Takes the stream; also inside
// its on_data, if that then takes all bytes.
void pool_give(
	struct pool *pool, const struct upstream_server *server, struct stream *stream);
// Closes all idle connections, and keeps none from now on.
void pool_close(struct pool *pool);
