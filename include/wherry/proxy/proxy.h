// SPDX-License-Identifier: MIT
// One worker's whole proxy: takes accepted sockets, owns the connections that come of
// them, and drains them. Everything here is for the worker's own thread.
#pragma once

#include "wherry/conf/conf.h"
#include "wherry/net/loop.h"
#include "wherry/net/tls_set.h"
#include "wherry/proxy/limits.h"
#include "wherry/proxy/passwords.h"
#include "wherry/proxy/tokens.h"
#include "wherry/upstream/upstream.h"

struct proxy;
struct tls_set;

struct proxy_options {
	struct conf *conf;              // a reference of its own is taken
	struct upstream_set *upstreams; // outlives the proxy, as do the next two
	struct limits *limits;
	struct passwords *passwords;
	const struct tokens *tokens;
	size_t index; // of this worker, for ids
	size_t count; // of workers
};

MUST_CHECK struct proxy *proxy_create(
	struct loop *loop, const struct proxy_options *options);
// Cuts all connections. The loop frees their memory later.
void proxy_destroy(struct proxy *proxy);

// Takes the socket, accepted by conf->listeners[listener].
void proxy_accept(
	struct proxy *proxy, size_t listener, int socket, const struct addr *peer);
// What a listener's new connections speak TLS with: before the first of them, and again
// when certificates were loaded anew. False when memory is short: then nothing changes.
MUST_CHECK bool proxy_set_tls(struct proxy *proxy, size_t listener, struct tls_set *set);
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
