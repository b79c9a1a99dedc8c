// SPDX-License-Identifier: MIT
// A client connection's order of things; see the header.
#include "wherry/proxy/conn.h"

#include <stdlib.h>

#include "conn_priv.h"
#include "wherry/base/mem.h"
#include "wherry/base/now.h"
#include "wherry/proxy/drain.h"
#include "wherry/proxy/limits.h"

static size_t on_data(void *arg, const uint8_t *data, size_t length)
{
	struct conn *conn = arg;
	if (conn->state == CONN_LINGER)
		return length;
	if (conn->state == CONN_PREFACE)
		return conn_preface_read(conn, data, length);
	if (conn->state == CONN_SOCKET)
		return conn_push_data(conn, data, length);
	size_t taken = conn_read(conn, data, length);
	return conn->state == CONN_LINGER ? length : taken;
}

static void on_drain(void *arg)
{
	struct conn *conn = arg;
	if (conn->state == CONN_FORWARD)
		forward_client_drained(conn->forward);
	else if (conn->state == CONN_PUSH || conn->state == CONN_SOCKET)
		conn_push_room(conn);
	else if (conn->state == CONN_HEAD)
		stream_resume(conn->client);
	else if (conn->is_eof && stream_queued_length(conn->client) == 0)
		conn_close(conn, CLOSE_REASON_DONE, "wherry");
}

static void on_eof(struct conn *conn)
{
	conn->is_eof = true;
	if (conn->state == CONN_PREFACE) {
		conn_preface_ended(conn);
		return;
	}
	if (conn->state == CONN_LINGER) {
		if (stream_queued_length(conn->client) == 0)
			conn_close(conn, CLOSE_REASON_DONE, "wherry");
		return;
	}
	// A half-closed client may still read its answer, but an endless one is read by
	// browsers only, and they are gone.
	if (conn->state == CONN_FORWARD && conn->forward->exchange.is_event_stream)
		conn_close(conn, CLOSE_REASON_CLIENT_CLOSED, "client");
	else if (conn->state == CONN_PUSH || conn->state == CONN_SOCKET)
		conn_push_eof(conn);
	else if (stream_kept_length(conn->client) > 0)
		stream_resume(conn->client); // what is kept may still be a whole request
	else
		conn_wait_for_input(conn, false);
}

static void on_tls_failed(struct conn *conn)
{
	const char *text = stream_error_text(conn->client);
	if (conn->state == CONN_PREFACE)
		conn_preface_failed(conn, text);
	else
		conn_close_because(conn, CLOSE_REASON_CLIENT_TLS, "client", text);
}

static void on_connect(void *arg)
{
	conn_preface_secured(arg);
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
	case STREAM_END_TLS:
		on_tls_failed(conn);
		return;
	case STREAM_END_TRUNCATED:
		conn_close(conn, CLOSE_REASON_CLIENT_TRUNCATED, "client");
		return;
	}
}

static const struct stream_handler stream_events = {
	.on_data = on_data,
	.on_drain = on_drain,
	.on_end = on_end,
	.on_connect = on_connect,
};

// Is it the client that keeps us waiting: for its body, or for its reading?
static bool is_client_due(const struct conn *conn)
{
	bool is_taken =
		conn->state == CONN_PUSH ||
		(conn->state == CONN_FORWARD && forward_is_writable(conn->forward));
	bool owes_body =
		is_taken && !conn->is_body_ended && !stream_is_paused(conn->client);
	return owes_body || stream_queued_length(conn->client) > 0;
}

void conn_watch_rate(struct conn *conn)
{
	conn->progress = 0; // the first window is grace
	loop_timer_set(&conn->http->timer, now_ms() + CONN_RATE_WINDOW_MS);
}

// True if less moved in the window behind us than must. Starts the next window.
static bool is_too_slow(struct conn *conn)
{
	uint64_t rate = conn->edition->conf->limits.min_rate;
	uint64_t before = conn->progress;
	conn->progress = is_client_due(conn) ? conn_count_progress(conn) : 0;
	loop_timer_set(&conn->http->timer, now_ms() + CONN_RATE_WINDOW_MS);
	return rate != CONF_OFF && before != 0 && conn->progress != 0 &&
	       conn->progress - before < rate * (CONN_RATE_WINDOW_MS / 1000);
}

