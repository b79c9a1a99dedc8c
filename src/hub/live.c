// SPDX-License-Identifier: MIT
// All live keys, and their bounds; see the header.
#include "wherry/hub/live.h"

#include <stdlib.h>

#include "live_priv.h"
#include "wherry/base/log.h"

struct live *live_create(struct loop *loop)
{
	struct live *live = calloc(1, sizeof(*live));
	if (!live)
		return NULL;
	live->loop = loop;
	live->max_bytes = UINT64_MAX;
	TAILQ_INIT(&live->busy);
	TAILQ_INIT(&live->idle);
	live->topics = map_create();
	live->routes = map_create();
	if (live->topics && live->routes)
		return live;
	live_destroy(live);
	return NULL;
}

void live_remove(struct live *live, struct live_topic *topic)
{
	map_remove(live->topics, topic->key.data, topic->key.length);
	live_topic_destroy(topic);
}

void live_destroy(struct live *live)
{
	if (!live)
		return;
	while (!TAILQ_EMPTY(&live->busy))
		live_remove(live, TAILQ_FIRST(&live->busy));
	while (!TAILQ_EMPTY(&live->idle))
		live_remove(live, TAILQ_FIRST(&live->idle));
	map_destroy(live->topics);
	map_destroy(live->routes);
	free(live);
}

bool live_make_room(struct live *live, size_t bytes)
{
	while (live->bytes + bytes > live->max_bytes && !TAILQ_EMPTY(&live->idle))
		live_remove(live, TAILQ_FIRST(&live->idle));
	return live->bytes + bytes <= live->max_bytes;
}

void live_set_limit(struct live *live, uint64_t max_bytes)
{
	live->max_bytes = max_bytes;
	(void)live_make_room(live, 0); // those in use go when they are replaced
}

static struct live_topic *find(struct live *live, struct str key)
{
	uintptr_t *place = map_find(live->topics, key.data, key.length);
	return place ? (struct live_topic *)*place : NULL;
}

// Takes over one key of the route, also when it fails.
static struct live_topic *add(struct live_route *route, struct str key)
{
	struct live *live = route->live;
	struct live_topic *topic = live_topic_create(route, key);
	if (!topic) {
		live_route_leave(route);
		return NULL;
	}
	uintptr_t *place = map_put(live->topics, key.data, key.length);
	if (!place) {
		live_topic_destroy(topic);
		return NULL;
	}
	*place = (uintptr_t)topic;
	return topic;
}

// One that nobody asks for makes room.
static bool has_room(struct live_route *route, size_t max_keys)
{
	if (route->count > max_keys && !TAILQ_EMPTY(&route->idle))
		live_remove(route->live, TAILQ_FIRST(&route->idle));
	return route->count <= max_keys;
}

static struct live_topic *find_or_add(struct live *live, struct str key, struct str name,
	size_t max_keys, const char **reterr_reason)
{
	struct live_topic *topic = find(live, key);
	if (topic && str_equal(topic->route->name, name))
		return topic;
	struct live_route *route = live_route_enter(live, name);
	*reterr_reason = "out of memory";
	if (!route)
		return topic;
	if (topic) {
		live_topic_move(topic, route);
		return topic;
	}
	if (has_room(route, max_keys))
		return add(route, key);
	*reterr_reason = "there are live.keys URLs already";
	live_route_leave(route);
	return NULL;
}

void live_hear_join(struct live *live, struct live_port *port, struct str key,
	struct str route, const struct live_rules *rules)
{
	struct live_news refusal = {.state = LIVE_PRIVATE, .is_final = true};
	struct live_topic *topic =
		find_or_add(live, key, route, rules->max_keys, &refusal.reason);
	if (topic && live_topic_join(topic, port, rules))
		return;
	if (topic)
		refusal.reason = "out of memory";
	if (!live_port_tell(port, key, &refusal))
		log_error("live: out of memory: a request waits in vain");
}

void live_hear_part(struct live *live, struct live_port *port, struct str key)
{
	struct live_topic *topic = find(live, key);
	if (topic)
		live_topic_part(topic, port);
}

void live_hear_report(struct live *live, struct live_port *port, struct str key,
	const struct live_result *result)
{
	struct live_topic *topic = find(live, key);
	if (topic)
		live_topic_report(topic, port, result);
}
