// SPDX-License-Identifier: MIT
// A c-ares channel that runs on the loop: its sockets are events, its timeouts a timer.
// What is asked and when is resolver.c's.
#pragma once

#include <ares.h>

#include "wherry/net/resolver.h"

struct resolver_channel;

// NULL when memory is short, or conf->servers is no list of addresses.
MUST_CHECK struct resolver_channel *resolver_channel_create(
	struct loop *loop, const struct conf_resolver *conf);
// Questions under way are answered with ARES_EDESTRUCTION. NULL is allowed.
void resolver_channel_destroy(struct resolver_channel *channel);
// The addresses of host, both families. The callback may run before this returns.
void resolver_channel_ask(struct resolver_channel *channel, const char *host,
	ares_addrinfo_callback answer, void *arg);
