// SPDX-License-Identifier: MIT
// The live keys of one route, counted apart from those of others; see live_priv.h.
#include <stdlib.h>
#include <string.h>

#include "live_priv.h"

static struct live_route *create(struct live *live, struct str name)
{
	struct live_route *route = calloc(1, sizeof(*route) + name.length);
	if (!route)
		return NULL;
	char *text = (char *)(route + 1);
	memcpy(text, name.data, name.length);
	route->live = live;
	route->name = (struct str){text, name.length};
	TAILQ_INIT(&route->idle);
	return route;
}

struct live_route *live_route_enter(struct live *live, struct str name)
{
	uintptr_t *place = map_put(live->routes, name.data, name.length);
	if (!place)
		return NULL;
	if (*place == 0)
		*place = (uintptr_t)create(live, name);
	struct live_route *route = (struct live_route *)*place;
	if (route)
		route->count++;
	else
		map_remove(live->routes, name.data, name.length);
	return route;
}

void live_route_leave(struct live_route *route)
{
	if (--route->count > 0)
		return;
	map_remove(route->live->routes, route->name.data, route->name.length);
	free(route);
}
