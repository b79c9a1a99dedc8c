// SPDX-License-Identifier: MIT
// Sets of groups, and what is known of their servers.
#include "wherry/upstream/upstream.h"

#include <stdlib.h>
#include <string.h>

#include "wherry/net/tls_client.h"

enum {
	REST_MS = 1000
};

struct upstream_set *upstream_set_ref(struct upstream_set *set)
{
	set->references++;
	return set;
}

static void upstream_finish(struct upstream *upstream)
{
	for (size_t i = 0; i < upstream->member_count; i++)
		upstream->members[i].server->sets--;
	if (upstream->group)
		upstream->group->sets--;
	free(upstream->members);
	free(upstream->order);
	free(upstream->tokens);
	explicit_bzero(&upstream->key, sizeof(upstream->key));
	tls_client_set_unref(upstream->tls);
}

void upstream_set_unref(struct upstream_set *set)
{
	if (!set || --set->references > 0)
		return;
	for (size_t i = 0; i < set->upstream_count; i++)
		upstream_finish(&set->upstreams[i]);
	free(set->upstreams);
	conf_unref(set->conf);
	free(set);
}

bool upstream_takes_traffic(const struct upstream_member *member)
{
	return !member->is_down && !member->is_gone;
}

const struct upstream_member *upstream_find_member(
	const struct upstream *upstream, const struct upstream_server *server)
{
	for (size_t i = 0; i < upstream->member_count; i++) {
		if (upstream->members[i].server == server)
			return &upstream->members[i];
	}
	return NULL;
}

void upstream_note_refused(struct upstream_server *server, uint64_t now)
{
	atomic_store_explicit(
		&server->refused_until_ms, now + REST_MS, memory_order_relaxed);
}

void upstream_note_connected(struct upstream_server *server, uint64_t now)
{
	// Written only when it changes something: all workers read this cache line.
	if (atomic_load_explicit(&server->refused_until_ms, memory_order_relaxed) == 0)
		return;
	atomic_store_explicit(&server->refused_until_ms, 0, memory_order_relaxed);
	upstream_note_back(server, now);
}

void upstream_note_back(struct upstream_server *server, uint64_t now)
{
	atomic_store_explicit(&server->came_ms, now, memory_order_relaxed);
}
