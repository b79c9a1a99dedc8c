// SPDX-License-Identifier: MIT
// A worker's way to the home of live URLs, and back: what one says is posted to the
// other's loop, in order. A key's text begins with what logs may show of it, up to the
// first "?" or newline.
#pragma once

#include "wherry/hub/live.h"

struct live_port;

// On the worker's thread, never within a call into the port.
struct live_port_handler {
	// Ask the backend, and report. newest is lent; NULL: there is none.
	void (*on_fetch)(void *arg, struct str key, struct live_snapshot *newest);
	void (*on_news)(void *arg, struct str key, const struct live_news *news);
};

// NULL when memory is short.
MUST_CHECK struct live_port *live_port_create(struct live *live, struct loop *loop,
	const struct live_port_handler *handler, void *arg);
// What is on its way to the worker is dropped. When its thread has ended; NULL is
// allowed.
void live_port_destroy(struct live_port *port);

// The worker has clients that ask for the key, by the route of this name: there will be
// news. Again with other rules. False when memory is short, as in the others: then
// nothing happens.
MUST_CHECK bool live_port_join(struct live_port *port, struct str key, struct str route,
	const struct live_rules *rules);
// It has none any more.
MUST_CHECK bool live_port_part(struct live_port *port, struct str key);
// What came of on_fetch.
MUST_CHECK bool live_port_report(
	struct live_port *port, struct str key, const struct live_result *result);
