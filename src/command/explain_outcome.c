// SPDX-License-Identifier: MIT
// What the client gets in the end, as far as it can be known without asking anybody.
#include <stdio.h>

#include "explain_priv.h"
#include "wherry/proxy/access.h"
#include "wherry/proxy/request_head.h"
#include "wherry/proxy/token_place.h"
#include "wherry/proxy/upgrade.h"

struct refusal {
	unsigned status; // 0 = none
	const char *detail;
};

static bool has_token(const struct conf_jwt *jwt, const struct http_message *message)
{
	struct str token;
	for (size_t i = 0; i < jwt->place_count; i++) {
		if (token_place_find(&jwt->places[i], message, &token) > 0)
			return true;
	}
	return false;
}

// Of the route alone, behind its access rules.
static struct refusal find_route_refusal(const struct explain *explain,
	const struct http_message *message, const struct conf_route *route)
{
	struct reply reply = {0};
	if (route->action == CONF_REDIRECT)
		return (struct refusal){0};
	if (route->action != CONF_FORWARD)
		reply.detail =
			explain_push_refusal(explain, message, route, &reply.status);
	else if (message->is_websocket_upgrade)
		(void)!upgrade_is_allowed(
			message, route, explain->request.is_https, &reply);
	return (struct refusal){reply.detail ? reply.status : 0, reply.detail};
}

// In the order in which a connection decides.
static struct refusal find_refusal(const struct explain *explain)
{
	const struct conf_route *route = explain->choice.route;
	const struct http_message *message = &explain->message;
	if (!route)
		return (struct refusal){explain->choice.status, explain->choice.error};
	if (!access_allows_client(&route->access, &explain->request))
		return (struct refusal){
			403, "this address may not use this route (access)"};
	if (route->has_jwt && !has_token(&route->jwt, message))
		return (struct refusal){401, "jwt: the request has no token"};
	if (route->has_basic_auth &&
		!http_message_find(message, HTTP_FIELD_AUTHORIZATION))
		return (struct refusal){401, "basic_auth: the request has no password"};
	return find_route_refusal(explain, message, route);
}

// What is decided by others, or by time.
static void add_conditions(
	struct explain *explain, json_t *to, const struct conf_route *route)
{
	json_t *list = explain_add_list(explain, to, "if");
	explain_add(explain, list, NULL, "limits and rates are kept");
	if (route->has_jwt)
		explain_add(explain, list, NULL, "jwt finds its token good (keys in %s)",
			route->jwt.jwks.path);
	if (route->has_basic_auth)
		explain_add(explain, list, NULL, "basic_auth finds the user in %s",
			route->basic_auth.file.path);
	if (route->has_forward_auth)
		explain_add(explain, list, NULL, "forward_auth %s%s says so",
			route->forward_auth.server.text, route->forward_auth.target);
	if (route->action == CONF_PUBLISH && route->publish.has_verify)
		explain_add(explain, list, NULL, "a secret in %s signed it",
			route->publish.verify.secret.path);
}

static void add_redirect(
	struct explain *explain, json_t *to, const struct conf_route *route)
{
	struct buf location = BUF_INIT;
	explain_add_number(explain, to, "status", route->redirect_status);
	if (route->redirects_to_https)
		route_write_https(&location, route, &explain->message);
	else
		buf_append_str(&location, str_from(route->redirect_to));
	explain_add(explain, to, "location", "%.*s", STR_ARG(buf_str(&location)));
	buf_finish(&location);
}

static void add_forward(
	struct explain *explain, json_t *to, const struct conf_route *route)
{
	struct buf target = BUF_INIT;
	route_write_target(&target, explain->conf, &explain->choice, &explain->message);
	explain_add(explain, to, "from", "a server of upstream %s",
		explain->conf->upstreams[route->upstream].name);
	explain_add(explain, to, "target", "%.*s", STR_ARG(buf_str(&target)));
	explain_add(explain, to, "host", "%.*s",
		STR_ARG(route->host == CONF_HOST_PASS   ? explain->message.host
			: route->host == CONF_HOST_NAME ? str_from(route->host_name)
							: STR("the server's own")));
	if (explain->message.is_websocket_upgrade && route->action == CONF_FORWARD)
		explain_add(explain, to, "then",
			"frames are relayed, if it answers 101 with the right accept");
	buf_finish(&target);
}

