// SPDX-License-Identifier: MIT
// A client connection's order of things; see the header.
#include "wherry/proxy/conn.h"

#include <stdlib.h>

#include "conn_priv.h"
#include "wherry/base/now.h"
#include "wherry/proxy/access_log.h"
#include "wherry/proxy/limits.h"

enum {
	PIPELINE_BYTES = 16 * 1024, // kept while a request is being answered
	RATE_WINDOW_MS = 10 * 1000, // min_rate is looked at this often
	LINGER_MS = 5 * 1000,       // for the client's FIN, after ours
	LINGER_MAX_MS = 30 * 1000,  // for a client that goes on sending
	FIRST_REQUEST_MS = 1000,    // of a connection made just before a drain
};

static void free_conn(struct conn *conn)
{
	struct site *site = conn->site;
	forward_destroy(conn->forward);
	upgrade_destroy(conn->upgrade);
	request_finish(&conn->request);
	if (conn->is_counted)
		limits_leave(site->limits, &conn->peer);
	free(conn);
	if (--site->conn_count == 0 && site->on_empty)
		site->on_empty(site->arg);
}

// Put off to the end of the turn, since the callbacks of what is freed may be on the
// stack.
static void run_deferred(void *arg)
{
	struct conn *conn = arg;
	if (conn->state == CONN_CLOSED) {
		free_conn(conn);
	} else if (conn->state == CONN_RELAY) {
		forward_destroy(conn->forward);
		conn->forward = NULL;
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

// The access line of the request, or of the relay that it became.
static void log_request(struct conn *conn, const struct relay_result *result)
{
	if (!conn->has_request)
		return;
	conn->has_request = false;
	struct request *request = &conn->request;
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
	count_status(conn, request->status);
	counters_add(&loop_counters(conn->site->loop)->closes[result->reason], 1);
	request_finish(request);
}

static void leave(struct conn *conn)
{
	conn->state = CONN_CLOSED;
	LIST_REMOVE(conn, entry);
	loop_timer_finish(&conn->timer);
	counters_subtract(&loop_counters(conn->site->loop)->client_connections, 1);
	loop_defer(conn->site->loop, &conn->deferred, run_deferred, conn);
}

void conn_close(struct conn *conn, enum close_reason reason, const char *ended_by)
{
	if (conn->state == CONN_CLOSED)
		return;
	if (conn->forward)
		forward_finish(conn->forward);
	struct relay_result result = {
		.reason = reason,
		.ended_by = ended_by,
		.bytes_in = conn->taken,
		.bytes_out = stream_bytes_out(conn->client),
	};
	log_request(conn, &result);
	counters_add(&loop_counters(conn->site->loop)->bytes_from_clients,
		stream_bytes_in(conn->client));
	stream_destroy(conn->client);
	leave(conn);
}

static uint64_t count_progress(const struct conn *conn)
{
	return stream_bytes_in(conn->client) + stream_bytes_out(conn->client) -
	       stream_queued_length(conn->client);
}

static void watch_rate(struct conn *conn)
{
	conn->progress = count_progress(conn);
	loop_timer_set(&conn->timer, now_ms() + RATE_WINDOW_MS);
}

// The answer is written: FIN behind it, and the rest of the input thrown away until the
// client's, so that a reset does not overtake the answer (RFC 9112 section 9.6).
static void linger(struct conn *conn)
{
	if (conn->is_eof && stream_queued_length(conn->client) == 0) {
		conn_close(conn, CLOSE_REASON_DONE, "wherry");
		return;
	}
	conn->state = CONN_LINGER;
	conn->linger_by_ms = now_ms() + LINGER_MAX_MS;
	stream_shutdown(conn->client);
	stream_resume(conn->client);
	conn->progress = count_progress(conn);
	loop_timer_set(&conn->timer, now_ms() + LINGER_MS);
}

void conn_end_request(struct conn *conn, enum close_reason reason, const char *ended_by,
	const char *detail, bool is_keep_alive)
{
	struct relay_result result = {
		.reason = reason,
		.ended_by = ended_by,
		.detail = detail,
		.bytes_in = conn->taken,
		.bytes_out = stream_bytes_out(conn->client),
	};
	log_request(conn, &result);
	upgrade_destroy(conn->upgrade);
	conn->upgrade = NULL;
	if (!is_keep_alive || conn->site->is_draining) {
		linger(conn);
		return;
	}
	conn->state = CONN_HEAD;
	conn->request_at = conn->taken;
	loop_timer_set(&conn->timer, now_ms() + conn->site->conf->timeouts.keep_alive_ms);
	if (stream_kept_length(conn->client) > 0 || stream_is_paused(conn->client) ||
		conn->is_eof)
		stream_resume(conn->client);
	if (conn->is_eof && stream_kept_length(conn->client) == 0)
		linger(conn);
}

void conn_reply(struct conn *conn, struct reply reply, enum close_reason reason)
{
	struct request *request = &conn->request;
	struct buf out = BUF_INIT;
	reply.wants_json = request->wants_json;
	reply.is_http10 = request->is_http10;
	reply.is_head = str_equal(request->method, STR("HEAD"));
	reply.is_keep_alive =
		request->is_keep_alive && conn->is_body_ended && !conn->site->is_draining;
	reply_write(&out, &reply);
	if (out.is_failed) {
		buf_finish(&out);
		conn_close(conn, CLOSE_REASON_NO_MEMORY, "wherry");
		return;
	}
	request->status = reply.status;
	stream_write(conn->client, out.data, out.length);
	buf_finish(&out);
	conn_end_request(conn, reason, "wherry", reply.detail, reply.is_keep_alive);
}

// A head that could not be read, or did not come in time.
static void reply_unread(
	struct conn *conn, unsigned status, const char *detail, enum close_reason reason)
{
	request_init_empty(&conn->request);
	conn->request.bytes_in_before = conn->request_at;
	conn->request.bytes_out_before = stream_bytes_out(conn->client);
	conn->has_request = true;
	conn_reply(conn, (struct reply){.status = status, .detail = detail}, reason);
}

static void refuse_bad(struct conn *conn)
{
	const struct http_scan *scan = &conn->reader.scan;
	if (conn->reader.is_disagreement)
		counters_add(&loop_counters(conn->site->loop)->parser_disagreement, 1);
	if (conn->state == CONN_HEAD) {
		reply_unread(conn, scan->status, scan->error, CLOSE_REASON_BAD_REQUEST);
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
	struct str piece = conn->reader.body;
	conn->body_bytes += piece.length;
	conn->owes_continue = false; // it did not wait for it
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
	if (conn->state != CONN_FORWARD || conn->is_body_ended)
		return; // of a request without one
	conn->is_body_ended = true;
	forward_end_body(conn->forward);
}

// No more bytes for now. Sets the deadline that fits what is being waited for.
static void wait_for_input(struct conn *conn, bool has_rest)
{
	if (conn->is_eof && (conn->state == CONN_HEAD || !conn->is_body_ended)) {
		conn_close(conn, CLOSE_REASON_CLIENT_CLOSED, "client");
		return;
	}
	if (conn->state != CONN_HEAD || !has_rest || conn->is_head_begun)
		return;
	conn->is_head_begun = true;
	loop_timer_set(
		&conn->timer, now_ms() + conn->site->conf->limits.header_timeout_ms);
}

static void start_request(struct conn *conn, const struct http_message *message)
{
	conn->is_head_begun = false;
	conn_start_request(conn, message);
	if (conn->state == CONN_FORWARD)
		watch_rate(conn);
}

static bool wants_input(const struct conn *conn)
{
	if (conn->state == CONN_FORWARD)
		return !conn->is_body_ended && forward_is_writable(conn->forward);
	// The next request waits until the answers before it have left.
	return conn->state == CONN_HEAD && !stream_is_full(conn->client);
}

static size_t read_requests(struct conn *conn, const uint8_t *data, size_t length)
{
	struct http_message message;
	size_t at = 0;
	while (wants_input(conn)) {
		size_t taken = 0;
		enum http_reader_item item = http_reader_next(
			&conn->reader, data + at, length - at, &message, &taken);
		at += taken;
		conn->taken += taken;
		switch (item) {
		case HTTP_READER_MORE:
			wait_for_input(conn, at < length);
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
	if (length - at >= PIPELINE_BYTES)
		stream_pause(conn->client);
	return at;
}

static size_t on_data(void *arg, const uint8_t *data, size_t length)
{
	struct conn *conn = arg;
	if (conn->state == CONN_LINGER)
		return length;
	size_t taken = read_requests(conn, data, length);
	return conn->state == CONN_LINGER ? length : taken;
}

static void on_drain(void *arg)
{
	struct conn *conn = arg;
	if (conn->state == CONN_FORWARD)
		forward_client_drained(conn->forward);
	else if (conn->state == CONN_HEAD)
		stream_resume(conn->client);
	else if (conn->is_eof && stream_queued_length(conn->client) == 0)
		conn_close(conn, CLOSE_REASON_DONE, "wherry");
}

static void on_eof(struct conn *conn)
{
	conn->is_eof = true;
	if (conn->state == CONN_LINGER) {
		if (stream_queued_length(conn->client) == 0)
			conn_close(conn, CLOSE_REASON_DONE, "wherry");
		return;
	}
	if (stream_kept_length(conn->client) > 0)
		stream_resume(conn->client); // what is kept may still be a whole request
	else
		wait_for_input(conn, false);
}

static void on_end(void *arg, enum stream_end how)
{
	struct conn *conn = arg;
	switch (how) {
	case STREAM_END_EOF:
		on_eof(conn);
		return;
	case STREAM_END_ERROR:
		conn_close(conn, CLOSE_REASON_CLIENT_RESET, "client");
		return;
	case STREAM_END_STALL:
		conn_close(conn, CLOSE_REASON_CLIENT_STALL, "wherry");
		return;
	case STREAM_END_MEMORY:
		conn_close(conn, CLOSE_REASON_NO_MEMORY, "wherry");
		return;
	}
}

static const struct stream_handler stream_events = {
	.on_data = on_data,
	.on_drain = on_drain,
	.on_end = on_end,
};

// Is it the client that keeps us waiting, and for too little?
static bool is_too_slow(const struct conn *conn)
{
	uint64_t rate = conn->site->conf->limits.min_rate;
	bool owes_body = conn->state == CONN_FORWARD && !conn->is_body_ended &&
			 !stream_is_paused(conn->client) &&
			 forward_is_writable(conn->forward);
	bool owes_reading = stream_queued_length(conn->client) > 0;
	return rate != CONF_OFF && (owes_body || owes_reading) &&
	       count_progress(conn) - conn->progress < rate * (RATE_WINDOW_MS / 1000);
}

static void check_rate(struct conn *conn)
{
	if (!is_too_slow(conn)) {
		watch_rate(conn);
		return;
	}
	bool has_answer = conn->forward->has_head;
	forward_finish(conn->forward);
	if (has_answer)
		conn_close(conn, CLOSE_REASON_CLIENT_SLOW, "wherry");
	else
		conn_reply(conn,
			(struct reply){.status = 408,
				.detail = "the body came slower than limits.min_rate"},
			CLOSE_REASON_CLIENT_SLOW);
}

static void check_linger(struct conn *conn)
{
	bool moves = count_progress(conn) != conn->progress;
	bool waits_for_queue = stream_queued_length(conn->client) > 0;
	if (now_ms() >= conn->linger_by_ms || (!moves && !waits_for_queue)) {
		conn_close(conn, CLOSE_REASON_DONE, "wherry");
		return;
	}
	conn->progress = count_progress(conn);
	loop_timer_set(&conn->timer, now_ms() + LINGER_MS);
}

static void on_timer(void *arg)
{
	struct conn *conn = arg;
	switch (conn->state) {
	case CONN_HEAD:
		if (conn->is_head_begun)
			reply_unread(conn, 408,
				"the request's head was not complete in time",
				CLOSE_REASON_CLIENT_SLOW);
		else
			conn_close(conn, CLOSE_REASON_KEEP_ALIVE, "wherry");
		return;
	case CONN_FORWARD:
		check_rate(conn);
		return;
	case CONN_LINGER:
		check_linger(conn);
		return;
	case CONN_RELAY:
	case CONN_CLOSED:
		return;
	}
}

static void on_relay_done(void *arg, const struct relay_result *result)
{
	struct conn *conn = arg;
	struct counters *counters = loop_counters(conn->site->loop);
	counters_subtract(&counters->websockets, 1);
	counters_subtract(&counters->backend_connections, 1);
	counters_add(&counters->bytes_from_clients, result->bytes_in);
	counters_add(&counters->messages_from_clients, result->messages_in);
	counters_add(&counters->messages_from_backends, result->messages_out);
	log_request(conn, result);
	upstream_release(conn->server);
	relay_destroy(conn->relay);
	leave(conn);
}

void conn_start_relay(struct conn *conn, bool uses_deflate)
{
	struct counters *counters = loop_counters(conn->site->loop);
	struct stream *backend =
		exchange_take_stream(&conn->forward->exchange, &conn->server);
	conn->relay = relay_create(conn->client, backend, &conn->request.route->websocket,
		uses_deflate, on_relay_done, conn);
	conn->client = NULL;
	conn->state = CONN_RELAY;
	loop_timer_finish(&conn->timer);
	upgrade_destroy(conn->upgrade);
	conn->upgrade = NULL;
	counters_add(&counters->websockets, 1);
	counters_add(&counters->websockets_opened, 1);
	counters_add(&counters->backend_connections, 1);
	if (!conn->relay) {
		struct relay_result none = {
			.reason = CLOSE_REASON_NO_MEMORY, .ended_by = "wherry"};
		on_relay_done(conn, &none);
		return;
	}
	loop_defer(conn->site->loop, &conn->deferred, run_deferred, conn);
}

static struct conn *create(struct site *site, int socket, const struct addr *peer)
{
	struct conn *conn = calloc(1, sizeof(*conn));
	struct stream *client = stream_create(site->loop, socket, STREAM_CONNECTED,
		site->conf->timeouts.write_stall_ms);
	if (!conn || !client) {
		free(conn);
		stream_destroy(client);
		return NULL;
	}
	conn->site = site;
	conn->client = client;
	conn->peer = *peer;
	conn->id = site->next_id;
	site->next_id += site->id_step;
	http_reader_init(&conn->reader, HTTP_REQUEST,
		(struct http_scan_limits){
			site->conf->limits.header, HTTP_SCAN_LIMITS_DEFAULT.line_bytes});
	request_init_empty(&conn->request);
	loop_timer_init(&conn->timer, site->loop, on_timer, conn);
	stream_set_handler(client, &stream_events, conn);
	LIST_INSERT_HEAD(&site->conns, conn, entry);
	site->conn_count++;
	counters_add(&loop_counters(site->loop)->client_connections, 1);
	return conn;
}

void conn_accept(struct site *site, int socket, const struct addr *peer)
{
	struct conn *conn = create(site, socket, peer);
	if (!conn) {
		limits_leave(site->limits, peer);
		return;
	}
	conn->is_counted = true;
	loop_timer_set(&conn->timer, now_ms() + site->conf->timeouts.keep_alive_ms);
	stream_resume(conn->client);
}

void conn_refuse(struct site *site, int socket, const struct addr *peer, unsigned status,
	const char *detail)
{
	struct conn *conn = create(site, socket, peer);
	if (conn)
		reply_unread(conn, status, detail, CLOSE_REASON_OVERLOAD);
}

void conn_drain(struct conn *conn)
{
	LIST_REMOVE(conn, entry);
	LIST_INSERT_HEAD(&conn->site->drained, conn, entry);
	conn->request.is_keep_alive = false;
	if (conn->state == CONN_RELAY)
		relay_close(conn->relay, CLOSE_REASON_SHUTDOWN);
	else if (conn->state == CONN_HEAD && !conn->is_head_begun && conn->taken > 0)
		linger(conn);
	else if (conn->state == CONN_HEAD &&
		 !conn->is_head_begun) // its request is coming
		loop_timer_set(&conn->timer, now_ms() + FIRST_REQUEST_MS);
}

void conn_cut(struct conn *conn)
{
	if (conn->state == CONN_RELAY)
		relay_cut(conn->relay);
	else
		conn_close(conn, CLOSE_REASON_SHUTDOWN, "wherry");
}
