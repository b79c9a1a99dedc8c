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

// Listens; a UNIX socket gets mode 0600. source is copied. NULL with *reterr_errno if the
// address can't be opened or memory is short.
MUST_CHECK struct status *status_create(struct loop *loop, const struct addr *address,
	const struct status_source *source, int *reterr_errno);
// Closes all its connections. NULL is allowed.
void status_destroy(struct status *status);
// Where it listens: the port the kernel chose, if the address said 0.
struct addr status_address(const struct status *status);
