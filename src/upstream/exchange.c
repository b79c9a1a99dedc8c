// SPDX-License-Identifier: MIT
// One request to a group of servers and its response; see the header.
#include "wherry/upstream/exchange.h"

#include <errno.h>

#include "wherry/base/log.h"
#include "wherry/base/now.h"
#include "wherry/proto/http_write.h"

static void connect_next(struct exchange *exchange, enum exchange_failure failure);
static bool dial(struct exchange *exchange, int *reterr_errno);

static void set_timeout(
	struct exchange *exchange, enum exchange_failure meaning, uint64_t timeout_ms)
{
	exchange->timeout = meaning;
	if (timeout_ms == CONF_OFF)
		loop_timer_clear(&exchange->timer);
	else
		loop_timer_set(&exchange->timer, now_ms() + timeout_ms);
}

// The gauge counts connections that carry an exchange or a relay, not those in the pool.
static void count_stream(struct exchange *exchange)
{
	counters_add(&loop_counters(exchange->loop)->backend_connections, 1);
}

static struct stream *let_go(struct exchange *exchange)
{
	struct stream *stream = exchange->stream;
	if (stream)
		counters_subtract(&loop_counters(exchange->loop)->backend_connections, 1);
	exchange->stream = NULL;
	return stream;
}

static void close_stream(struct exchange *exchange)
{
	stream_destroy(let_go(exchange));
}

static void release_server(struct exchange *exchange)
{
	if (exchange->server)
		upstream_release(exchange->server);
	exchange->server = NULL;
}

static void fail(struct exchange *exchange, enum exchange_failure failure)
{
	loop_timer_clear(&exchange->timer);
	close_stream(exchange);
	exchange->handler->on_fail(exchange->arg, failure);
}

static void send_head(struct exchange *exchange)
{
	struct str head = buf_str(&exchange->head);
	stream_write(exchange->stream, head.data, head.length);
	exchange->is_request_sent = !exchange->request.has_body;
}

static void await_response(struct exchange *exchange)
{
	set_timeout(exchange, EXCHANGE_RESPONSE_TIMEOUT,
		exchange->request.response_timeout_ms);
}

static void note_refused(struct exchange *exchange, int error)
{
	counters_add(&loop_counters(exchange->loop)->backend_connect_errors, 1);
	upstream_note_refused(exchange->server, now_ms());
	log_warn("upstream %s: connect to %s: %s", exchange->request.upstream->conf->name,
		exchange->server->conf->text,
		error == EADDRNOTAVAIL ? "its name has no address yet"
				       : strerrordesc_np(error));
}

// A connect that failed says nothing about the request: the server's next address, or
// another server, may take it.
static void connect_failed(
	struct exchange *exchange, int error, enum exchange_failure failure)
{
	close_stream(exchange);
	if (++exchange->dials < pool_address_count(exchange->pool, exchange->server) &&
		dial(exchange, &error))
		return;
	note_refused(exchange, error);
	release_server(exchange);
	connect_next(exchange, failure);
}

// The server closed a kept-alive connection while the request was under way: the request
// is sent again, once, on a fresh one.
static void retry_fresh(struct exchange *exchange)
{
	counters_add(&loop_counters(exchange->loop)->backend_retries, 1);
	close_stream(exchange);
	exchange->request.may_reuse = false;
	exchange->tries.count--;
	release_server(exchange);
	connect_next(exchange, EXCHANGE_LOST);
}

static void on_connect(void *arg)
{
	struct exchange *exchange = arg;
	exchange->is_connected = true;
	upstream_note_connected(exchange->server);
	buf_finish(&exchange->head); // sent on a fresh connection: never sent again
	await_response(exchange);
	exchange->handler->on_writable(exchange->arg);
}

static size_t on_data(void *arg, const uint8_t *data, size_t length)
{
	struct exchange *exchange = arg;
	exchange->data = data;
	exchange->length = length;
	exchange->taken = 0;
	if (exchange->has_head && !exchange->is_event_stream)
		set_timeout(exchange, EXCHANGE_IDLE_TIMEOUT,
			exchange->request.idle_timeout_ms);
	exchange->handler->on_readable(exchange->arg);
	exchange->data = NULL;
	counters_add(
		&loop_counters(exchange->loop)->bytes_from_backends, exchange->taken);
	return exchange->taken;
}

static void on_drain(void *arg)
{
	struct exchange *exchange = arg;
	exchange->handler->on_writable(exchange->arg);
}

static void on_eof(struct exchange *exchange)
{
	if (exchange->has_head && http_reader_is_complete_at_eof(&exchange->reader)) {
		exchange->is_response_ended = true;
		exchange->is_server_keep_alive = false;
		exchange->handler->on_readable(exchange->arg);
		return;
	}
	if (exchange->is_reused && !exchange->has_head &&
		stream_kept_length(exchange->stream) == 0)
		retry_fresh(exchange);
	else
		fail(exchange, EXCHANGE_LOST);
}

