// SPDX-License-Identifier: MIT
// The shared state of all groups, and choosing a server without a lock.
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

static bool upstream_init(
	struct upstream *upstream, const struct conf_upstream *conf, size_t first_index)
{
	size_t count = conf->server_count;
	unsigned *weights = calloc(count, sizeof(*weights));

	upstream->conf = conf;
	upstream->server_count = count;
	atomic_init(&upstream->cursor, 0);
	upstream->servers = calloc(count, sizeof(*upstream->servers));
	if (!weights || !upstream->servers) {
		free(weights);
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		struct upstream_server *server = &upstream->servers[i];

		weights[i] = conf->servers[i].weight;
		server->conf = &conf->servers[i];
		server->index = first_index + i;
		atomic_init(&server->active, 0);
		atomic_init(&server->refused_until_ms, 0);
	}
	upstream->order = balance_order(weights, count, &upstream->order_length);
	free(weights);
	return upstream->order != NULL;
}

struct upstream_set *upstream_set_create(struct conf *conf)
{
	struct upstream_set *set = calloc(1, sizeof(*set));
	if (!set)
		return NULL;

	set->references = 1;
	set->conf = conf_ref(conf);
	set->upstream_count = conf->upstream_count;
	set->upstreams = calloc(conf->upstream_count, sizeof(*set->upstreams));
	if (!set->upstreams && conf->upstream_count > 0) {
		set->upstream_count = 0;
		upstream_set_unref(set);
		return NULL;
	}
	for (size_t i = 0; i < conf->upstream_count; i++) {
		if (!upstream_init(
			    &set->upstreams[i], &conf->upstreams[i], set->server_count)) {
			upstream_set_unref(set);
			return NULL;
		}
		set->server_count += conf->upstreams[i].server_count;
	}
	return set;
}

bool upstream_set_load_tls(struct upstream_set *set, struct buf *ret_text)
{
	bool is_loaded = true; // all of them, to tell of all at once
	for (size_t i = 0; i < set->upstream_count; i++) {
		struct upstream *upstream = &set->upstreams[i];

		if (!conf_has_https(upstream->conf))
			continue;
		upstream->tls = tls_client_set_load(&upstream->conf->tls, ret_text);
		is_loaded &= upstream->tls != NULL;
	}
	return is_loaded;
}

struct upstream_set *upstream_set_ref(struct upstream_set *set)
{
	set->references++;
	return set;
}

void upstream_set_unref(struct upstream_set *set)
{
	if (!set || --set->references > 0)
		return;
	for (size_t i = 0; i < set->upstream_count; i++) {
		free(set->upstreams[i].servers);
		free(set->upstreams[i].order);
		tls_client_set_destroy(set->upstreams[i].tls);
	}
	free(set->upstreams);
	conf_unref(set->conf);
	free(set);
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
	struct upstream_server *server = &view->upstream->servers[index];
	uint64_t refused_until_ms =
		atomic_load_explicit(&server->refused_until_ms, memory_order_relaxed);

	return (struct balance_candidate){
		.weight = server->conf->weight,
		.active = atomic_load_explicit(&server->active, memory_order_relaxed),
		.is_usable =
			refused_until_ms <= view->now && !was_tried(view->tries, server),
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
			upstream->server_count, cursor, look, view);
	}
	return BALANCE_NONE;
}

struct upstream_server *upstream_pick(
	struct upstream *upstream, struct upstream_tries *tries, uint64_t now)
{
	if (tries->count >= UPSTREAM_MAX_TRIES)
		return NULL;

	struct view view = {.upstream = upstream, .tries = tries, .now = now};
	uint64_t cursor =
		atomic_fetch_add_explicit(&upstream->cursor, 1, memory_order_relaxed);
	size_t index = choose(&view, cursor);
	if (index == BALANCE_NONE) {
		view.now = UINT64_MAX;
		index = choose(&view, cursor);
	}
	if (index == BALANCE_NONE)
		return NULL;

	struct upstream_server *server = &upstream->servers[index];
	(void)atomic_fetch_add_explicit(&server->active, 1, memory_order_relaxed);
	tries->servers[tries->count++] = server;
	return server;
}

void upstream_release(struct upstream_server *server)
{
	(void)atomic_fetch_sub_explicit(&server->active, 1, memory_order_relaxed);
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
