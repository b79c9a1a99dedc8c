// SPDX-License-Identifier: MIT
// Host names to addresses, again and again as their TTLs run out (c-ares, which also
// reads /etc/hosts). Lives on the control loop; the last good answer stands until a
// better one.
#pragma once

#include "wherry/base/addr.h"
#include "wherry/net/loop.h"

struct resolver;

struct resolver_options {
	const char *servers; // "ip[:port],...", NULL = the system's
	uint64_t timeout_ms; // of one look-up
	uint64_t max_ttl_ms; // ask again after at most this, at least once a second
};

// Addresses in the order of the answer, port filled in; lent. Called when the set
// changes, on the control loop; count 0 never replaces a good answer, and is told only as
// the first answer of a name that has none: error then says why (static text).
typedef void (*resolver_answer_cb)(
	void *arg, const struct addr *addresses, size_t count, const char *error);

MUST_CHECK struct resolver *resolver_create(
	struct loop *loop, const struct resolver_options *options);
void resolver_destroy(struct resolver *resolver);
// Follows host (copied) until the resolver is destroyed. False when memory is short.
MUST_CHECK bool resolver_follow(struct resolver *resolver, struct str host, uint16_t port,
	resolver_answer_cb answer, void *arg);
