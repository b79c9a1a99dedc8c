// SPDX-License-Identifier: MIT
// One worker's whole proxy: takes accepted sockets, owns the connections that come of
// them, and drains them. Everything here is for the worker's own thread.
#pragma once

#include "wherry/net/loop.h"
#include "wherry/proxy/limits.h"
#include "wherry/proxy/snapshot.h"

struct proxy;

struct proxy_options {
	struct snapshot *snapshot; // one of its users is taken over, also if it fails
	struct limits *limits;     // outlives the proxy
	size_t index;              // of this worker, for ids
	size_t count;              // of workers
};

// NULL when memory is short.
MUST_CHECK struct proxy *proxy_create(
	struct loop *loop, const struct proxy_options *options);
// Cuts all connections. The loop frees their memory later.
void proxy_destroy(struct proxy *proxy);

// From now on connections and requests go by this snapshot, of which one user is taken
// over. False when memory is short: then they go on by the former one.
MUST_CHECK bool proxy_adopt(struct proxy *proxy, struct snapshot *snapshot);

// Takes the socket, accepted by this listener of the newest snapshot.
void proxy_accept(
	struct proxy *proxy, size_t listener, int socket, const struct addr *peer);
// Where a server is now.
void proxy_set_addresses(struct proxy *proxy, size_t server_index,
	const struct addr *addresses, size_t count);

// Memory is short: gives some connections up.
void proxy_shed(struct proxy *proxy);

// Closes all connections politely, evenly over the window, and cuts what is left after
// the timeout (both from now; a second call sets them anew). on_drained runs once none is
// left, maybe before this returns.
typedef void (*proxy_drained_cb)(void *arg);
void proxy_drain(struct proxy *proxy, uint64_t window_ms, uint64_t timeout_ms,
	proxy_drained_cb on_drained, void *arg);
