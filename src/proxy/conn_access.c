// SPDX-License-Identifier: MIT
// Whether a request may be made: asks the access rules, and waits for those that take
// their time. Meanwhile nothing of the body is read, and the backend hears nothing.
#include "conn_priv.h"
#include "wherry/base/now.h"

// What the status says of us; another's own answer is a refusal whatever it says.
static enum close_reason find_reason(const struct reply *reply)
{
	if (reply->has_body)
		return CLOSE_REASON_REFUSED;
	switch (reply->status) {
	case 429:
		return CLOSE_REASON_POLICY;
	case 502:
		return CLOSE_REASON_BACKEND_LOST;
	case 504:
		return CLOSE_REASON_BACKEND_TIMEOUT;
	default:
		return reply->status >= 500 ? CLOSE_REASON_OVERLOAD
					    : CLOSE_REASON_REFUSED;
	}
}

static void refuse(struct conn *conn, const struct reply *reply)
{
	conn_reply(conn, *reply, find_reason(reply));
}

static void on_decision(void *arg, enum access_result result, const struct reply *reply)
{
	struct conn *conn = arg;
	if (result == ACCESS_ALLOWED)
		conn_proceed(conn);
	else
		refuse(conn, reply);
	conn_stop_access(conn);
}

void conn_ask_access(struct conn *conn, const struct http_message *message)
{
	bool is_forwarded = conf_route_forwards(conn->request.route);
	struct access_question question = {
		.site = conn->site,
		.edition = conn->edition,
		.request = &conn->request,
		.message = message,
		.peer = &conn->peer,
		.tls = stream_tls(conn->client),
		.forward = is_forwarded ? conn->forward : NULL,
		.push = conn->push,
	};
	struct reply reply = {0};
	conn->state = CONN_ACCESS;
	switch (access_start(&question, on_decision, conn, &conn->access, &reply)) {
	case ACCESS_ALLOWED:
		conn_proceed(conn);
		return;
	case ACCESS_REFUSED:
		refuse(conn, &reply);
		return;
	case ACCESS_PENDING:
		return;
	}
}

void conn_stop_access(struct conn *conn)
{
	access_destroy(conn->access);
	conn->access = NULL;
}

// A client that is not read from is not heard going, either.
void conn_check_access(struct conn *conn)
{
	bool is_unheard = stream_is_paused(conn->client) || conn->is_eof;
	if (is_unheard && stream_has_reset(conn->client))
		conn_close(conn, CLOSE_REASON_CLIENT_RESET, "client");
	else
		loop_timer_set(&conn->http->timer, now_ms() + CONN_RATE_WINDOW_MS);
}
