// SPDX-License-Identifier: MIT
// Sets of groups, and what is known of their servers.
#include "wherry/upstream/upstream.h"

#include <stdlib.h>
#include <string.h>

#include "wherry/net/tls_client.h"
#include "wherry/upstream/health.h"

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
	for (size_t i = 0; i < set->added_count; i++)
		conf_unref(set->added[i]);
	free(set->added);
	conf_unref(set->conf);
	free(set);
}

const struct upstream *upstream_find_group(
	const struct upstream_set *set, const char *name)
{
	for (size_t i = 0; i < set->upstream_count; i++) {
		if (strcmp(set->upstreams[i].conf->name, name) == 0)
			return &set->upstreams[i];
	}
	return NULL;
}

bool upstream_takes_traffic(const struct upstream_member *member)
{
	return !member->is_down && !member->is_gone;
}

bool upstream_is_healthy(const struct upstream_server *server, uint64_t now)
{
	return atomic_load_explicit(&server->health, memory_order_relaxed) !=
		       HEALTH_DOWN &&
	       !ejection_is_on(&server->ejection, now);
}

bool upstream_is_in_panic(const struct upstream *upstream, uint64_t now)
{
	bool has_any = false;

	for (size_t i = 0; i < upstream->member_count; i++) {
		const struct upstream_member *member = &upstream->members[i];

		if (!upstream_takes_traffic(member))
			continue;
		if (upstream_is_healthy(member->server, now))
			return false;
		has_any = true;
	}
	return has_any;
}

bool upstream_is_forgotten(const struct upstream_member *member)
{
	return member->is_gone &&
	       atomic_load_explicit(&member->server->active, memory_order_relaxed) == 0;
}

const char *upstream_state_name(const struct upstream_member *member)
{
	if (member->is_gone)
		return "gone";
	return member->is_down ? "down" : "up";
}

bool upstream_has_text(const struct upstream *upstream, const char *text)
{
	for (size_t i = 0; i < upstream->member_count; i++) {
		if (strcmp(upstream->members[i].server->text, text) == 0)
			return true;
	}
	return false;
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

void upstream_start_slowly(struct upstream_server *server, uint64_t at_ms)
{
	atomic_store_explicit(&server->came_ms, at_ms, memory_order_relaxed);
}
