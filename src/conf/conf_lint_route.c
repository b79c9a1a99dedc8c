// SPDX-License-Identifier: MIT
// What of routes is hardly meant.
#include <stdio.h>
#include <strings.h>

#include "conf_lint_priv.h"
#include "wherry/conf/conf_value.h"

// Where the key is written; else where the block is that has it by default.
static struct conf_position place_of(const struct conf_yaml_node *block, const char *key)
{
	const struct conf_yaml_node *node = conf_yaml_find(block, key);
	return node ? node->at : block->at;
}

static void warn_long(struct conf_diag *warnings, struct conf_position at,
	const char *most, uint64_t most_ms, uint64_t found_ms, const char *message)
{
	char text[CONF_VALUE_TEXT_SIZE], found[CONF_VALUE_TEXT_SIZE];
	char expected[CONF_VALUE_TEXT_SIZE + 16];
	(void)snprintf(expected, sizeof(expected), "%s %s", most,
		conf_value_format_duration(most_ms, text));
	conf_diag_add(warnings, at, expected, conf_value_format_duration(found_ms, found),
		"%s", message);
}

static void lint_pings(const struct conf_websocket *websocket,
	const struct conf_yaml_node *node, struct conf_diag *warnings)
{
	if (websocket->ping_ms == CONF_OFF)
		return;
	// Both clocks start with the last message of somebody who falls silent.
	if (websocket->idle_timeout_ms != CONF_OFF &&
		websocket->ping_ms >= websocket->idle_timeout_ms)
		warn_long(warnings, place_of(node, "ping"), "less than",
			websocket->idle_timeout_ms, websocket->ping_ms,
			"routes[].websocket.ping: idle_timeout always comes first, so "
			"that no idle client is ever asked");
	if (websocket->ping_timeout_ms > websocket->ping_ms)
		warn_long(warnings, place_of(node, "ping_timeout"), "at most",
			websocket->ping_ms, websocket->ping_timeout_ms,
			"routes[].websocket.ping_timeout: longer than ping, so that it "
			"decides when a dead peer is found");
}

static bool is_https_served(const struct conf *conf, unsigned port)
{
	for (size_t i = 0; i < conf->listener_count; i++) {
		const struct addr *address = &conf->listeners[i].address;
		if (conf->listeners[i].has_tls &&
			(addr_is_unix(address) || addr_port(address) == port))
			return true;
	}
	return false;
}

// Behind a proxy that speaks TLS, and is not believed when it says so, it never ends.
static void lint_https(const struct conf *conf, const struct conf_route *route,
	const struct conf_yaml_node *node, struct conf_diag *warnings)
{
	const struct conf_yaml_node *redirect = conf_yaml_find(node, "redirect");
	if (route->redirects_to_https && conf->trusted_proxy_count == 0 &&
		!is_https_served(conf, route->redirect_port))
		conf_diag_add(warnings, conf_yaml_find(redirect, "to")->at,
			"a listener with tls there, or the proxy in front in "
			"trusted_proxies",
			NULL, "routes[].redirect.to: nothing here speaks TLS at port %u",
			route->redirect_port);
}

static void lint_concurrent(const struct conf *conf, const struct conf_route *route,
	const struct conf_yaml_node *node, struct conf_diag *warnings)
{
	char expected[CONF_VALUE_TEXT_SIZE], found[CONF_VALUE_TEXT_SIZE];
	uint64_t concurrent = route->limits.concurrent;
	size_t all = conf->limits.connections;
	if (all == 0 || concurrent == CONF_OFF || concurrent < all)
		return;
	(void)snprintf(expected, sizeof(expected), "less than %zu", all);
	(void)snprintf(found, sizeof(found), "%llu", (unsigned long long)concurrent);
	conf_diag_add(warnings,
		conf_yaml_find(conf_yaml_find(node, "limits"), "concurrent")->at,
		expected, found,
		"routes[].limits.concurrent: limits.connections is reached before it");
}

static bool is_client_known(const struct conf *conf)
{
	for (size_t i = 0; i < conf->listener_count; i++) {
		const struct conf_tls *tls = &conf->listeners[i].tls;
		if (!tls->client_ca.path || tls->is_client_auth_optional)
			return false;
	}
	return true;
}