static void on_end(void *arg, enum stream_end end)
{
	struct exchange *exchange = arg;
	switch (end) {
	case STREAM_END_EOF:
		on_eof(exchange);
		return;
	case STREAM_END_STALL:
		fail(exchange, EXCHANGE_STALL);
		return;
	case STREAM_END_MEMORY:
		fail(exchange, EXCHANGE_MEMORY);
		return;
	case STREAM_END_ERROR:
		if (!exchange->is_connected)
			connect_failed(exchange, stream_error(exchange->stream),
				EXCHANGE_REFUSED);
		else if (exchange->is_reused && !exchange->has_head &&
			 stream_kept_length(exchange->stream) == 0)
			retry_fresh(exchange);
		else
			fail(exchange, EXCHANGE_LOST);
		return;
	}
}

static const struct stream_handler stream_events = {
	.on_data = on_data,
	.on_drain = on_drain,
	.on_end = on_end,
	.on_connect = on_connect,
};

static void on_timeout(void *arg)
{
	struct exchange *exchange = arg;
	if (!exchange->is_open)
		return;
	if (exchange->timeout == EXCHANGE_CONNECT_TIMEOUT)
		connect_failed(exchange, ETIMEDOUT, EXCHANGE_CONNECT_TIMEOUT);
	else
		fail(exchange, exchange->timeout);
}

static bool reuse(struct exchange *exchange)
{
	if (!exchange->request.may_reuse)
		return false;
	exchange->stream = pool_take(exchange->pool, exchange->server);
	if (!exchange->stream)
		return false;
	counters_add(&loop_counters(exchange->loop)->backend_reuses, 1);
	count_stream(exchange);
	exchange->is_reused = exchange->is_connected = true;
	stream_set_handler(exchange->stream, &stream_events, exchange);
	stream_resume(exchange->stream);
	send_head(exchange);
	await_response(exchange);
	return true;
}

static bool dial(struct exchange *exchange, int *reterr_errno)
{
	exchange->is_reused = exchange->is_connected = false;
	counters_add(&loop_counters(exchange->loop)->backend_connects, 1);
	exchange->stream = pool_dial(
		exchange->pool, exchange->server, &exchange->turn, reterr_errno);
	if (!exchange->stream)
		return false;
	count_stream(exchange);
	stream_set_handler(exchange->stream, &stream_events, exchange);
	stream_resume(exchange->stream);
	send_head(exchange); // leaves when the connection stands
	set_timeout(
		exchange, EXCHANGE_CONNECT_TIMEOUT, exchange->request.connect_timeout_ms);
	return true;
}

// Tries servers until one is dialled. Gives false, with what stood in the way, when all
// were tried.
static bool connect_any(struct exchange *exchange, enum exchange_failure *failure)
{
	struct exchange_request *request = &exchange->request;
	while (true) {
		exchange->server =
			upstream_pick(request->upstream, &exchange->tries, now_ms());
		if (!exchange->server)
			return false;
		exchange->dials = exchange->turn = 0;
		buf_clear(&exchange->head);
		exchange->write_head(exchange->arg, exchange->server, &exchange->head);
		int error = ENOMEM;
		if (exchange->head.is_failed)
			*failure = EXCHANGE_MEMORY;
		else if (reuse(exchange) || dial(exchange, &error))
			return true;
		else
			*failure = error == EADDRNOTAVAIL ? EXCHANGE_UNRESOLVED
							  : EXCHANGE_REFUSED;
		note_refused(exchange, error);
		release_server(exchange);
	}
}

static void connect_next(struct exchange *exchange, enum exchange_failure failure)
{
	if (!connect_any(exchange, &failure))
		fail(exchange, failure);
}

void exchange_init(struct exchange *exchange, struct pool *pool, struct loop *loop,
	const struct exchange_handler *handler, exchange_head_cb write_head, void *arg)
{
	*exchange = (struct exchange){
		.pool = pool,
		.loop = loop,
		.handler = handler,
		.arg = arg,
		.write_head = write_head,
	};
	loop_timer_init(&exchange->timer, loop, on_timeout, exchange);
}

bool exchange_start(struct exchange *exchange, const struct exchange_request *request,
	enum exchange_failure *reterr_failure)
{
	exchange->request = *request;
	exchange->tries.count = 0;
	exchange->error_text = NULL;
	exchange->is_open = true;
	exchange->has_head = exchange->is_response_ended = false;
	exchange->is_server_keep_alive = exchange->is_event_stream = false;
	http_reader_init(&exchange->reader, HTTP_RESPONSE, request->limits);
	*reterr_failure = EXCHANGE_REFUSED;
	if (connect_any(exchange, reterr_failure))
		return true;
	exchange_finish(exchange);
	return false;
}

