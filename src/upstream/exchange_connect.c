// SPDX-License-Identifier: MIT
// Finding a connection for an exchange: servers in turn, a kept-alive connection
// where the request may be sent twice.
#include <errno.h>

#include "exchange_priv.h"
#include "wherry/base/log.h"
#include "wherry/base/now.h"
#include "wherry/upstream/upstream_note.h"

// The gauge counts connections that carry an exchange or a relay, not those in the pool.
static void count_stream(struct exchange *exchange)
{
	counters_add(&loop_counters(exchange->loop)->backend_connections, 1);
}

static void send_head(struct exchange *exchange)
{
	struct str head = buf_str(&exchange->head);
	stream_write(exchange->stream, head.data, head.length);
	exchange->is_request_sent = !exchange->request.has_body;
}

// A shortage of our own says nothing about the server.
static bool is_our_fault(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM ||
	       error == ENOBUFS || error == EADDRNOTAVAIL;
}

static void note_refused(struct exchange *exchange, int error)
{
	const char *reason =
		exchange->error_text ? exchange->error_text : strerrordesc_np(error);

	counters_add(&loop_counters(exchange->loop)->backend_connect_errors, 1);
	if (is_our_fault(error))
		log_warn("upstream %s: connect to %s: %s",
			exchange->request.upstream->conf->name, exchange->server->name,
			reason);
	else
		upstream_note_connect_error(
			exchange->request.upstream, exchange->server, now_ms(), reason);
}

static bool dial(struct exchange *exchange, int *reterr_errno)
{
	exchange->is_reused = exchange->is_connected = exchange->has_answer = false;
	counters_add(&loop_counters(exchange->loop)->backend_connects, 1);
	exchange->stream = pool_dial(exchange->pool, exchange->server, reterr_errno);
	if (!exchange->stream)
		return false;
	count_stream(exchange);
	stream_set_handler(exchange->stream, &exchange_stream_events, exchange);
	stream_resume(exchange->stream);
	// Bare, whatever is spoken behind it.
	struct str prologue = exchange->request.prologue;
	if (prologue.length > 0)
		stream_write(exchange->stream, prologue.data, prologue.length);
	if (!pool_start_tls(exchange->pool, exchange->request.upstream, exchange->server,
		    exchange->stream)) {
		exchange_close_stream(exchange);
		*reterr_errno = ENOMEM;
		return false;
	}
	send_head(exchange); // leaves when the connection stands
	exchange_set_timeout(
		exchange, EXCHANGE_CONNECT_TIMEOUT, exchange->request.connect_timeout_ms);
	return true;
}

static bool reuse(struct exchange *exchange)
{
	if (!exchange->request.may_reuse || exchange->request.prologue.length > 0)
		return false;
	exchange->stream = pool_take(exchange->pool, exchange->server);
	if (!exchange->stream)
		return false;
	counters_add(&loop_counters(exchange->loop)->backend_reuses, 1);
	count_stream(exchange);
	exchange->is_reused = exchange->is_connected = true;
	exchange->has_answer = false;
	stream_set_handler(exchange->stream, &exchange_stream_events, exchange);
	stream_resume(exchange->stream);
	send_head(exchange);
	exchange_await_response(exchange);
	return true;
}

// A handshake that failed says more than that the other servers refused.
static void tell_tls(struct exchange *exchange, enum exchange_failure *failure)
{
	if (!exchange->tls_error)
		return;
	exchange->error_text = exchange->tls_error;
	*failure = EXCHANGE_TLS;
}

// To the server that was found.
static bool connect_one(struct exchange *exchange, enum exchange_failure *failure)
{
	int error = ENOMEM;
	exchange->error_text = NULL;
	buf_clear(&exchange->head);
	exchange->write_head(exchange->arg, exchange->server, &exchange->head);
	*failure = EXCHANGE_MEMORY;
	if (!exchange->head.is_failed) {
		if (reuse(exchange) || dial(exchange, &error))
			return true;
		*failure = EXCHANGE_REFUSED;
	}
	note_refused(exchange, error);
	exchange_release_server(exchange);
	return false;
}

bool exchange_connect_any(struct exchange *exchange, enum exchange_failure *failure)
{
	if (exchange->request.upstream->member_count == 0)
		*failure = EXCHANGE_UNRESOLVED;
	while (true) {
		switch (exchange_wait_for_server(exchange)) {
		case EXCHANGE_WAIT_FOUND:
			if (exchange->is_repeated && !exchange_outcome_spend(exchange)) {
				exchange_release_server(exchange);
				return false;
			}
			if (connect_one(exchange, failure))
				return true;
			break;
		case EXCHANGE_WAIT_ON:
			return true;
		case EXCHANGE_WAIT_FULL:
			*failure = EXCHANGE_FULL;
			return false;
		case EXCHANGE_WAIT_NONE:
			tell_tls(exchange, failure);
			return false;
		}
	}
}

static void connect_next(struct exchange *exchange, enum exchange_failure failure)
{
	if (!exchange_connect_any(exchange, &failure))
		exchange_fail(exchange, failure);
}

void exchange_connect_failed(
	struct exchange *exchange, int error, enum exchange_failure failure)
{
	exchange_close_stream(exchange);
	note_refused(exchange, error);
	exchange_release_server(exchange);
	if (failure == EXCHANGE_TLS)
		exchange->tls_error = exchange->error_text;
	connect_next(exchange, failure);
}

void exchange_connect_again(struct exchange *exchange)
{
	counters_add(&loop_counters(exchange->loop)->backend_retries, 1);
	exchange_close_stream(exchange);
	exchange->request.may_reuse = false;
	exchange->tries.count--;
	exchange_release_server(exchange);
	connect_next(exchange, EXCHANGE_LOST);
}

bool exchange_connect_elsewhere(struct exchange *exchange, enum exchange_failure failure)
{
	if (!exchange->request.may_repeat || exchange->has_answer)
		return false;
	exchange_close_stream(exchange);
	exchange_release_server(exchange);
	exchange->request.may_reuse = false;
	exchange->is_repeated = true;
	connect_next(exchange, failure);
	return true;
}
