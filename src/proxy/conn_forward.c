// SPDX-License-Identifier: MIT
// The connection of a request that a backend answers: what is sent to it, and what comes
// back, up to a WebSocket.
#include "conn_priv.h"
#include "wherry/base/log.h"

static void reply_failure(struct conn *conn)
{
	enum exchange_failure failure = conn->forward->failure;
	const char *error = conn->forward->exchange.error_text;
	const struct forward_failure *told = forward_find_failure(failure);
	forward_finish(conn->forward);
	// TLS is told with its server, and overload is nobody's answer.
	if (error && failure != EXCHANGE_TLS && failure != EXCHANGE_OVERLOAD)
		log_info("%llu: %s answered badly: %s", (unsigned long long)conn->id,
			conn->request.server ? conn->request.server : "", error);
	conn_reply(conn,
		(struct reply){
			.status = told->status,
			.detail = told->text,
			.log_detail = error,
			.field = told->status == 503 ? "Retry-After: 1" : NULL,
		},
		told->reason);
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
	const struct forward_failure *told = forward_find_failure(conn->forward->failure);
	bool is_client_gone = stream_is_broken(conn->client);
	bool shows_length = conn->forward->framing != RESPONSE_HEAD_UNTIL_CLOSE;
	forward_finish(conn->forward);
	if (is_client_gone) {
		conn_close(conn, CLOSE_REASON_CLIENT_RESET, "client");
	} else if (shows_length) {
		conn_end_request(conn, told->reason, "backend", told->text, false);
	} else {
		stream_abort(conn->client);
		conn_close(conn, told->reason, "backend");
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

static const struct forward_handler forward_events = {
	.on_writable = on_writable,
	.on_switch = on_switch,
	.on_end = on_end,
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
		return conn_no_memory;
	return (struct conn_refusal){0};
}

struct conn_refusal conn_prepare_forward(struct conn *conn,
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
		conn->forward = forward_create(
			conn->site, conn->client, &conn->request, &forward_events, conn);
	if (!conn->forward)
		return conn_no_memory;
	forward_prepare(conn->forward, conn->edition->upstreams, &head);
	conn_write_prologue(conn);
	return find_refusal(conn, message);
}

void conn_start_forward(struct conn *conn)
{
	conn->state = CONN_FORWARD;
	if (!forward_start(conn->forward))
		reply_failure(conn);
}
