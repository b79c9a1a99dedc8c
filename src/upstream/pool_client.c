// SPDX-License-Identifier: MIT
// TLS toward servers, as one worker has it; see the header.
#include "pool_client_priv.h"

#include <stdlib.h>

struct pool_client {
	LIST_ENTRY(pool_client) entry;
	struct tls_client *client;
};

static bool has_tls(const struct upstream_set *set, const struct tls_client_set *tls)
{
	for (size_t i = 0; set && i < set->upstream_count; i++) {
		if (set->upstreams[i].tls == tls)
			return true;
	}
	return false;
}

void pool_client_keep(struct pool_clients *clients, const struct upstream_set *set)
{
	struct pool_client *next, *one = LIST_FIRST(clients);
	for (; one; one = next) {
		next = LIST_NEXT(one, entry);
		if (has_tls(set, tls_client_get_set(one->client)))
			continue;
		LIST_REMOVE(one, entry);
		tls_client_destroy(one->client);
		free(one);
	}
}

struct tls_client *pool_client_find(
	struct pool_clients *clients, struct tls_client_set *tls)
{
	struct pool_client *one;
	LIST_FOREACH (one, clients, entry) {
		if (tls_client_get_set(one->client) == tls)
			return one->client;
	}
	one = calloc(1, sizeof(*one));
	if (one)
		one->client = tls_client_create(tls);
	if (!one || !one->client) {
		free(one);
		return NULL;
	}
	LIST_INSERT_HEAD(clients, one, entry);
	return one->client;
}
