// SPDX-License-Identifier: MIT
// A server for an exchange, and the wait for a place on one.
#include "exchange_priv.h"
#include "wherry/base/now.h"

// Nobody overtakes those who wait already.
static enum upstream_pick_result pick(struct exchange *exchange)
{
	const struct upstream *upstream = exchange->request.upstream;
	exchange->server = NULL;
	if (upstream->queue && !exchange->ticket && wait_queue_has_line(upstream->queue))
		return UPSTREAM_PICK_FULL;
	return upstream_pick(upstream, &exchange->request.key, &exchange->tries, now_ms(),
		&exchange->server);
}

void exchange_wait_stop(struct exchange *exchange)
{
	if (!exchange->ticket)
		return;
	wait_queue_leave(exchange->ticket);
	exchange->ticket = NULL;
	counters_subtract(&loop_counters(exchange->loop)->backend_waiting, 1);
}

static void on_wake(void *arg)
{
	struct exchange *exchange = arg;
	enum exchange_failure failure = EXCHANGE_REFUSED;
	if (!exchange_connect_any(exchange, &failure))
		exchange_fail(exchange, failure);
}

static bool start(struct exchange *exchange)
{
	const struct upstream *upstream = exchange->request.upstream;
	const struct conf_queue *conf = &upstream->conf->queue;
	if (!upstream->queue)
		return false;
	exchange->is_connected = false;
	exchange->ticket = wait_queue_join(upstream->queue, conf->size,
		exchange->request.key.is_bound, exchange->loop, on_wake, exchange);
	if (!exchange->ticket)
		return false;
	counters_add(&loop_counters(exchange->loop)->backend_waiting, 1);
	exchange_set_timeout(exchange, EXCHANGE_FULL, conf->timeout_ms);
	return true;
}

enum exchange_wait_result exchange_wait_for_server(struct exchange *exchange)
{
	enum upstream_pick_result result = pick(exchange);
	while (result == UPSTREAM_PICK_FULL && exchange->ticket) {
		if (wait_queue_return(exchange->ticket))
			return EXCHANGE_WAIT_ON;
		result = pick(exchange);
	}
	exchange_wait_stop(exchange);
	switch (result) {
	case UPSTREAM_PICK_OK:
		return EXCHANGE_WAIT_FOUND;
	case UPSTREAM_PICK_FULL:
		return start(exchange) ? EXCHANGE_WAIT_ON : EXCHANGE_WAIT_FULL;
	case UPSTREAM_PICK_NONE:
		break;
	}
	return EXCHANGE_WAIT_NONE;
}