bool exchange_is_writable(const struct exchange *exchange)
{
	return exchange->is_connected && !exchange_is_full(exchange);
}

bool exchange_is_full(const struct exchange *exchange)
{
	return exchange->stream && stream_is_full(exchange->stream);
}

void exchange_write(struct exchange *exchange, const void *data, size_t length)
{
	if (exchange->request.body_kind != HTTP_BODY_CHUNKED) {
		stream_write(exchange->stream, data, length);
	} else {
		char size[HTTP_WRITE_CHUNK_SIZE];
		struct iovec pieces[] = {
			{size, http_write_chunk_size(size, length)},
			{(void *)data, length},
			{"\r\n", 2},
		};
		stream_writev(exchange->stream, pieces, 3);
	}
	if (!exchange->has_head)
		set_timeout(exchange, EXCHANGE_RESPONSE_TIMEOUT,
			exchange->request.response_timeout_ms);
}

void exchange_end_request(struct exchange *exchange)
{
	if (exchange->request.body_kind == HTTP_BODY_CHUNKED)
		stream_write(exchange->stream, "0\r\n\r\n", 5);
	exchange->is_request_sent = true;
}

static void on_final_head(struct exchange *exchange, const struct http_message *head)
{
	exchange->has_head = true;
	exchange->is_server_keep_alive = head->is_keep_alive;
	const struct http_field *type = http_message_find(head, HTTP_FIELD_CONTENT_TYPE);
	exchange->is_event_stream = type && type->value.length >= 17 &&
				    str_equal_nocase((struct str){type->value.data, 17},
					    STR("text/event-stream"));
	if (exchange->request.is_head)
		http_reader_no_body(&exchange->reader);
	set_timeout(exchange, EXCHANGE_IDLE_TIMEOUT,
		exchange->is_event_stream ? CONF_OFF : exchange->request.idle_timeout_ms);
}

static void tell_bad(struct exchange *exchange)
{
	exchange->error_text = exchange->reader.scan.error;
	if (exchange->reader.is_disagreement)
		counters_add(&loop_counters(exchange->loop)->parser_disagreement, 1);
	fail(exchange, EXCHANGE_BAD);
}

enum http_reader_item exchange_next(
	struct exchange *exchange, struct http_message *ret_message)
{
	if (exchange->is_response_ended)
		return HTTP_READER_END;
	if (!exchange->data || stream_is_paused(exchange->stream))
		return HTTP_READER_MORE;
	size_t taken = 0;
	enum http_reader_item item =
		http_reader_next(&exchange->reader, exchange->data + exchange->taken,
			exchange->length - exchange->taken, ret_message, &taken);
	exchange->taken += taken;
	switch (item) {
	case HTTP_READER_HEAD:
		if (ret_message->status >= 200 || ret_message->status == 101)
			on_final_head(exchange, ret_message);
		break;
	case HTTP_READER_END:
		// 1xx responses are heads with an end of their own (RFC 9110
		// section 15.2).
		if (!exchange->has_head)
			return exchange_next(exchange, ret_message);
		exchange->is_response_ended = true;
		loop_timer_clear(&exchange->timer);
		break;
	case HTTP_READER_BAD:
		tell_bad(exchange);
		break;
	case HTTP_READER_MORE:
	case HTTP_READER_BODY:
		break;
	}
	return item;
}

void exchange_pause(struct exchange *exchange)
{
	if (!exchange->stream)
		return;
	stream_pause(exchange->stream);
	loop_timer_clear(&exchange->timer); // its silence is our doing
}

void exchange_resume(struct exchange *exchange)
{
	if (!exchange->stream || !stream_is_paused(exchange->stream))
		return;
	stream_resume(exchange->stream);
	if (exchange->has_head && !exchange->is_event_stream)
		set_timeout(exchange, EXCHANGE_IDLE_TIMEOUT,
			exchange->request.idle_timeout_ms);
}

struct stream *exchange_take_stream(
	struct exchange *exchange, struct upstream_server **ret_server)
{
	*ret_server = exchange->server;
	exchange->server = NULL;
	struct stream *stream = let_go(exchange);
	exchange_finish(exchange);
	return stream;
}

static bool is_clean(const struct exchange *exchange)
{
	bool has_surplus = exchange->data ? exchange->taken < exchange->length
					  : stream_kept_length(exchange->stream) > 0;
	return exchange->is_response_ended && exchange->is_request_sent &&
	       exchange->is_server_keep_alive && !has_surplus &&
	       stream_queued_length(exchange->stream) == 0 &&
	       !stream_is_broken(exchange->stream);
}

void exchange_finish(struct exchange *exchange)
{
	loop_timer_clear(&exchange->timer);
	if (exchange->stream && is_clean(exchange))
		pool_give(exchange->pool, exchange->server, let_go(exchange));
	close_stream(exchange);
	release_server(exchange);
	buf_finish(&exchange->head);
	exchange->is_open = false;
}
