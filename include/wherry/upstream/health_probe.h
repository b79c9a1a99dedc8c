// SPDX-License-Identifier: MIT
// One health check on the wire: a connection of its own to one address, asked, judged and
// closed. It chooses no server, takes no place on one, and remembers nothing.
#pragma once

#include "wherry/base/addr.h"
#include "wherry/conf/conf.h"
#include "wherry/net/loop.h"

struct health_probe;
struct tls_client_set;

enum health_probe_result {
	HEALTH_PROBE_PASSED,
	HEALTH_PROBE_FAILED,
	HEALTH_PROBE_SKIPPED, // short of memory or descriptors: nobody was asked
};

// All borrowed until it is over.
struct health_probe_options {
	const struct conf_health_check *check;
	const struct addr *address;
	const struct url *url;               // of the server: names it in Host and TLS
	enum conf_proxy_header proxy_header; // what the connection begins with
	struct tls_client_set *tls;          // NULL = it is plain
};

// Unless it passed, reason says why: "expected status 200-399, found 503".
typedef void (*health_probe_done_cb)(
	void *arg, enum health_probe_result result, const char *reason);

// Calls done once, never before this returns; the probe is still to be destroyed, and may
// be from there. NULL when memory is short.
MUST_CHECK struct health_probe *health_probe_start(struct loop *loop,
	const struct health_probe_options *options, health_probe_done_cb done, void *arg);
// Done is not called any more. NULL is allowed.
void health_probe_destroy(struct health_probe *probe);
