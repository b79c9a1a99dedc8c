// SPDX-License-Identifier: MIT
// From a request's head to what it asks for: routed, refused, redirected, forwarded to a
// backend, or made a WebSocket.
#include "conn_priv.h"

#include "wherry/base/log.h"
#include "wherry/net/tls_server.h"

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

static const struct conn_refusal no_memory = {
	.status = 503,
	.reason = CLOSE_REASON_NO_MEMORY,
	.detail = "out of memory",
};

static const struct conn_refusal misdirected = {
	.status = 421,
	.reason = CLOSE_REASON_REFUSED,
	.detail = "this connection's certificate is not this host's (expected a "
		  "connection that names the host in its SNI)",
};

static bool has_too_long_body(const struct conn *conn, const struct http_message *message)
{
	return message->body_kind == HTTP_BODY_LENGTH &&
	       message->content_length > conn->request.route->body;
}

// What stands against it for reasons of its own, whoever asks; a handshake is looked at
// before any backend hears of it.
static struct conn_refusal find_refusal(
	struct conn *conn, const struct http_message *message)
{
	struct reply reply = {0};
	if (has_too_long_body(conn, message))
		return (struct conn_refusal){
			.status = 413,
			.reason = CLOSE_REASON_TOO_BIG,
			.detail = "the body is longer than this route allows",
		};
	if (!message->is_websocket_upgrade)
		return (struct conn_refusal){0};
	if (!upgrade_is_allowed(
		    message, conn->request.route, conn->request.is_https, &reply))
		return (struct conn_refusal){
			reply.status, CLOSE_REASON_REFUSED, reply.detail, reply.field};
	conn->upgrade = upgrade_create(message, conn->request.route);
	if (!conn->upgrade)
		return no_memory;
	return (struct conn_refusal){0};
}

static enum close_reason find_reason(enum exchange_failure failure)
{
	switch (failure) {
	case EXCHANGE_REFUSED:
	case EXCHANGE_UNRESOLVED:
		return CLOSE_REASON_BACKEND_REFUSED;
	case EXCHANGE_CONNECT_TIMEOUT:
	case EXCHANGE_RESPONSE_TIMEOUT:
	case EXCHANGE_IDLE_TIMEOUT:
		return CLOSE_REASON_BACKEND_TIMEOUT;
	case EXCHANGE_FULL:
		return CLOSE_REASON_OVERLOAD;
	case EXCHANGE_TLS:
		return CLOSE_REASON_BACKEND_TLS;
	case EXCHANGE_STALL:
		return CLOSE_REASON_BACKEND_STALL;
	case EXCHANGE_LOST:
		return CLOSE_REASON_BACKEND_LOST;
	case EXCHANGE_BAD:
		return CLOSE_REASON_BACKEND_BAD;
	case EXCHANGE_OVERLOAD:
		return CLOSE_REASON_OVERLOAD;
	case EXCHANGE_MEMORY:
		break;
	}
	return CLOSE_REASON_NO_MEMORY;
}

static void reply_failure(struct conn *conn)
{
	enum exchange_failure failure = conn->forward->failure;
	const char *error = conn->forward->exchange.error_text;
	const char *text = forward_failure_text(failure);
	unsigned status = forward_failure_status(failure);
	forward_finish(conn->forward);
	// TLS is told with its server, and overload is nobody's answer.
	if (error && failure != EXCHANGE_TLS && failure != EXCHANGE_OVERLOAD)
		log_info("%llu: %s answered badly: %s", (unsigned long long)conn->id,
			conn->request.server ? conn->request.server : "", error);
	conn_reply(conn,
		(struct reply){
			.status = status,
			.detail = text,
			.log_detail = error,
			.field = status == 503 ? "Retry-After: 1" : NULL,
		},
		find_reason(failure));
}

