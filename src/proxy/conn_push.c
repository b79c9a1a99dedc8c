// SPDX-License-Identifier: MIT
// The connection of a push: what the push tells, and what befalls it.
#include "conn_priv.h"
#include "wherry/base/now.h"
#include "wherry/proxy/drain.h"

static void on_reply(void *arg, const struct reply *reply, enum close_reason reason)
{
	conn_reply(arg, *reply, reason);
}

static void on_end(void *arg, const struct relay_result *result, bool is_keep_alive)
{
	struct conn *conn = arg;
	struct relay_result all = *result;
	if (conn->state != CONN_SOCKET) {
		conn_end_request(conn, result->reason, result->ended_by, result->detail,
			is_keep_alive && conn->is_body_ended);
		return;
	}
	all.bytes_in = conn->taken;
	all.bytes_out = stream_bytes_out(conn->client);
	conn_log(conn, &all);
	conn_close(conn, result->reason, result->ended_by);
}

static void on_pass(void *arg)
{
	struct conn *conn = arg;
	conn_stop_push(conn);
	conn_start_forward(conn);
}

static void on_switch(void *arg)
{
	struct conn *conn = arg;
	struct counters *counters = loop_counters(conn->site->loop);
	conn->request.status = 101;
	conn->state = CONN_SOCKET;
	loop_timer_finish(&conn->http->timer);
	counters_add(&counters->websockets, 1);
	counters_add(&counters->websockets_opened, 1);
	loop_defer(conn->site->loop, &conn->deferred, conn_run_deferred, conn);
	stream_resume(conn->client); // frames may be there already
	drain_meet(conn);
}

static const struct push_handler push_events = {
	.on_reply = on_reply,
	.on_end = on_end,
	.on_pass = on_pass,
	.on_switch = on_switch,
};

struct push_question conn_push_question(struct conn *conn,
	const struct http_message *message, const struct route_choice *choice)
{
	return (struct push_question){
		.site = conn->site,
		.edition = conn->edition,
		.client = conn->client,
		.peer = &conn->peer,
		.request = &conn->request,
		.message = message,
		.choice = choice,
		.handler = &push_events,
		.arg = conn,
	};
}

// With what happened while whether it may begin was being found out: it may stay for
// hours.
static void catch_up(struct conn *conn)
{
	enum close_reason gone = CLOSE_REASON_ROUTE_GONE;
	if (conn->edition != conn->site->edition &&
		conn_follow(conn) == CONN_FOLLOW_ROUTE_GONE)
		conn_push_close(conn, gone, close_reason_code(gone), "");
	if (conn->push && conn->is_told)
		conn_drain(conn);
}

void conn_start_push(struct conn *conn)
{
	struct push *push = conn->push;
	conn->state = CONN_PUSH;
	if (conn->owes_continue && !conn->is_body_ended)
		stream_write(conn->client, "HTTP/1.1 100 Continue\r\n\r\n", 25);
	conn->owes_continue = false;
	if (!conn->is_body_ended) {
		conn_watch_rate(conn); // until now it was not its turn
		stream_resume(conn->client);
	}
	push->methods->start(push);
	if (conn->push) // else it was answered at once
		catch_up(conn);
}

void conn_stop_push(struct conn *conn)
{
	struct push *push = conn->push;
	if (!push)
		return;
	if (conn->state == CONN_SOCKET)
		counters_subtract(&loop_counters(conn->site->loop)->websockets, 1);
	conn->push = NULL;
	push_destroy(push);
}

void conn_push_body(struct conn *conn, struct str piece)
{
	conn->push->methods->body(conn->push, piece); // else none was let in
}

void conn_push_end_body(struct conn *conn)
{
	if (conn->push->methods->end_body)
		conn->push->methods->end_body(conn->push);
}

size_t conn_push_data(struct conn *conn, const uint8_t *data, size_t length)
{
	size_t taken = conn->push->methods->data(conn->push, data, length);
	conn->taken += taken;
	return taken;
}

void conn_push_room(struct conn *conn)
{
	if (conn->push->methods->on_room)
		conn->push->methods->on_room(conn->push);
}

void conn_push_eof(struct conn *conn)
{
	if (conn->push->methods->on_eof)
		conn->push->methods->on_eof(conn->push);
	else if (!conn->is_body_ended)
		conn_close(conn, CLOSE_REASON_CLIENT_CLOSED, "client");
}

void conn_push_close(
	struct conn *conn, enum close_reason reason, uint16_t code, const char *text)
{
	if (!conn->push->is_closing)
		conn->push->methods->close(conn->push, reason, code, text);
}

void conn_push_measure(const struct conn *conn, struct relay_result *result)
{
	if (conn->push)
		conn->push->methods->measure(conn->push, result);
}