void explain_outcome(struct explain *explain)
{
	const struct conf_route *route = explain->choice.route;
	struct refusal refusal = find_refusal(explain);
	json_t *to = explain_add_object(explain, explain->root, "answer");
	if (refusal.status != 0) {
		explain_add_number(explain, to, "status", refusal.status);
		explain_add(explain, to, "because", "%s", refusal.detail);
		return;
	}
	if (route->action == CONF_REDIRECT)
		add_redirect(explain, to, route);
	else if (conf_route_pushes(route))
		explain_push(explain, to, route);
	else
		add_forward(explain, to, route);
	if (route->action == CONF_LIVE)
		explain_live(explain, to, route);
	add_conditions(explain, to, route);
}

static void add_origins(
	struct explain *explain, json_t *to, const struct conf_websocket *websocket)
{
	switch (websocket->origins.kind) {
	case CONF_ORIGINS_SAME_HOST:
		explain_add(explain, to, "origins", "same-host");
		return;
	case CONF_ORIGINS_ANY:
		explain_add(explain, to, "origins", "any");
		return;
	case CONF_ORIGINS_LIST:
		break;
	}
	json_t *list = explain_add_list(explain, to, "origins");
	for (size_t i = 0; i < websocket->origins.count; i++)
		explain_add(explain, list, NULL, "%s", websocket->origins.list[i]);
}

// The same URL, asked for as a WebSocket: it may even take another route.
static void add_handshake(struct explain *explain, json_t *to)
{
	struct buf head = BUF_INIT;
	struct http_message message;
	struct route_choice choice;
	struct refusal refusal;
	bool is_read = explain_read_head(
		explain, true, &head, &message, &refusal.status, &refusal.detail);
	if (is_read) {
		route_choose(explain->conf, &message, explain->request.is_https, &choice);
		refusal = choice.route
				  ? find_route_refusal(explain, &message, choice.route)
				  : (struct refusal){choice.status, choice.error};
	}
	if (refusal.status != 0)
		explain_add(explain, to, "handshake", "gets %u: %s", refusal.status,
			refusal.detail);
	else
		explain_add(explain, to, "handshake", "is taken by route %s",
			choice.route->name);
	buf_finish(&head);
}

void explain_websocket(struct explain *explain)
{
	const struct conf_route *route = explain->choice.route;
	if (!route || !conf_route_forwards(route))
		return;
	json_t *to = explain_add_object(explain, explain->root, "websocket");
	if (!explain->message.is_websocket_upgrade)
		add_handshake(explain, to);
	if (route->has_websocket) {
		add_origins(explain, to, &route->websocket);
		explain_add_settings(explain, to, "routes[].websocket", route);
	}
	if (json_object_size(to) == 0)
		json_object_del(explain->root, "websocket");
}

void explain_upstream(struct explain *explain)
{
	const struct conf_route *route = explain->choice.route;
	if (!route || !conf_route_forwards(route))
		return;
	const struct conf_upstream *upstream = &explain->conf->upstreams[route->upstream];
	json_t *to = explain_add_object(explain, explain->root, "upstream");
	explain_add(explain, to, "name", "%s", upstream->name);
	json_t *list = explain_add_list(explain, to, "servers");
	for (size_t i = 0; i < upstream->server_count; i++) {
		json_t *server = explain_add_object(explain, list, NULL);
		explain_add(explain, server, "url", "%s", upstream->servers[i].text);
		explain_add_settings(explain, server, "upstreams.NAME.servers[]",
			&upstream->servers[i]);
	}
	explain_add_settings(explain, to, "upstreams.NAME", upstream);
	if (!conf_has_https(upstream))
		json_object_del(to, "tls");
}
