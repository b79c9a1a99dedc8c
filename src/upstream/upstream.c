// SPDX-License-Identifier: MIT
// Sets of groups, and choosing a server without a lock.
#include "wherry/upstream/upstream.h"

#include <stdlib.h>

#include "wherry/net/tls_client.h"
#include "wherry/upstream/balance.h"

enum {
	REST_MS = 1000
};

// What the balancing sees of a group while one request chooses.
struct view {
	const struct upstream *upstream;
	const struct upstream_tries *tries;
	uint64_t now; // resting servers are left out; UINT64_MAX: nobody rests then
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

static bool was_tried(
	const struct upstream_tries *tries, const struct upstream_server *server)
{
	for (size_t i = 0; i < tries->count; i++) {
		if (tries->servers[i] == server)
			return true;
	}
	return false;
}

static struct balance_candidate look(const void *arg, size_t index)
{
	const struct view *view = arg;
	const struct upstream_member *member = &view->upstream->members[index];
	struct upstream_server *server = member->server;
	uint64_t refused_until_ms =
		atomic_load_explicit(&server->refused_until_ms, memory_order_relaxed);

	return (struct balance_candidate){
		.weight = member->weight,
		.active = atomic_load_explicit(&server->active, memory_order_relaxed),
		.is_usable = upstream_takes_traffic(member) &&
			     refused_until_ms <= view->now &&
			     !was_tried(view->tries, server),
	};
}

static size_t choose(const struct view *view, uint64_t cursor)
{
	const struct upstream *upstream = view->upstream;

	switch (upstream->conf->balance) {
	case CONF_BALANCE_ROUND_ROBIN:
		return balance_round_robin(
			upstream->order, upstream->order_length, cursor, look, view);
	case CONF_BALANCE_LEAST_CONNECTIONS:
	case CONF_BALANCE_STICKY:
	case CONF_BALANCE_RANDOM_TWO:
	case CONF_BALANCE_HASH:
		return balance_least_connections(
			upstream->member_count, cursor, look, view);
	}
	return BALANCE_NONE;
}

struct upstream_server *upstream_pick(
	const struct upstream *upstream, struct upstream_tries *tries, uint64_t now)
{
	if (tries->count >= UPSTREAM_MAX_TRIES || upstream->order_length == 0)
		return NULL;

	struct view view = {.upstream = upstream, .tries = tries, .now = now};
	uint64_t cursor = atomic_fetch_add_explicit(
		&upstream->group->cursor, 1, memory_order_relaxed);
	size_t index = choose(&view, cursor);
	if (index == BALANCE_NONE) {
		view.now = UINT64_MAX;
		index = choose(&view, cursor);
	}
	if (index == BALANCE_NONE)
		return NULL;

	struct upstream_server *server = upstream->members[index].server;
	(void)atomic_fetch_add_explicit(&server->active, 1, memory_order_relaxed);
	tries->servers[tries->count++] = server;
	return server;
}

void upstream_release(struct upstream_server *server)
{
	(void)atomic_fetch_sub_explicit(&server->active, 1, memory_order_release);
}

void upstream_note_refused(struct upstream_server *server, uint64_t now)
{
	atomic_store_explicit(
		&server->refused_until_ms, now + REST_MS, memory_order_relaxed);
}

void upstream_note_connected(struct upstream_server *server)
{
	// Written only when it changes something: all workers read this cache line.
	if (atomic_load_explicit(&server->refused_until_ms, memory_order_relaxed) != 0)
		atomic_store_explicit(&server->refused_until_ms, 0, memory_order_relaxed);
}