static void check_rate(struct conn *conn)
{
	bool is_unheard = stream_is_paused(conn->client) || conn->is_eof;
	if (is_unheard && stream_has_reset(conn->client)) {
		conn_close(conn, CLOSE_REASON_CLIENT_RESET, "client");
		return;
	}
	if (!is_too_slow(conn))
		return;
	bool has_answer = conn->push ? conn->push->has_head : conn->forward->has_head;
	if (!conn->push)
		forward_finish(conn->forward);
	if (has_answer)
		conn_close(conn, CLOSE_REASON_CLIENT_SLOW, "wherry");
	else
		conn_reply(conn,
			(struct reply){.status = 408,
				.detail = "the body came slower than limits.min_rate"},
			CLOSE_REASON_CLIENT_SLOW);
}

// What is queued may leave as slowly as min_rate allows; then the client has a while to
// close, and longer if it still sends.
static void check_linger(struct conn *conn)
{
	uint64_t now = now_ms(), before = conn->progress;
	uint64_t rate = conn->edition->conf->limits.min_rate;
	bool has_queue = stream_queued_length(conn->client) > 0;
	uint64_t least = has_queue && rate != CONF_OFF ? rate * CONN_LINGER_MS / 1000 : 1;
	conn->progress =
		has_queue ? conn_count_progress(conn) : stream_bytes_in(conn->client);
	if (has_queue)
		conn->close_by_ms = now + CONN_LINGER_MAX_MS;
	if (conn->progress - before < least || now >= conn->close_by_ms)
		conn_close(conn, CLOSE_REASON_DONE, "wherry");
	else
		loop_timer_set(&conn->http->timer, now + CONN_LINGER_MS);
}

// Between requests: the head that has begun is late, or none comes; but while the last
// answer is being read, nothing is late.
static void check_head(struct conn *conn)
{
	uint64_t now = now_ms();
	if (conn->is_head_begun) {
		conn_reply_unread(conn, 408,
			"the request's head was not complete in time",
			CLOSE_REASON_CLIENT_SLOW);
	} else if (stream_queued_length(conn->client) > 0) {
		conn->close_by_ms = now + conn->edition->conf->timeouts.keep_alive_ms;
		if (is_too_slow(conn))
			conn_close(conn, CLOSE_REASON_CLIENT_SLOW, "wherry");
	} else if (now < conn->close_by_ms) {
		loop_timer_set(&conn->http->timer, conn->close_by_ms);
	} else {
		conn_close(conn, CLOSE_REASON_KEEP_ALIVE, "wherry");
	}
}

static void on_timer(void *arg)
{
	struct conn *conn = arg;
	switch (conn->state) {
	case CONN_PREFACE:
		conn_preface_late(conn);
		return;
	case CONN_HEAD:
		check_head(conn);
		return;
	case CONN_ACCESS:
		conn_check_access(conn);
		return;
	case CONN_FORWARD:
	case CONN_PUSH:
		check_rate(conn);
		return;
	case CONN_LINGER:
		check_linger(conn);
		return;
	case CONN_SOCKET:
	case CONN_RELAY:
	case CONN_CLOSED:
		return;
	}
}

struct conn *conn_create(struct site *site, struct edition *edition,
	const struct conf_listener *listener, int socket, const struct addr *peer)
{
	struct conn *conn = mem_create(sizeof(*conn));
	struct conn_http *http = mem_create(sizeof(*http));
	const struct conf *conf = edition->conf;
	struct stream *client = stream_create(
		site->loop, socket, STREAM_CONNECTED, conf->timeouts.write_stall_ms);
	if (!conn || !http || !client) {
		free(conn);
		free(http);
		stream_destroy(client);
		return NULL;
	}
	conn->site = site;
	conn->http = http;
	conn->edition = edition_ref(edition);
	conn->listener = listener;
	conn->client = client;
	conn->peer = *peer;
	conn->id = site->next_id;
	conn->accepted_ms = now_ms();
	site->next_id += site->id_step;
	http_reader_init(&http->reader, HTTP_REQUEST,
		(struct http_scan_limits){
			conf->limits.header, HTTP_SCAN_LIMITS_DEFAULT.line_bytes});
	request_init_empty(&conn->request);
	loop_timer_init(&http->timer, site->loop, on_timer, conn);
	stream_set_handler(client, &stream_events, conn);
	LIST_INSERT_HEAD(&site->conns, conn, entry);
	site->conn_count++;
	counters_add(&loop_counters(site->loop)->client_connections, 1);
	drain_meet(conn);
	return conn;
}

void conn_accept(struct site *site, struct edition *edition,
	const struct conf_listener *listener, int socket, const struct addr *peer,
	bool is_source_counted)
{
	struct conn *conn = conn_create(site, edition, listener, socket, peer);
	if (!conn) {
		limits_leave(site->limits);
		if (is_source_counted)
			limits_leave_source(site->limits, peer);
		return;
	}
	conn->is_counted = true;
	conn->is_source_counted = is_source_counted;
	conn_preface_start(conn);
}
