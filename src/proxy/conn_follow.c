// SPDX-License-Identifier: MIT
// What a newer edition means for a connection that lives. An idle one goes by it at once,
// a request under way by the one that it began with, and a WebSocket is routed again by
// what is known of its handshake.
#include <string.h>

#include "conn_priv.h"
#include "wherry/proxy/limits.h"
#include "wherry/proxy/request_facts.h"
#include "wherry/proxy/route.h"

static void go_by(struct conn *conn, struct edition *newest)
{
	struct edition *former = conn->edition;
	conn->edition = edition_ref(newest);
	if (conn->listener)
		conn->listener = edition_find_listener(newest, &conn->listener->address);
	if (conn->http)
		conn->http->reader.scan.limits.head_bytes = newest->conf->limits.header;
	edition_unref(former);
}

void conn_renew(struct conn *conn)
{
	struct edition *newest = conn->site->edition;
	bool is_busy = conn->push || conn->state == CONN_FORWARD;
	if (conn->edition != newest && !is_busy)
		go_by(conn, newest);
}

// False without memory to find out. *ret_route is NULL if there is none.
static bool find_route(const struct request *request, const struct conf *conf,
	const struct conf_route **ret_route)
{
	struct request_facts facts = {
		.method = request->method,
		.host = request->host,
		.target = request->target,
		.fields = request->fields,
	};
	struct buf text = BUF_INIT;
	struct http_message message;
	struct route_choice choice = {.route = NULL};
	unsigned status;
	const char *error;
	if (request_facts_read(&facts, &text, &message, &status, &error))
		route_choose(conf, &message, request->is_https, &choice);
	bool is_found_out = !text.is_failed;
	buf_finish(&text);
	*ret_route = choice.route;
	return is_found_out;
}

// A group that has another name now has servers of its own, and is to count those that
// are with them.
static void move_server(struct conn *conn, const struct upstream *upstream)
{
	for (size_t i = 0; i < upstream->member_count; i++) {
		struct upstream_server *server = upstream->members[i].server;
		if (server == conn->server ||
			strcmp(server->text, conn->server->text) != 0 ||
			!addr_equal(&server->address, &conn->server->address))
			continue;
		upstream_move(conn->server, server);
		conn->server = server;
		conn->request.server = server->name;
		return;
	}
}

// False if that server is gone.
static bool keep_server(struct conn *conn, const struct upstream *upstream)
{
	if (upstream_find_member(upstream, conn->server))
		return true; // nearly always, and found without a look at the others
	// An address that its name does not have any more is no reason to leave it.
	if (!upstream_has_text(upstream, conn->server->text))
		return false;
	move_server(conn, upstream);
	return true;
}

static void move(
	struct conn *conn, struct edition *newest, const struct conf_route *route)
{
	limits_move_request(conn->edition->rules, newest->rules, &conn->request, route);
	relay_renew(conn->relay, &route->websocket);
	conn_renew(conn);
}

static enum conn_follow_result follow_relay(struct conn *conn)
{
	struct edition *newest = conn->site->edition;
	const struct conf_route *route = conn->request.route;
	if (newest->rules != conn->edition->rules &&
		!find_route(&conn->request, newest->conf, &route))
		return CONN_FOLLOW_NONE;
	if (!route || route->action != CONF_FORWARD || !route->has_websocket)
		return CONN_FOLLOW_ROUTE_GONE;
	if (!keep_server(conn, &newest->upstreams->upstreams[route->upstream]))
		return CONN_FOLLOW_SERVER_GONE;
	move(conn, newest, route);
	return CONN_FOLLOW_KEPT;
}

static enum conn_follow_result follow_push(struct conn *conn)
{
	struct edition *newest = conn->site->edition;
	const struct conf_route *former = conn->request.route, *route = former;
	const struct push_methods *methods = conn->push->methods;
	if (!methods->renew || newest == conn->edition)
		return CONN_FOLLOW_NONE;
	if (former && newest->rules != conn->edition->rules &&
		!find_route(&conn->request, newest->conf, &route))
		return CONN_FOLLOW_NONE;
	if (former && (!route || route->action != former->action))
		return CONN_FOLLOW_ROUTE_GONE;
	if (!methods->renew(conn->push, newest, route))
		return CONN_FOLLOW_ROUTE_GONE;
	if (route)
		limits_move_request(
			conn->edition->rules, newest->rules, &conn->request, route);
	go_by(conn, newest);
	conn->push->edition = newest;
	return CONN_FOLLOW_KEPT;
}

enum conn_follow_result conn_follow(struct conn *conn)
{
	switch (conn->state) {
	case CONN_RELAY:
		return follow_relay(conn);
	case CONN_PUSH:
	case CONN_SOCKET:
		return follow_push(conn);
	case CONN_HEAD:
	case CONN_LINGER:
		conn_renew(conn);
		return CONN_FOLLOW_NONE;
	case CONN_PREFACE:
	case CONN_ACCESS:
	case CONN_FORWARD:
	case CONN_CLOSED:
		break;
	}
	return CONN_FOLLOW_NONE;
}
