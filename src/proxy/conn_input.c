// SPDX-License-Identifier: MIT
// Reading a client's bytes: request after request, head and body, each in its turn.
#include "conn_priv.h"
#include "wherry/base/now.h"

static void refuse_bad(struct conn *conn)
{
	const struct http_scan *scan = &conn->http->reader.scan;
	if (conn->http->reader.is_disagreement)
		counters_add(&loop_counters(conn->site->loop)->parser_disagreement, 1);
	if (conn->state == CONN_HEAD) {
		conn_reply_unread(
			conn, scan->status, scan->error, CLOSE_REASON_BAD_REQUEST);
		return;
	}
	if (conn->state == CONN_PUSH) {
		conn->request.is_keep_alive = false;
		conn_reply(conn,
			(struct reply){.status = scan->status, .detail = scan->error},
			CLOSE_REASON_BAD_REQUEST);
		return;
	}
	// In the body: the request at the backend can't be completed.
	forward_finish(conn->forward);
	conn->request.is_keep_alive = false;
	if (conn->forward->has_head)
		conn_end_request(
			conn, CLOSE_REASON_BAD_REQUEST, "wherry", scan->error, false);
	else
		conn_reply(conn,
			(struct reply){.status = scan->status, .detail = scan->error},
			CLOSE_REASON_BAD_REQUEST);
}

static void take_body(struct conn *conn)
{
	struct str piece = conn->http->reader.body;
	conn->body_bytes += piece.length;
	conn->owes_continue = false; // it did not wait for it
	if (conn->state == CONN_PUSH) {
		conn_push_body(conn, piece);
		return;
	}
	if (conn->body_bytes <= conn->request.route->body) {
		forward_body(conn->forward, piece);
		return;
	}
	forward_finish(conn->forward);
	if (conn->forward->has_head)
		conn_end_request(conn, CLOSE_REASON_TOO_BIG, "wherry",
			"the body is longer than this route allows", false);
	else
		conn_reply(conn,
			(struct reply){.status = 413,
				.detail = "the body is longer than this route allows"},
			CLOSE_REASON_TOO_BIG);
}

static void end_body(struct conn *conn)
{
	bool is_answered = conn->state != CONN_FORWARD && conn->state != CONN_PUSH;
	if (is_answered || conn->is_body_ended)
		return; // of a request without one
	conn->is_body_ended = true;
	if (conn->state == CONN_PUSH)
		conn_push_end_body(conn);
	else
		forward_end_body(conn->forward);
}

void conn_wait_for_input(struct conn *conn, bool has_rest)
{
	if (conn->is_eof && conn->state == CONN_HEAD) {
		conn_linger(conn); // the last answer may still be on its way
		return;
	}
	if (conn->is_eof && !conn->is_body_ended) {
		conn_close(conn, CLOSE_REASON_CLIENT_CLOSED, "client");
		return;
	}
	if (conn->state != CONN_HEAD || !has_rest || conn->is_head_begun)
		return;
	conn->is_head_begun = true;
	loop_timer_set(&conn->http->timer,
		now_ms() + conn->edition->conf->limits.header_timeout_ms);
}

static void start_request(struct conn *conn, const struct http_message *message)
{
	conn->is_head_begun = false;
	conn_start_request(conn, message);
	if (conn->state == CONN_FORWARD || conn->state == CONN_ACCESS ||
		conn->state == CONN_PUSH)
		conn_watch_rate(conn);
}

static bool wants_input(const struct conn *conn)
{
	if (conn->state == CONN_FORWARD)
		return !conn->is_body_ended &&
		       (forward_is_writable(conn->forward) ||
			       conn->http->reader.at == HTTP_READER_AT_END);
	if (conn->state == CONN_PUSH)
		return !conn->is_body_ended ||
		       conn->http->reader.at == HTTP_READER_AT_END;
	// The next request waits until the answers before it have left.
	return conn->state == CONN_HEAD && !stream_is_full(conn->client);
}

static size_t read_items(struct conn *conn, const uint8_t *data, size_t length)
{
	struct http_message message;
	size_t at = 0;
	while (wants_input(conn)) {
		size_t taken = 0;
		enum http_reader_item item = http_reader_next(
			&conn->http->reader, data + at, length - at, &message, &taken);
		at += taken;
		conn->taken += taken;
		switch (item) {
		case HTTP_READER_MORE:
			conn_wait_for_input(conn, at < length);
			return at;
		case HTTP_READER_HEAD:
			start_request(conn, &message);
			break;
		case HTTP_READER_BODY:
			take_body(conn);
			break;
		case HTTP_READER_END:
			end_body(conn);
			break;
		case HTTP_READER_BAD:
			refuse_bad(conn);
			return length;
		}
	}
	return at;
}

// Many small chunks leave for the backend in few system calls.
size_t conn_read(struct conn *conn, const uint8_t *data, size_t length)
{
	struct stream *backend = NULL;
	if (conn->state == CONN_FORWARD)
		backend = conn->forward->exchange.stream;
	if (backend)
		stream_cork(backend);
	size_t at = read_items(conn, data, length);
	if (backend && conn->forward && conn->forward->exchange.stream == backend)
		stream_uncork(backend);
	if (conn->state == CONN_LINGER)
		return length;
	bool is_backend_full = conn->state == CONN_FORWARD && !conn->is_body_ended &&
			       exchange_is_full(&conn->forward->exchange);
	bool is_waiting = conn->state == CONN_FORWARD || conn->state == CONN_ACCESS ||
			  conn->state == CONN_PUSH ||
			  (conn->state == CONN_HEAD && !wants_input(conn));
	if (is_backend_full || (is_waiting && length - at >= CONN_PIPELINE_BYTES))
		stream_pause(conn->client);
	return at;
}
