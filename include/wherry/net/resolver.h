// SPDX-License-Identifier: MIT
// Host names to addresses, again and again as their TTLs run out (c-ares, which also
// reads /etc/hosts). Lives on the control loop; the last good answer stands until a
// better one.
#pragma once

#include "wherry/base/addr.h"
#include "wherry/conf/conf.h"
#include "wherry/net/loop.h"

struct resolver;
struct resolver_name; // one that is followed

// More addresses of one name than this are left out.
enum {
	RESOLVER_MAX_ADDRESSES = 64
};

// The IPv4 addresses, then the IPv6 ones, else in the order of the answer; port filled
// in; lent. Called on the control loop, never before resolver_follow returns, when the
// set changes; it must not destroy the resolver. count 0 never replaces a good answer,
// and is told only as the first answer of a name that has none: error then says why
// (static text).
typedef void (*resolver_answer_cb)(
	void *arg, const struct addr *addresses, size_t count, const char *error);

// A look-up takes timeout_ms for each name server; names are asked for again after 1 s at
// least, or max_ttl_ms if that is less. NULL when memory is short, or conf->servers is no
// list of addresses.
MUST_CHECK struct resolver *resolver_create(
	struct loop *loop, const struct conf_resolver *conf);
// NULL is allowed. No callback runs any more.
void resolver_destroy(struct resolver *resolver);
// Follows host (a name, not an IP literal; copied) until it is forgotten or the resolver
// destroyed. NULL when memory is short.
MUST_CHECK struct resolver_name *resolver_follow(struct resolver *resolver,
	struct str host, uint16_t port, resolver_answer_cb answer, void *arg);
// Not within an answer to it. Its callback does not run any more.
void resolver_forget(struct resolver_name *name);
