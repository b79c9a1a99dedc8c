// SPDX-License-Identifier: MIT
// What a route needs besides its own keys: a name, its action, limits that fit together.
#include "conf_load_priv.h"

#include <stdio.h>

static void set_name(struct conf_load *load, struct conf_route *route, size_t index)
{
	char name[32];
	int length = snprintf(name, sizeof(name), "routes[%zu]", index);
	if (!route->name)
		route->name =
			conf_arena_copy(load->memory, (struct str){name, (size_t)length});
}

// Who writes only max_message means frames, too.
static void fit_max_frame(
	struct conf_websocket *websocket, const struct conf_yaml_node *node)
{
	if (!conf_yaml_find(node, "max_frame") &&
		websocket->max_frame > websocket->max_message)
		websocket->max_frame = websocket->max_message;
}

void conf_load_route_finish(struct conf_load *load, const struct conf_yaml_node *root)
{
	const struct conf_yaml_node *routes = conf_yaml_find(root, "routes");
	const struct conf_yaml_node *node = routes ? routes->first : NULL;
	for (size_t i = 0; i < load->conf->route_count && node; i++, node = node->next) {
		struct conf_route *route = &load->conf->routes[i];
		set_name(load, route, i);
		fit_max_frame(&route->websocket, conf_yaml_find(node, "websocket"));
		route->action =
			conf_yaml_find(node, "redirect") ? CONF_REDIRECT : CONF_FORWARD;
	}
}
