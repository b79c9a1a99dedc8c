// SPDX-License-Identifier: MIT
// Listening sockets: opening them, and accepting in bounded batches with a back-off when
// descriptors or memory run out, so that a full process neither spins nor floods its log.
#pragma once

#include "wherry/base/addr.h"
#include "wherry/net/loop.h"

struct listener;

// A bound, listening, non-blocking socket; else -errno. With reuse_port several may share
// one TCP address (one per worker). IPv6 sockets are V6ONLY. A UNIX socket that nobody
// serves any more is replaced.
MUST_CHECK int listener_open(const struct addr *address, bool reuse_port);
// May it be listened on alone? 0, else -errno. Nobody can connect meanwhile: whoever did
// would be cut off.
MUST_CHECK int listener_probe(const struct addr *address);

// A connection was accepted; the callee takes the socket (non-blocking, TCP_NODELAY).
typedef void (*listener_accept_cb)(void *arg, int socket, const struct addr *peer);

// Takes the listening socket, and starts to accept. NULL without memory: the socket is
// the caller's still.
MUST_CHECK struct listener *listener_create(
	struct loop *loop, int socket, listener_accept_cb accept, void *arg);
// Accepts what waits in the queue, then closes this descriptor of the socket. Not from
// within accept. NULL is allowed.
void listener_destroy(struct listener *listener);
// The same without accepting: the queue is others', who have the socket as well.
void listener_leave(struct listener *listener);

// Before the last descriptor is closed, for good: refuses new connections, which are
// others' who listen at its address from then on, while TCP handshakes that are under way
// still end in the queue. The file of a UNIX socket, which would outlive it, is removed.
void listener_refuse(int socket, const struct addr *address);