static struct conn_refusal prepare_forward(struct conn *conn,
	const struct http_message *message, const struct route_choice *choice)
{
	struct request_head head = {
		.conf = conn->edition->conf,
		.peer = &conn->peer,
		.tls = stream_tls(conn->client),
		.request = &conn->request,
		.message = message,
		.choice = choice,
	};
	if (!conn->forward)
		conn->forward = forward_create(conn->site, conn->client, &conn->request,
			&conn_forward_events, conn);
	if (!conn->forward)
		return no_memory;
	forward_prepare(conn->forward, conn->edition->upstreams, &head);
	conn_write_prologue(conn);
	return find_refusal(conn, message);
}

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

void conn_start_forward(struct conn *conn)
{
	conn->state = CONN_FORWARD;
	if (!forward_start(conn->forward))
		reply_failure(conn);
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
		return no_memory;
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
		return no_memory;
	case PUSH_MADE:
		may_pass = conn->push->may_pass;
		break;
	case PUSH_NONE:
		break;
	}
	if (may_pass)
		return prepare_forward(conn, message, choice);
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
		return prepare_forward(conn, message, choice);
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

// The backend takes the body: the client that waits for leave to send it gets it now.
static void on_writable(void *arg)
{
	struct conn *conn = arg;
	if (conn->owes_continue && !conn->is_body_ended)
		stream_write(conn->client, "HTTP/1.1 100 Continue\r\n\r\n", 25);
	conn->owes_continue = false;
	conn_watch_rate(conn); // until now it was not its turn
	stream_resume(conn->client);
}

static bool write_switch(struct conn *conn, const struct http_message *message)
{
	struct response_head head = {
		.request = &conn->request,
		.server = conn->forward->exchange.server,
		.affinity = &conn->forward->affinity,
		.message = message,
		.subprotocol = upgrade_added_subprotocol(conn->upgrade, message),
	};
	struct buf out = BUF_INIT;
	response_head_write(&out, &head);
	bool is_written = !out.is_failed;
	if (is_written)
		stream_write(conn->client, out.data, out.length);
	buf_finish(&out);
	return is_written;
}

static void on_switch(void *arg, const struct http_message *message)
{
	struct conn *conn = arg;
	const char *error = "out of memory";
	bool uses_deflate = false;
	if (!upgrade_is_accepted(conn->upgrade, message, &uses_deflate, &error) ||
		!write_switch(conn, message)) {
		forward_refuse_switch(conn->forward, error);
		return;
	}
	conn->request.status = 101;
	conn_start_relay(conn, uses_deflate);
}

// The client must not take a part for the whole: with a length or chunks it sees that
// bytes are missing; without, only a reset tells.
static void cut_response(struct conn *conn)
{
	enum close_reason reason = find_reason(conn->forward->failure);
	const char *text = forward_failure_text(conn->forward->failure);
	bool is_client_gone = stream_is_broken(conn->client);
	bool shows_length = conn->forward->framing != RESPONSE_HEAD_UNTIL_CLOSE;
	forward_finish(conn->forward);
	if (is_client_gone) {
		conn_close(conn, CLOSE_REASON_CLIENT_RESET, "client");
	} else if (shows_length) {
		conn_end_request(conn, reason, "backend", text, false);
	} else {
		stream_abort(conn->client);
		conn_close(conn, reason, "backend");
	}
}

static void on_end(void *arg, enum forward_end how)
{
	struct conn *conn = arg;
	switch (how) {
	case FORWARD_DONE:
		forward_finish(conn->forward);
		conn_end_request(conn, CLOSE_REASON_DONE, "backend", NULL,
			conn->forward->is_keep_alive && conn->is_body_ended);
		return;
	case FORWARD_REFUSED:
		reply_failure(conn);
		return;
	case FORWARD_CUT:
		cut_response(conn);
		return;
	}
}

const struct forward_handler conn_forward_events = {
	.on_writable = on_writable,
	.on_switch = on_switch,
	.on_end = on_end,
};
