// SPDX-License-Identifier: MIT
// The connection of a WebSocket with a backend: its streams become a relay's.
#include "conn_priv.h"
#include "wherry/proxy/drain.h"

static void on_done(void *arg, const struct relay_result *result)
{
	struct conn *conn = arg;
	struct counters *counters = loop_counters(conn->site->loop);
	counters_subtract(&counters->websockets, 1);
	counters_subtract(&counters->backend_connections, 1);
	counters_add(&counters->bytes_from_clients, result->bytes_in);
	counters_add(&counters->messages_from_clients, result->messages_in);
	counters_add(&counters->messages_from_backends, result->messages_out);
	conn_log(conn, result);
	relay_destroy(conn->relay);
	upstream_release(conn->server);
	conn_leave(conn);
}

// It may have been a request when a newer edition came.
static bool is_left_behind(struct conn *conn)
{
	if (conn->edition == conn->site->edition)
		return false;
	enum conn_follow_result result = conn_follow(conn);
	return result == CONN_FOLLOW_ROUTE_GONE || result == CONN_FOLLOW_SERVER_GONE;
}

void conn_start_relay(struct conn *conn, bool uses_deflate)
{
	struct counters *counters = loop_counters(conn->site->loop);
	struct stream *backend =
		exchange_take_stream(&conn->forward->exchange, &conn->server);
	struct relay_result none = {
		.reason = CLOSE_REASON_NO_MEMORY,
		.ended_by = "wherry",
		.bytes_in = stream_bytes_in(conn->client),
		.bytes_out = stream_bytes_out(conn->client),
	};
	conn->relay = relay_create(conn->client, backend, &conn->request.route->websocket,
		uses_deflate, on_done, conn);
	conn->client = NULL;
	conn->state = CONN_RELAY;
	loop_timer_finish(&conn->http->timer);
	upgrade_destroy(conn->upgrade);
	conn->upgrade = NULL;
	counters_add(&counters->websockets, 1);
	counters_add(&counters->websockets_opened, 1);
	counters_add(&counters->backend_connections, 1);
	if (!conn->relay) {
		on_done(conn, &none);
		return;
	}
	if (conn->request.expires_ms != 0)
		relay_expire_at(conn->relay, conn->request.expires_ms,
			conn->request.route->jwt.close_code);
	loop_defer(conn->site->loop, &conn->deferred, conn_run_deferred, conn);
	if (is_left_behind(conn))
		relay_close(conn->relay, CLOSE_REASON_ROUTE_GONE);
	drain_meet(conn);
	if (conn->is_told) // while it was a request
		conn_drain(conn);
}
