// SPDX-License-Identifier: MIT
// One request to a group of servers, and what becomes of it; see the header.
#include "wherry/upstream/exchange.h"

#include <errno.h>

#include "exchange_priv.h"
#include "wherry/base/now.h"
#include "wherry/proto/http_write.h"
#include "wherry/upstream/upstream_note.h"

void exchange_set_timeout(
	struct exchange *exchange, enum exchange_failure meaning, uint64_t timeout_ms)
{
	exchange->timeout = meaning;
	if (timeout_ms == CONF_OFF)
		loop_timer_clear(&exchange->timer);
	else
		loop_timer_set(&exchange->timer, now_ms() + timeout_ms);
}

// The stream changes hands.
static struct stream *let_go(struct exchange *exchange)
{
	struct stream *stream = exchange->stream;
	if (stream)
		counters_subtract(&loop_counters(exchange->loop)->backend_connections, 1);
	exchange->stream = NULL;
	return stream;
}

void exchange_close_stream(struct exchange *exchange)
{
	stream_destroy(let_go(exchange));
}

void exchange_release_server(struct exchange *exchange)
{
	if (exchange->server)
		upstream_release(exchange->server);
	exchange->server = NULL;
}

void exchange_fail(struct exchange *exchange, enum exchange_failure failure)
{
	loop_timer_clear(&exchange->timer);
	exchange_outcome_failure(exchange, failure);
	exchange_close_stream(exchange);
	exchange->handler->on_fail(exchange->arg, failure);
}

void exchange_break_off(struct exchange *exchange, enum exchange_failure failure)
{
	exchange_outcome_error(exchange, failure);
	if (!exchange_connect_elsewhere(exchange, failure))
		exchange_fail(exchange, failure);
}

// A kept-alive connection may end at any time, which says nothing about the server.
static void lose(struct exchange *exchange)
{
	if (exchange->is_reused && !exchange->has_answer)
		exchange_connect_again(exchange);
	else
		exchange_break_off(exchange, EXCHANGE_LOST);
}

void exchange_await_response(struct exchange *exchange)
{
	exchange->sent_ms = now_ms();
	exchange_set_timeout(exchange, EXCHANGE_RESPONSE_TIMEOUT,
		exchange->request.response_timeout_ms);
}

static void on_connect(void *arg)
{
	struct exchange *exchange = arg;
	exchange->is_connected = true;
	exchange->sent_ms = now_ms();
	upstream_note_connected(exchange->server);
	buf_finish(&exchange->head);        // another server would get one of its own
	loop_timer_clear(&exchange->timer); // the client is watched while it sends
	if (exchange->is_request_sent)
		exchange_await_response(exchange);
	if (exchange->handler->on_writable)
		exchange->handler->on_writable(exchange->arg);
}

static size_t on_data(void *arg, const uint8_t *data, size_t length)
{
	struct exchange *exchange = arg;
	exchange->has_answer = true;
	exchange->data = data;
	exchange->length = length;
	exchange->taken = 0;
	if (exchange->has_head && !exchange->is_event_stream)
		exchange_set_timeout(exchange, EXCHANGE_IDLE_TIMEOUT,
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
	if (exchange->handler->on_writable)
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
	lose(exchange);
}

// An end without close_notify may have been made by anybody on the way, and proves
// nothing about a response that reaches until it.
static void on_tls_end(struct exchange *exchange)
{
	exchange->error_text = stream_error_text(exchange->stream);
	if (!exchange->is_connected)
		exchange_connect_failed(exchange, EPROTO, EXCHANGE_TLS);
	else
		lose(exchange);
}

static void on_end(void *arg, enum stream_end end)
{
	struct exchange *exchange = arg;
	switch (end) {
	case STREAM_END_EOF:
		on_eof(exchange);
		return;
	case STREAM_END_STALL:
		exchange_break_off(exchange, EXCHANGE_STALL);
		return;
	case STREAM_END_MEMORY:
		exchange_fail(exchange, EXCHANGE_MEMORY);
		return;
	case STREAM_END_TLS:
	case STREAM_END_TRUNCATED:
		on_tls_end(exchange);
		return;
	case STREAM_END_ERROR:
		if (!exchange->is_connected)
			exchange_connect_failed(exchange, stream_error(exchange->stream),
				EXCHANGE_REFUSED);
		else
			lose(exchange);
		return;
	}
}

const struct stream_handler exchange_stream_events = {
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
		exchange_connect_failed(exchange, ETIMEDOUT, EXCHANGE_CONNECT_TIMEOUT);
	else if (exchange->is_connected)
		exchange_break_off(exchange, exchange->timeout);
	else
		exchange_fail(exchange, exchange->timeout);
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
	exchange->error_text = exchange->tls_error = NULL;
	exchange->is_open = true;
	exchange->is_repeated = false;
	exchange->interim_count = 0;
	exchange->has_head = exchange->is_response_ended = false;
	exchange->is_server_keep_alive = exchange->is_event_stream = false;
	http_reader_init(&exchange->reader, HTTP_RESPONSE, request->limits);
	*reterr_failure = EXCHANGE_OVERLOAD;
	if (exchange_outcome_begin(exchange)) {
		*reterr_failure = EXCHANGE_REFUSED;
		if (exchange_connect_any(exchange, reterr_failure))
			return true;
		exchange_outcome_failure(exchange, *reterr_failure);
	}
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
}

void exchange_end_request(struct exchange *exchange)
{
	if (exchange->request.body_kind == HTTP_BODY_CHUNKED)
		stream_write(exchange->stream, "0\r\n\r\n", 5);
	exchange->is_request_sent = true;
	if (!exchange->has_head)
		exchange_await_response(exchange);
}

struct stream *exchange_take_stream(
	struct exchange *exchange, struct upstream_server **ret_server)
{
	exchange_outcome_answer(exchange, 101);
	*ret_server = exchange->server;
	exchange->server = NULL;
	struct stream *stream = let_go(exchange);
	exchange_finish(exchange);
	return stream;
}

void exchange_refuse_switch(struct exchange *exchange)
{
	exchange_outcome_error(exchange, EXCHANGE_BAD);
}

static bool is_clean(const struct exchange *exchange)
{
	bool has_surplus = exchange->data ? exchange->taken < exchange->length
					  : stream_kept_length(exchange->stream) > 0;
	return exchange->is_response_ended && exchange->is_request_sent &&
	       exchange->is_server_keep_alive && !has_surplus &&
	       exchange->request.prologue.length == 0 &&
	       stream_queued_length(exchange->stream) == 0 &&
	       !stream_is_broken(exchange->stream);
}

void exchange_finish(struct exchange *exchange)
{
	exchange_wait_stop(exchange);
	loop_timer_clear(&exchange->timer);
	exchange_outcome_end(exchange);
	if (exchange->stream && is_clean(exchange))
		pool_give(exchange->pool, exchange->server, let_go(exchange));
	exchange_close_stream(exchange);
	exchange_release_server(exchange);
	buf_finish(&exchange->head);
	exchange->is_open = false;
}
