// SPDX-License-Identifier: MIT
// Every metric, once. Each worker owns one struct counters and is its only writer;
// readers on other threads add them up. Relaxed atomics: a load and a store, no locked
// instruction.
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "wherry/base/close_reason.h"

// X(symbol, metric name, type, help); a gauge is the sum of what workers hold now.
#define COUNTERS(X)                                                                      \
	X(client_connections, "wherry_client_connections", "gauge",                      \
		"Client connections open")                                               \
	X(accepted, "wherry_accepted_total", "counter", "Client connections accepted")   \
	X(accept_errors, "wherry_accept_errors_total", "counter",                        \
		"Failed accepts (no descriptor or memory)")                              \
	X(refused_limit, "wherry_refused_limit_total", "counter",                        \
		"Client connections refused by a connection limit")                      \
	X(refused_handshakes, "wherry_refused_handshakes_total", "counter",              \
		"TLS handshakes refused or given up by a limit")                         \
	X(shed, "wherry_shed_total", "counter",                                          \
		"Client connections given up because memory was short")                  \
	X(requests, "wherry_requests_total", "counter", "HTTP requests read")            \
	X(responses_2xx, "wherry_responses_2xx_total", "counter", "Responses 200-299")   \
	X(responses_3xx, "wherry_responses_3xx_total", "counter", "Responses 300-399")   \
	X(responses_4xx, "wherry_responses_4xx_total", "counter", "Responses 400-499")   \
	X(responses_5xx, "wherry_responses_5xx_total", "counter", "Responses 500-599")   \
	X(parser_disagreement, "wherry_parser_disagreement_total", "counter",            \
		"Heads the strict scanner and llhttp read differently")                  \
	X(backend_connections, "wherry_backend_connections", "gauge",                    \
		"Backend connections that carry an exchange or a relay")                 \
	X(backend_connects, "wherry_backend_connects_total", "counter",                  \
		"Backend connections tried")                                             \
	X(backend_connect_errors, "wherry_backend_connect_errors_total", "counter",      \
		"Backend connections that failed")                                       \
	X(backend_waiting, "wherry_backend_waiting", "gauge",                            \
		"Requests waiting for a place on a server at max_connections")           \
	X(backend_reuses, "wherry_backend_reuses_total", "counter",                      \
		"Requests sent on a kept-alive backend connection")                      \
	X(backend_retries, "wherry_backend_retries_total", "counter",                    \
		"Requests sent again after their connection was lost")                   \
	X(backend_retries_refused, "wherry_backend_retries_refused_total", "counter",    \
		"Requests not sent again because the budget was used up")                \
	X(live_answers, "wherry_live_answers_total", "counter",                          \
		"Requests answered with what others got, too")                           \
	X(live_fetches, "wherry_live_fetches_total", "counter",                          \
		"Requests to backends for all who ask for a live URL")                   \
	X(websockets, "wherry_websockets", "gauge", "WebSocket relays open")             \
	X(websockets_opened, "wherry_websockets_opened_total", "counter",                \
		"WebSocket relays opened")                                               \
	X(messages_from_clients, "wherry_messages_from_clients_total", "counter",        \
		"WebSocket messages from clients")                                       \
	X(messages_from_backends, "wherry_messages_from_backends_total", "counter",      \
		"WebSocket messages from backends")                                      \
	X(bytes_from_clients, "wherry_bytes_from_clients_total", "counter",              \
		"Bytes received from clients")                                           \
	X(bytes_from_backends, "wherry_bytes_from_backends_total", "counter",            \
		"Bytes received from backends")                                          \
	X(pings_sent, "wherry_pings_sent_total", "counter", "Pings sent by Wherry")      \
	X(push_subscribers, "wherry_push_subscribers", "gauge",                          \
		"Subscribers of channels, by any transport")                             \
	X(push_full, "wherry_push_subscribers_full", "gauge",                            \
		"Subscribers that have no room for the next message")                    \
	X(push_published, "wherry_push_published_total", "counter",                      \
		"Messages that clients and backends published")                          \
	X(push_delivered, "wherry_push_delivered_total", "counter",                      \
		"Messages written to subscribers")                                       \
	X(push_fallen_behind, "wherry_push_fallen_behind_total", "counter",              \
		"Times that more waited for a subscriber than its queue allows")

struct counters {
#define X(symbol, name, type, help) _Atomic uint64_t symbol;
	COUNTERS(X)
#undef X
	_Atomic uint64_t closes[CLOSE_REASON_COUNT]; // wherry_closes_total{reason="..."}
};

// Only by the owner of the struct.
static inline void counters_add(_Atomic uint64_t *counter, uint64_t amount)
{
	uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);
	atomic_store_explicit(counter, value + amount, memory_order_relaxed);
}

static inline void counters_subtract(_Atomic uint64_t *counter, uint64_t amount)
{
	counters_add(counter, (uint64_t)0 - amount);
}
