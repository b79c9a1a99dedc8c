// SPDX-License-Identifier: MIT
// The TLS clients of a pool: one for each set of rules that a group of servers has.
#pragma once

#include <sys/queue.h>

#include "wherry/net/tls_client.h"
#include "wherry/upstream/upstream.h"

struct pool_client;
LIST_HEAD(pool_clients, pool_client);

// Finds or makes it. NULL when memory is short.
struct tls_client *pool_client_find(
	struct pool_clients *clients, struct tls_client_set *tls);
// Destroys those that no group of the set needs; without a set all.
void pool_client_keep(struct pool_clients *clients, const struct upstream_set *set);