static void lint_publish(const struct conf *conf, const struct conf_route *route,
	const struct conf_yaml_node *node, struct conf_diag *warnings)
{
	const struct conf_yaml_node *publish = conf_yaml_find(node, "publish");
	bool is_guarded = route->access.allow || route->has_jwt ||
			  route->has_basic_auth || route->has_forward_auth ||
			  route->publish.has_verify;
	if (publish && !is_guarded && !is_client_known(conf))
		conf_diag_add(warnings, publish->key_at,
			"access.allow, jwt, basic_auth, forward_auth or publish.verify",
			"none", "routes[].publish: whoever can reach it can publish");
}

// What all channels together may have is reached before it.
static void lint_history(const struct conf *conf, const struct conf_history *history,
	const struct conf_yaml_node *node, struct conf_diag *warnings)
{
	char text[CONF_VALUE_TEXT_SIZE], found[CONF_VALUE_TEXT_SIZE];
	char expected[CONF_VALUE_TEXT_SIZE + 32];
	const struct conf_yaml_node *bytes =
		conf_yaml_find(conf_yaml_find(node, "history"), "bytes");
	if (!bytes || history->bytes <= conf->hub.max_bytes)
		return;
	(void)snprintf(expected, sizeof(expected), "at most hub.memory, %s",
		conf_value_format_size(conf->hub.max_bytes, text));
	conf_diag_add(warnings, bytes->at, expected,
		conf_value_format_size(history->bytes, found),
		"history.bytes: more than all channels together may have");
}

static bool has_name(const struct conf_names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++) {
		if (strcasecmp(names->names[i], name) == 0)
			return true;
	}
	return false;
}

static bool is_replaced(const struct conf_headers *headers, const char *name)
{
	bool is_found = false;
	for (size_t i = 0; i < headers->remove_count; i++)
		is_found |= strcasecmp(headers->remove[i].name, name) == 0;
	for (size_t i = 0; i < headers->set_count; i++)
		is_found |= strcasecmp(headers->set[i].name, name) == 0;
	return is_found;
}

// That all who are let in send; NULL: not all of them send the same.
static const char *find_credential(const struct conf_route *route)
{
	const struct conf_jwt *jwt = &route->jwt;
	enum conf_token_place_kind kind = CONF_TOKEN_AUTHORIZATION; // if none is named
	if (route->has_basic_auth)
		return "Authorization";
	if (!route->has_jwt)
		return NULL;
	for (size_t i = 0; i < jwt->place_count; i++) {
		if (i > 0 && jwt->places[i].kind != kind)
			return NULL;
		kind = jwt->places[i].kind;
	}
	if (kind == CONF_TOKEN_AUTHORIZATION)
		return "Authorization";
	return kind == CONF_TOKEN_COOKIE ? "Cookie" : NULL;
}

static void lint_live(const struct conf_route *route, const struct conf_yaml_node *node,
	struct conf_diag *warnings)
{
	const struct conf_yaml_node *live = conf_yaml_find(node, "live");
	const char *name = find_credential(route);
	if (!live || route->live.is_public)
		return;
	if (route->added_fields.count > 0)
		conf_diag_add(warnings, place_of(live, "share"), "public", "auto",
			"routes[].live.share: nothing is shared, since access rules tell "
			"the backend who asks");
	else if (name && !has_name(&route->live.vary, name) &&
		 !is_replaced(&route->request_headers, name))
		conf_diag_add(warnings, place_of(live, "share"),
			"public, or that header in vary", "auto",
			"routes[].live.share: nothing is shared, since all who are let "
			"in "
			"send %s",
			name);
}

void conf_lint_routes(const struct conf *conf, const struct conf_yaml_node *nodes,
	struct conf_diag *warnings)
{
	const struct conf_yaml_node *node = nodes;
	for (size_t i = 0; i < conf->route_count; i++, node = node->next) {
		const struct conf_route *route = &conf->routes[i];
		const struct conf_yaml_node *block = conf_yaml_find(node, "websocket");
		if (block)
			lint_pings(&route->websocket, block, warnings);
		lint_https(conf, route, node, warnings);
		lint_concurrent(conf, route, node, warnings);
		lint_publish(conf, route, node, warnings);
		lint_live(route, node, warnings);
		lint_history(conf, &route->subscribe.channel.history,
			conf_yaml_find(node, "subscribe"), warnings);
		lint_history(conf, &route->publish.history,
			conf_yaml_find(node, "publish"), warnings);
	}
}
