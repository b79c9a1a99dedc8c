// SPDX-License-Identifier: MIT
// Rules about routes: each does one thing, can be reached, and has limits that fit.
#include "conf_check_route_priv.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "conf_check_push_priv.h"

// What is done with a request, besides "to"; live needs that as well.
static const char *const actions[] = {"redirect", "live", "subscribe", "publish"};
static const char action_form[] = "one of to, redirect, live, subscribe and publish";

// What has no effect where no backend is asked.
static const char *const forward_keys[] = {"path", "host", "headers", "timeouts", "body"};

static void refuse_key(const struct conf_yaml_node *node, const char *key,
	const char *action, struct conf_diag *diag)
{
	const struct conf_yaml_node *value = conf_yaml_find(node, key);
	if (value)
		conf_diag_add(diag, value->key_at, NULL, NULL,
			"routes[].%s: has no effect on a %s", key, action);
}

static void check_unused(
	const struct conf_yaml_node *node, const char *action, struct conf_diag *diag)
{
	for (size_t i = 0; i < sizeof(forward_keys) / sizeof(forward_keys[0]); i++)
		refuse_key(node, forward_keys[i], action, diag);
	if (strcmp(action, "subscribe") != 0)
		refuse_key(node, "websocket", action, diag);
}

static void check_action(const struct conf_yaml_node *node, struct conf_diag *diag)
{
	const struct conf_yaml_node *to = conf_yaml_find(node, "to");
	const struct conf_yaml_node *live = conf_yaml_find(node, "live");
	const struct conf_yaml_node *first = live ? NULL : to, *second = NULL;
	const char *action = NULL;
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		const struct conf_yaml_node *each = conf_yaml_find(node, actions[i]);
		if (each && first && !second)
			second = each;
		else if (each && !first)
			first = each;
		if (each)
			action = actions[i];
	}
	if (!first)
		conf_diag_add(diag, node->at, action_form, "none",
			"routes[]: nothing is done with its requests");
	else if (second)
		conf_diag_add(diag, second->key_at, "one of them", "both",
			"routes[]: \"%.*s\" and \"%.*s\"", STR_ARG(first->key),
			STR_ARG(second->key));
	else if (live && !to)
		conf_diag_add(diag, live->key_at, "an upstream in \"to\"", "none",
			"routes[]: \"live\" without \"to\"");
	else if (!to)
		check_unused(node, action, diag);
}

// Who answers any Host with a redirect to it sends visitors wherever a link says (T29).
static void check_https(const struct conf_route *route, const struct conf_yaml_node *node,
	struct conf_diag *diag)
{
	const struct conf_yaml_node *redirect = conf_yaml_find(node, "redirect");
	const struct conf_yaml_node *to = conf_yaml_find(redirect, "to");
	const struct conf_yaml_node *port = conf_yaml_find(redirect, "port");
	const struct conf_yaml_node *match = conf_yaml_find(node, "match");
	if (!to || redirect->has_mistake)
		return;
	if (port && !route->redirects_to_https)
		conf_diag_add(diag, port->key_at, NULL, NULL,
			"routes[].redirect.port: has no effect without \"to: https\"");
	if (route->redirects_to_https && !route->match.host &&
		!(match && match->has_mistake))
		conf_diag_add(diag, to->at, "the hosts that it is for in match.host",
			"none", "routes[].redirect.to: https for any host");
}

static void check_websocket(const struct conf_websocket *websocket,
	const struct conf_yaml_node *node, struct conf_diag *diag)
{
	char found[CONF_YAML_TEXT_SIZE];
	const struct conf_yaml_node *max_frame = conf_yaml_find(node, "max_frame");
	if (max_frame && !node->has_mistake &&
		websocket->max_frame > websocket->max_message)
		conf_diag_add(diag, max_frame->at, "at most max_message",
			conf_yaml_describe(max_frame, found),
			"routes[].websocket.max_frame: longer than a message");
}

// RFC 6455 section 7.4: of the codes that are not private, policy is the one that fits.
static void check_close_code(const struct conf_jwt *jwt,
	const struct conf_yaml_node *node, struct conf_diag *diag)
{
	char found[CONF_YAML_TEXT_SIZE];
	const struct conf_yaml_node *code = conf_yaml_find(node, "close_code");
	bool is_private = jwt->close_code >= 3000;
	if (code && !node->has_mistake && jwt->close_code != 1008 && !is_private)
		conf_diag_add(diag, code->at, "1008, or 3000 to 4999",
			conf_yaml_describe(code, found),
			"routes[].jwt.close_code: not a code for this");
}

