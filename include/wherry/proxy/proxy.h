// SPDX-License-Identifier: MIT
// One worker's whole proxy: takes accepted sockets, owns the connections that come of
// them, and closes them. Everything here is for the worker's own thread.
#pragma once

#include "wherry/net/loop.h"
#include "wherry/proxy/limits.h"
#include "wherry/proxy/snapshot.h"

struct drain_plan;
struct edition;
struct hub;
struct live;
struct moves;
struct proxy;
struct site;

struct proxy_options {
	struct snapshot *snapshot; // one of its users is taken over, also if it fails
	struct limits *limits;     // outlives the proxy, as do the next two
	struct hub *hub;
	struct live *live;
	size_t index; // of this worker, for ids
	size_t count; // of workers at most
};

// NULL when memory is short.
MUST_CHECK struct proxy *proxy_create(
	struct loop *loop, const struct proxy_options *options);
// Cuts all connections. The loop frees their memory later.
void proxy_destroy(struct proxy *proxy);

// How WebSockets fared when a snapshot came.
struct proxy_adoption {
	size_t kept;
	size_t route_gone, server_gone; // what they went by is not there any more
};
typedef void (*proxy_adopted_cb)(void *arg, const struct proxy_adoption *adoption);

struct proxy_adopt_options {
	struct snapshot *snapshot; // one of its users is taken over, also if it fails
	struct drain_plan *plan;   // closes those whose route or server is gone; NULL:
				   // they stay as they are
	proxy_adopted_cb done;     // once all were looked at; may be NULL
	void *arg;
};

// From now on connections and requests go by this snapshot. Those that live are looked at
// in the turns to come. False when memory is short: then they go on by the former one,
// and done is not called, nor is a share of the plan left.
MUST_CHECK bool proxy_adopt(
	struct proxy *proxy, const struct proxy_adopt_options *options);

// What the newest connections go by; lent until the next proxy_adopt.
struct edition *proxy_edition(const struct proxy *proxy);
// Takes the socket, accepted by a listener of this edition.
void proxy_accept(struct proxy *proxy, struct edition *edition,
	const struct conf_listener *listener, int socket, const struct addr *peer);

// For looks at its connections (conn_walk).
struct site *proxy_site(struct proxy *proxy);

// Memory is short: gives some connections up.
void proxy_shed(struct proxy *proxy);

// Counts WebSockets, or gives some to a drain; moves stay the caller's.
void proxy_move(struct proxy *proxy, struct moves *moves);
// Does its share of the plan, from now on.
void proxy_drain(struct proxy *proxy, struct drain_plan *plan);
// The same with a plan for all, and for good: no connection takes a further request, nor
// is one to the servers kept. on_stopped runs once none is left, maybe before this
// returns. A second plan counts if it ends sooner.
typedef void (*proxy_stopped_cb)(void *arg);
void proxy_stop(struct proxy *proxy, struct drain_plan *plan, proxy_stopped_cb on_stopped,
	void *arg);
