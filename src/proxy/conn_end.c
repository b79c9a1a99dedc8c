// SPDX-License-Identifier: MIT
// How requests and connections end: the answer of our own, the access line, the lingering
// close, and the memory.
#include <stdlib.h>

#include "conn_priv.h"
#include "wherry/base/log.h"
#include "wherry/base/now.h"
#include "wherry/proxy/access_log.h"
#include "wherry/proxy/conn_walk.h"
#include "wherry/proxy/drain.h"
#include "wherry/proxy/limits.h"

static void free_conn(struct conn *conn)
{
	struct site *site = conn->site;
	forward_destroy(conn->forward);
	conn_stop_push(conn);
	upgrade_destroy(conn->upgrade);
	request_finish(&conn->request);
	edition_unref(conn->edition);
	if (conn->is_source_counted)
		limits_leave_source(site->limits, &conn->peer);
	if (conn->is_counted)
		limits_leave(site->limits);
	else
		site->refused_count--;
	free(conn->http);
	free(conn->local);
	free(conn);
	if (--site->conn_count == 0 && site->on_empty)
		site->on_empty(site->arg);
}

// Put off to the end of the turn, since the callbacks of what is freed may be on the
// stack.
void conn_run_deferred(void *arg)
{
	struct conn *conn = arg;
	if (conn->state == CONN_CLOSED) {
		free_conn(conn);
	} else if (conn->state == CONN_RELAY || conn->state == CONN_SOCKET) {
		forward_destroy(conn->forward);
		conn->forward = NULL;
		free(conn->http);
		conn->http = NULL;
	}
}

static void count_status(struct conn *conn, unsigned status)
{
	struct counters *counters = loop_counters(conn->site->loop);
	if (status >= 500)
		counters_add(&counters->responses_5xx, 1);
	else if (status >= 400)
		counters_add(&counters->responses_4xx, 1);
	else if (status >= 300)
		counters_add(&counters->responses_3xx, 1);
	else if (status >= 200)
		counters_add(&counters->responses_2xx, 1);
}

static void write_access_line(struct conn *conn, const struct relay_result *result)
{
	const struct request *request = &conn->request;
	struct access_log_entry entry = {
		.id = conn->id,
		.peer = &conn->peer,
		.request = request,
		.bytes_in = result->bytes_in - request->bytes_in_before,
		.bytes_out = result->bytes_out - request->bytes_out_before,
		.messages_in = result->messages_in,
		.messages_out = result->messages_out,
		.close_code = result->close_code,
		.reason = result->reason,
		.ended_by = result->ended_by,
		.detail = result->detail,
	};
	access_log_write(&entry);
}

void conn_log(struct conn *conn, const struct relay_result *result)
{
	if (!conn->has_request)
		return;
	conn->has_request = false;
	limits_leave_request(conn->edition->rules, &conn->request);
	if (log_access_is_on())
		write_access_line(conn, result);
	count_status(conn, conn->request.status);
	counters_add(&loop_counters(conn->site->loop)->closes[result->reason], 1);
	request_finish(&conn->request);
}

// With what its push has measured, which ends with it.
static void log_end(struct conn *conn, enum close_reason reason, const char *ended_by,
	const char *detail)
{
	struct relay_result result = {
		.reason = reason,
		.ended_by = ended_by,
		.detail = detail,
		.bytes_in = conn->taken,
		.bytes_out = stream_bytes_out(conn->client),
	};
	conn_push_measure(conn, &result);
	conn_log(conn, &result);
	conn_stop_push(conn);
}

void conn_leave(struct conn *conn)
{
	conn->state = CONN_CLOSED;
	conn_leave_handshake(conn);
	drain_leave(conn);
	conn_walk_pass(conn->site, conn);
	LIST_REMOVE(conn, entry);
	if (conn->http)
		loop_timer_finish(&conn->http->timer);
	counters_subtract(&loop_counters(conn->site->loop)->client_connections, 1);
	loop_defer(conn->site->loop, &conn->deferred, conn_run_deferred, conn);
}

