// SPDX-License-Identifier: MIT
// The status address: a small HTTP server on the control loop for load balancers
// (/ready), Prometheus (/metrics) and people (/status, which `wherry status` shows).
// Read-only; it changes nothing.
#pragma once

#include "wherry/base/addr.h"
#include "wherry/base/buf.h"
#include "wherry/net/loop.h"

struct status;

// What the pages tell. Called on the loop, for one request each.
struct status_source {
	// NULL: /ready says 200; else a word for why not, and 503.
	const char *(*find_hindrance)(void *arg);
	void (*write_metrics)(void *arg, struct buf *out);
	void (*write_report)(void *arg, struct buf *out); // one JSON object
	void *arg;
};

// Takes the listening socket, also when it fails (NULL: no memory). source is copied.
MUST_CHECK struct status *status_create(
	struct loop *loop, int socket, const struct status_source *source);
// Closes all its connections, but no other descriptor of the socket. NULL is allowed.
void status_destroy(struct status *status);