// A client has one Authorization field to send, be it for a token or a password.
static void check_jwt(const struct conf_route *route, const struct conf_yaml_node *node,
	struct conf_diag *diag)
{
	const struct conf_jwt *jwt = &route->jwt;
	check_close_code(jwt, node, diag);
	for (size_t i = 0; i < jwt->place_count && node; i++) {
		if (jwt->places[i].kind == CONF_TOKEN_AUTHORIZATION &&
			route->has_basic_auth)
			conf_diag_add(diag, node->key_at, "\"from\" with other places",
				NULL,
				"routes[].jwt: Authorization is basic_auth's already");
	}
}

// Does a pattern match every host that the other one matches?
static bool host_covers(const char *pattern, const char *other)
{
	if (!pattern || (other && strcmp(pattern, other) == 0))
		return true;
	if (!other || pattern[0] != '*')
		return false;
	// ".example.com" ends "www.example.com" and "*.www.example.com", but must not be
	// all of it.
	struct str suffix = str_from(pattern + 1);
	struct str host = str_from(other);
	return host.length > suffix.length && str_has_suffix_nocase(host, suffix);
}

static bool path_covers(const char *path, const char *other)
{
	if (!path || (other && strcmp(path, other) == 0))
		return true;
	if (!other)
		return false;
	struct str prefix = str_from(path);
	return prefix.data[prefix.length - 1] == '/' &&
	       str_has_prefix(str_from(other), prefix);
}

static bool text_covers(const char *text, const char *other)
{
	return !text || (other && strcmp(text, other) == 0);
}

static bool match_covers(const struct conf_match *match, const struct conf_match *other)
{
	return match->header_count == 0 && host_covers(match->host, other->host) &&
	       path_covers(match->path, other->path) &&
	       text_covers(match->method, other->method) &&
	       text_covers(match->subprotocol, other->subprotocol);
}

// Can its conditions be trusted to be what was meant?
static bool is_sound(const struct conf_yaml_node *node)
{
	const struct conf_yaml_node *match = conf_yaml_find(node, "match");
	if (node->kind != CONF_YAML_MAPPING)
		return false;
	return !match || match->is_null ||
	       (match->kind == CONF_YAML_MAPPING && !match->has_mistake);
}

static void check_reach(const struct conf *conf, const struct conf_yaml_node *nodes,
	const struct conf_yaml_node *node, size_t index, struct conf_diag *diag)
{
	const struct conf_match *match = &conf->routes[index].match;
	const struct conf_yaml_node *earlier = nodes;
	if (!is_sound(node))
		return;
	for (size_t i = 0; i < index; i++, earlier = earlier->next) {
		if (!match_covers(&conf->routes[i].match, match) || !is_sound(earlier))
			continue;
		// What comes by TLS goes past it.
		if (conf->routes[i].redirects_to_https &&
			!conf->routes[index].redirects_to_https)
			continue;
		conf_diag_add(diag, node->at, NULL, NULL,
			"routes[%zu] can never be reached: routes[%zu] in line %zu "
			"matches everything it matches",
			index, i, earlier->at.line);
		return;
	}
}

// A backend must not have to guess which of two is the rule's.
static void check_added_fields(const struct conf_route *route,
	const struct conf_yaml_node *node, struct conf_diag *diag)
{
	const struct conf_yaml_node *headers = conf_yaml_find(node, "headers");
	for (size_t i = 0; i < route->request_headers.set_count; i++) {
		const char *name = route->request_headers.set[i].name;
		for (size_t j = 0; j < route->added_fields.count && headers; j++) {
			const char *added = route->added_fields.names[j];
			if (added && strcasecmp(added, name) == 0)
				conf_diag_add(diag, headers->key_at, NULL, NULL,
					"routes[].headers: sets \"%.64s\", which an "
					"access rule of the route sets, too",
					name);
		}
	}
}

void conf_check_route_all(const struct conf *conf, const struct conf_yaml_node *nodes,
	struct conf_diag *diag)
{
	const struct conf_yaml_node *node = nodes;
	for (size_t i = 0; i < conf->route_count; i++, node = node->next) {
		if (node->kind == CONF_YAML_MAPPING)
			check_action(node, diag);
		check_https(&conf->routes[i], node, diag);
		check_websocket(&conf->routes[i].websocket,
			conf_yaml_find(node, "websocket"), diag);
		check_added_fields(&conf->routes[i], node, diag);
		check_jwt(&conf->routes[i], conf_yaml_find(node, "jwt"), diag);
		conf_check_push_route(&conf->routes[i], node, diag);
		check_reach(conf, nodes, node, i, diag);
	}
}
