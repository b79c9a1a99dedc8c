// SPDX-License-Identifier: MIT
// Host names to addresses, again and again as their TTLs run out (c-ares, which also
// reads /etc/hosts). Lives on the control loop; the last good answer stands until a
// better one.
#pragma once

#include "wherry/base/addr.h"
#include "wherry/net/loop.h"

struct resolver;
struct resolver_name; // one that is followed

// More addresses of one name than this are left out.
enum {
	RESOLVER_MAX_ADDRESSES = 64
};

struct resolver_options {
	const char *servers; // "ip[:port],...", NULL = the system's
	uint64_t timeout_ms; // of one look-up, for each name server there is
	uint64_t max_ttl_ms; // ask again after at most this; after at least 1 s, or this
};

// The IPv4 addresses, then the IPv6 ones, else in the order of the answer; port filled
// in; lent. Called on the control loop, never before resolver_follow returns, when the
// set changes; it must not destroy the resolver. count 0 never replaces a good answer,
// and is told only as the first answer of a name that has none: error then says why
// (static text).
typedef void (*resolver_answer_cb)(
	void *arg, const struct addr *addresses, size_t count, const char *error);

// NULL when memory is short, or options->servers is no list of addresses.
MUST_CHECK struct resolver *resolver_create(
	struct loop *loop, const struct resolver_options *options);
// NULL is allowed. No callback runs any more.
void resolver_destroy(struct resolver *resolver);
// Follows host (a name, not an IP literal; copied) until it is forgotten or the resolver
// destroyed. NULL when memory is short.
MUST_CHECK struct resolver_name *resolver_follow(struct resolver *resolver,
	struct str host, uint16_t port, resolver_answer_cb answer, void *arg);
// Not within an answer to it. Its callback does not run any more.
void resolver_forget(struct resolver_name *name);
