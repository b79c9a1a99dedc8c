// SPDX-License-Identifier: MIT
// What a connection does when it is to go: the polite way of a drain, the deadline's, and
// an operator's.
#include "conn_priv.h"
#include "wherry/base/now.h"
#include "wherry/proxy/conn_facts.h"
#include "wherry/proxy/drain.h"

enum {
	FIRST_REQUEST_MS = 1000, // of a connection made just before the drain
};

void conn_drain(struct conn *conn)
{
	const struct drain_plan *plan = drain_get_plan(conn->drain);
	bool is_between = conn->state == CONN_HEAD && !conn->is_head_begun;
	conn->request.is_keep_alive = false;
	if (conn->state == CONN_RELAY)
		relay_drain(conn->relay, plan->reason, plan->code, plan->text);
	else if (conn->state == CONN_PUSH || conn->state == CONN_SOCKET)
		conn_push_close(conn, plan->reason, plan->code, plan->text);
	else if (is_between && conn->taken > conn->http_at)
		conn_linger(conn);
	else if (is_between) // its request is coming
		loop_timer_set(&conn->http->timer, now_ms() + FIRST_REQUEST_MS);
}

// An answer whose end is the connection's must not look whole.
static void close_at_once(struct conn *conn, enum close_reason reason)
{
	if (conn->state == CONN_FORWARD && conn->forward->has_head &&
		conn->forward->framing == RESPONSE_HEAD_UNTIL_CLOSE)
		stream_abort(conn->client);
	if (conn->state == CONN_PUSH && conn->push->has_head)
		stream_abort(conn->client);
	conn_close(conn, reason, "wherry");
}

bool conn_kill(struct conn *conn, uint16_t code, const char *text)
{
	bool is_news = conn->state != CONN_LINGER && conn->state != CONN_CLOSED;
	if (conn->state == CONN_RELAY) {
		is_news = !relay_is_closing(conn->relay);
		relay_kill(conn->relay, code, text);
	} else if (conn->state == CONN_SOCKET || conn->state == CONN_PUSH) {
		is_news = !conn->push->is_closing;
		conn_push_close(conn, CLOSE_REASON_KILLED, code, text);
	} else {
		close_at_once(conn, CLOSE_REASON_KILLED);
	}
	return is_news;
}

bool conn_kill_lines(
	struct conn *conn, const struct conn_facts_filter *filter, const char *text)
{
	struct conn_facts facts;
	struct push *push = conn->push;
	size_t index = 0;
	bool is_news = false;
	conn_facts_read(conn, now_ms(), &facts);
	while (conn_facts_match_line(&facts, filter, &index)) {
		push->methods->end_line(push, index, text);
		is_news = true;
	}
	return is_news;
}

void conn_cut(struct conn *conn)
{
	enum close_reason reason =
		conn->drain ? drain_get_plan(conn->drain)->reason : CLOSE_REASON_SHUTDOWN;
	if (conn->state == CONN_RELAY)
		relay_cut(conn->relay, reason);
	else
		close_at_once(conn, reason);
}
