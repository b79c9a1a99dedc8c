// SPDX-License-Identifier: MIT
// Looks once a second, and when servers change, whether one has joined a group that is
// rebalanced then.
#include <stdlib.h>
#include <string.h>

#include "server_priv.h"
#include "wherry/base/now.h"
#include "wherry/upstream/rebalance_trigger.h"

enum {
	LOOK_MS = 1000
};

struct server_trigger {
	LIST_ENTRY(server_trigger) entry;
	struct rebalance_trigger *trigger;
	char group[]; // its name
};

// New or of a former configuration; NULL when memory is short.
static struct server_trigger *find(struct server *server, const char *group)
{
	struct server_trigger *one;
	LIST_FOREACH (one, &server->rebalancing.triggers, entry) {
		if (strcmp(one->group, group) == 0)
			return one;
	}
	one = calloc(1, sizeof(*one) + strlen(group) + 1);
	if (one)
		one->trigger = rebalance_trigger_create();
	if (!one || !one->trigger) {
		free(one);
		return NULL;
	}
	memcpy(one->group, group, strlen(group) + 1);
	LIST_INSERT_HEAD(&server->rebalancing.triggers, one, entry);
	return one;
}

static bool is_time(struct server_trigger *one, const struct upstream *upstream)
{
	const struct conf_rebalance *conf = &upstream->conf->rebalance;
	uint64_t *ids = calloc(upstream->member_count + 1, sizeof(*ids));
	size_t count = 0;
	for (size_t i = 0; ids && i < upstream->member_count; i++) {
		if (server_rebalance_takes(&upstream->members[i]))
			ids[count++] = upstream->members[i].server->id;
	}
	bool is_it = ids && rebalance_trigger_look(one->trigger, now_ms(), ids, count,
				    conf->settle_ms, conf->cooldown_ms);
	free(ids);
	return is_it;
}

static void look(void *arg)
{
	struct server *server = arg;
	const struct upstream_set *set = server->snapshot->upstreams;
	for (size_t i = 0; i < set->upstream_count; i++) {
		const struct upstream *upstream = &set->upstreams[i];
		if (upstream->conf->rebalance.after != CONF_REBALANCE_JOIN)
			continue;
		struct server_trigger *one = find(server, upstream->conf->name);
		if (one && is_time(one, upstream))
			server_rebalance_run(
				server, &(struct server_rebalance_options){
						.group = upstream->conf->name});
	}
	loop_timer_set(&server->rebalancing.triggers_timer, now_ms() + LOOK_MS);
}

void server_rebalance_trigger_start(struct server *server)
{
	struct server_rebalancing *all = &server->rebalancing;
	LIST_INIT(&all->triggers);
	loop_timer_init(&all->triggers_timer, server->loop, look, server);
	loop_timer_set(&all->triggers_timer, now_ms() + LOOK_MS);
}

void server_rebalance_trigger_hint(struct server *server)
{
	struct server_rebalancing *all = &server->rebalancing;
	// Servers whose names were just found out for the first time have not joined.
	bool is_starting = !all->triggers_timer.loop || server->is_waiting_for_names;
	if (!is_starting)
		loop_timer_set(&all->triggers_timer, now_ms());
}

void server_rebalance_trigger_stop(struct server *server)
{
	struct server_trigger *one;
	loop_timer_finish(&server->rebalancing.triggers_timer);
	while ((one = LIST_FIRST(&server->rebalancing.triggers))) {
		LIST_REMOVE(one, entry);
		rebalance_trigger_destroy(one->trigger);
		free(one);
	}
}
