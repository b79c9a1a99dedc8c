// SPDX-License-Identifier: MIT
// What a route needs besides its own keys: a name, its action, limits that fit together.
#include "conf_load_priv.h"

#include <stdio.h>
#include <string.h>

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

// Fields that an access rule of the route adds to requests.
static void add_fields(struct conf_load *load, struct conf_route *route,
	const char *const *names, size_t count)
{
	struct conf_names *added = &route->added_fields;
	const char **all =
		conf_arena_alloc(load->memory, added->count + count, sizeof(*all));
	if (!all)
		return;
	if (added->count > 0)
		memcpy(all, added->names, added->count * sizeof(*all));
	if (count > 0)
		memcpy(all + added->count, names, count * sizeof(*all));
	added->names = all;
	added->count += count;
}

static void note_added_fields(struct conf_load *load, struct conf_route *route)
{
	if (route->basic_auth.forward)
		add_fields(load, route, &route->basic_auth.forward, 1);
	add_fields(load, route, route->forward_auth.response_fields.names,
		route->forward_auth.response_fields.count);
	for (size_t i = 0; i < route->jwt.forward.set_count; i++)
		add_fields(load, route, &route->jwt.forward.set[i].name, 1);
}

static size_t find_service(
	const struct conf *conf, size_t first, const struct conf_server *server)
{
	size_t index = first;
	while (index < conf->upstream_count &&
		strcmp(conf->upstreams[index].name, server->text) != 0)
		index++;
	return index;
}

static bool reserve_services(struct conf_load *load)
{
	struct conf *conf = load->conf;
	size_t count = conf->upstream_count + conf->route_count;
	struct conf_upstream *all = conf_arena_alloc(load->memory, count, sizeof(*all));
	if (!all)
		return false;
	if (conf->upstream_count > 0)
		memcpy(all, conf->upstreams, conf->upstream_count * sizeof(*all));
	conf->upstreams = all;
	return true;
}

// Auth services are upstreams without a name of the user's: each is one group of one
// server, shared by the routes that ask it.
static void add_services(struct conf_load *load)
{
	struct conf *conf = load->conf;
	size_t first = conf->upstream_count;
	bool has_room = false;
	for (size_t i = 0; i < conf->route_count; i++) {
		struct conf_forward_auth *auth = &conf->routes[i].forward_auth;
		if (!auth->server.text)
			continue;
		if (!has_room && !reserve_services(load))
			return;
		has_room = true;
		auth->upstream = find_service(conf, first, &auth->server);
		if (auth->upstream < conf->upstream_count)
			continue;
		struct conf_upstream *service = &conf->upstreams[conf->upstream_count++];
		conf_load_walk_defaults(load, "upstreams.NAME", service);
		conf_load_walk_defaults(load, "upstreams.NAME.servers[]", &auth->server);
		service->name = auth->server.text;
		service->servers = &auth->server;
		service->server_count = 1;
	}
}

static enum conf_action find_action(const struct conf_yaml_node *node)
{
	static const struct {
		const char *key;
		enum conf_action action;
	} actions[] = {
		{"redirect", CONF_REDIRECT},
		{"live", CONF_LIVE},
		{"subscribe", CONF_SUBSCRIBE},
		{"publish", CONF_PUBLISH},
	};
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (conf_yaml_find(node, actions[i].key))
			return actions[i].action;
	}
	return CONF_FORWARD;
}

void conf_load_route_finish(struct conf_load *load, const struct conf_yaml_node *root)
{
	const struct conf_yaml_node *node = conf_yaml_first(root, "routes");
	for (size_t i = 0; i < load->conf->route_count && node; i++, node = node->next) {
		struct conf_route *route = &load->conf->routes[i];
		route->line = node->at.line;
		set_name(load, route, i);
		fit_max_frame(&route->websocket, conf_yaml_find(node, "websocket"));
		route->action = find_action(node);
		conf_load_push_finish(route);
		note_added_fields(load, route);
	}
	add_services(load);
}
