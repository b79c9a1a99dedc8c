// SPDX-License-Identifier: MIT
// From a request's head to what it asks for: routed, refused, redirected, given to a push
// or to a backend.
#include "conn_priv.h"
#include "wherry/net/tls_server.h"

const struct conn_refusal conn_no_memory = {
	.status = 503,
	.reason = CLOSE_REASON_NO_MEMORY,
	.detail = "out of memory",
};

static void redirect(struct conn *conn)
{
	const struct conf_route *route = conn->request.route;
	conn_reply(conn,
		(struct reply){
			.status = route->redirect_status,
			.location = str_from(route->redirects_to_https
						     ? conn->request.location
						     : route->redirect_to),
		},
		CLOSE_REASON_DONE);
}

static const struct conn_refusal misdirected = {
	.status = 421,
	.reason = CLOSE_REASON_REFUSED,
	.detail = "this connection's certificate is not this host's (expected a "
		  "connection that names the host in its SNI)",
};

static void refuse(struct conn *conn, const struct conn_refusal *refusal)
{
	conn_reply(conn,
		(struct reply){
			.status = refusal->status,
			.detail = refusal->detail,
			.field = refusal->field,
		},
		refusal->reason);
}

void conn_proceed(struct conn *conn)
{
	if (conn->refusal.status != 0) {
		refuse(conn, &conn->refusal);
	} else if (conn->request.route->action == CONF_REDIRECT) {
		redirect(conn);
	} else if (conn->push) {
		conn_start_push(conn);
	} else {
		conn_start_forward(conn);
	}
}

// Written now, for the message is gone when access rules have answered.
static struct conn_refusal prepare_redirect(
	struct conn *conn, const struct http_message *message)
{
	struct buf location = BUF_INIT;
	if (!conn->request.route->redirects_to_https)
		return (struct conn_refusal){0};
	route_write_https(&location, conn->request.route, message);
	if (!request_take_location(&conn->request, &location))
		return conn_no_memory;
	return (struct conn_refusal){0};
}

static struct conn_refusal prepare_push(struct conn *conn,
	const struct http_message *message, const struct route_choice *choice)
{
	struct push_question question = conn_push_question(conn, message, choice);
	struct reply reply = {0};
	bool may_pass = conn->request.route->action == CONF_LIVE;
	switch (push_create(&question, &conn->push, &reply)) {
	case PUSH_REFUSED:
		return (struct conn_refusal){
			reply.status, CLOSE_REASON_REFUSED, reply.detail, reply.field};
	case PUSH_MEMORY:
		return conn_no_memory;
	case PUSH_MADE:
		may_pass = conn->push->may_pass;
		break;
	case PUSH_NONE:
		break;
	}
	if (may_pass)
		return conn_prepare_forward(conn, message, choice);
	return (struct conn_refusal){0};
}

// A client may use one connection for several hosts, but not past what the other one asks
// of its clients (SECURITY T25).
static bool is_misdirected(const struct conn *conn)
{
	const SSL *ssl = stream_tls(conn->client);
	return ssl && !tls_server_host_matches(ssl, conn->request.host);
}

static struct conn_refusal prepare(struct conn *conn, const struct http_message *message,
	const struct route_choice *choice)
{
	switch (choice->route->action) {
	case CONF_FORWARD:
		return conn_prepare_forward(conn, message, choice);
	case CONF_REDIRECT:
		return prepare_redirect(conn, message);
	case CONF_LIVE:
	case CONF_SUBSCRIBE:
	case CONF_PUBLISH:
		break;
	}
	return prepare_push(conn, message, choice);
}

// Without memory nothing can be asked: that goes before all rules.
static void act(struct conn *conn, const struct http_message *message,
	const struct route_choice *choice)
{
	conn->refusal = (struct conn_refusal){0};
	if (is_misdirected(conn))
		conn->refusal = misdirected;
	else if (choice->status != 0)
		conn->refusal = (struct conn_refusal){
			.status = choice->status,
			.reason = choice->status == 400 ? CLOSE_REASON_BAD_REQUEST
							: CLOSE_REASON_REFUSED,
			.detail = choice->error,
		};
	else
		conn->refusal = prepare(conn, message, choice);
	if (choice->status != 0 || conn->refusal.status == misdirected.status ||
		conn->refusal.reason == CLOSE_REASON_NO_MEMORY)
		refuse(conn, &conn->refusal);
	else
		conn_ask_access(conn, message);
}

void conn_start_request(struct conn *conn, const struct http_message *message)
{
	struct route_choice choice;
	struct request *request = &conn->request;
	counters_add(&loop_counters(conn->site->loop)->requests, 1);
	conn_renew(conn);
	conn->has_request = true;
	bool is_tls = stream_tls(conn->client) || conn->is_tls_ahead;
	if (!request_init(request, message, conn->edition->conf, &conn->peer, is_tls)) {
		conn_close(conn, CLOSE_REASON_NO_MEMORY, "wherry");
		return;
	}
	request->bytes_in_before = conn->request_at;
	request->bytes_out_before = stream_bytes_out(conn->client);
	// Behind a handshake that failed, what follows may be meant as frames.
	request->is_keep_alive &= !conn_is_leaving(conn) && !request->is_websocket;
	conn->owes_continue = message->expects_continue;
	conn->body_bytes = 0;
	conn->is_body_ended = message->body_kind == HTTP_BODY_NONE;
	route_choose(conn->edition->conf, message, request->is_https, &choice);
	request->route = choice.route;
	if (choice.route && choice.route->jwt.is_in_query)
		request_mask_query(request);
	if (is_misdirected(conn) || !conn_answer(conn, message, &choice))
		act(conn, message, &choice);
}