void conn_close(struct conn *conn, enum close_reason reason, const char *ended_by)
{
	conn_close_because(conn, reason, ended_by, NULL);
}

void conn_close_because(struct conn *conn, enum close_reason reason, const char *ended_by,
	const char *detail)
{
	if (conn->state == CONN_CLOSED)
		return;
	conn_stop_access(conn);
	if (conn->forward)
		forward_finish(conn->forward);
	log_end(conn, reason, ended_by, detail);
	counters_add(&loop_counters(conn->site->loop)->bytes_from_clients,
		stream_bytes_in(conn->client));
	stream_destroy(conn->client);
	conn_leave(conn);
}

uint64_t conn_count_progress(const struct conn *conn)
{
	return stream_bytes_in(conn->client) + stream_bytes_taken(conn->client);
}

void conn_linger(struct conn *conn)
{
	if (conn->is_eof && stream_queued_length(conn->client) == 0) {
		conn_close(conn, CLOSE_REASON_DONE, "wherry");
		return;
	}
	conn->state = CONN_LINGER;
	conn->close_by_ms = now_ms() + CONN_LINGER_MAX_MS;
	stream_shutdown(conn->client);
	stream_resume(conn->client);
	conn->progress = stream_bytes_in(conn->client);
	loop_timer_set(&conn->http->timer, now_ms() + CONN_LINGER_MS);
}

void conn_end_request(struct conn *conn, enum close_reason reason, const char *ended_by,
	const char *detail, bool is_keep_alive)
{
	log_end(conn, reason, ended_by, detail);
	upgrade_destroy(conn->upgrade);
	conn->upgrade = NULL;
	if (!is_keep_alive || conn_is_leaving(conn)) {
		conn_linger(conn);
		return;
	}
	conn->state = CONN_HEAD;
	conn_renew(conn);
	conn->request_at = conn->taken;
	conn->close_by_ms = now_ms() + conn->edition->conf->timeouts.keep_alive_ms;
	conn->progress = 0;
	loop_timer_set(&conn->http->timer, conn->close_by_ms);
	if (stream_kept_length(conn->client) > 0 || stream_is_paused(conn->client) ||
		conn->is_eof)
		stream_resume(conn->client);
	if (conn->is_eof && stream_kept_length(conn->client) == 0)
		conn_linger(conn);
}

void conn_reply(struct conn *conn, struct reply reply, enum close_reason reason)
{
	struct request *request = &conn->request;
	struct buf out = BUF_INIT;
	reply.wants_json = request->wants_json;
	reply.is_http10 = request->is_http10;
	reply.is_head = str_equal(request->method, STR("HEAD"));
	reply.is_keep_alive =
		request->is_keep_alive && conn->is_body_ended && !conn_is_leaving(conn);
	reply_write(&out, &reply);
	if (out.is_failed) {
		buf_finish(&out);
		conn_close(conn, CLOSE_REASON_NO_MEMORY, "wherry");
		return;
	}
	request->status = reply.status;
	stream_write(conn->client, out.data, out.length);
	buf_finish(&out);
	conn_end_request(conn, reason, "wherry",
		reply.log_detail ? reply.log_detail : reply.detail, reply.is_keep_alive);
}

void conn_init_unread(struct conn *conn)
{
	request_init_empty(&conn->request);
	conn->request.bytes_in_before = conn->request_at;
	conn->request.bytes_out_before = stream_bytes_out(conn->client);
	conn->has_request = true;
}

void conn_drop(struct conn *conn, enum close_reason reason, const char *detail)
{
	conn_init_unread(conn);
	struct relay_result result = {
		.reason = reason,
		.ended_by = "wherry",
		.detail = detail,
		.bytes_in = stream_bytes_in(conn->client),
		.bytes_out = stream_bytes_out(conn->client),
	};
	conn_log(conn, &result);
	conn_close(conn, reason, "wherry");
}

void conn_reply_unread(
	struct conn *conn, unsigned status, const char *detail, enum close_reason reason)
{
	conn_init_unread(conn);
	conn_reply(conn, (struct reply){.status = status, .detail = detail}, reason);
}
