// SPDX-License-Identifier: MIT
// How often clients may come: the rates of limits.rates.
#include <string.h>

#include "limits_priv.h"
#include "wherry/base/now.h"

enum {
	SOURCE_BUCKETS = 65536, // 2 MiB, if any rate looks at the source
};

static const struct conf_rate *find_rate(
	const struct conf_limits *limits, enum limits_rate which)
{
	switch (which) {
	case LIMITS_RATE_CONNECTIONS:
		return &limits->connection_rate;
	case LIMITS_RATE_HANDSHAKES:
		return &limits->handshake_rate;
	case LIMITS_RATE_REQUESTS:
		return &limits->request_rate;
	case LIMITS_RATE_WEBSOCKETS:
	case LIMITS_RATE_COUNT:
		break;
	}
	return &limits->websocket_rate;
}

static const char *const total_texts[] = {
	[LIMITS_RATE_CONNECTIONS] = "too many new connections (limits.rates.connections)",
	[LIMITS_RATE_HANDSHAKES] =
		"too many TLS handshakes (limits.rates.tls_handshakes)",
	[LIMITS_RATE_REQUESTS] = "too many requests (limits.rates.requests)",
	[LIMITS_RATE_WEBSOCKETS] =
		"too many WebSocket handshakes (limits.rates.websockets)",
};

static const char *const source_texts[] = {
	[LIMITS_RATE_CONNECTIONS] = "too many new connections from this address "
				    "(limits.rates.connections_per_source)",
	[LIMITS_RATE_HANDSHAKES] = "too many TLS handshakes from this address "
				   "(limits.rates.tls_handshakes_per_source)",
	[LIMITS_RATE_REQUESTS] = "too many requests from this address "
				 "(limits.rates.requests_per_source)",
	[LIMITS_RATE_WEBSOCKETS] = "too many WebSocket handshakes from this address "
				   "(limits.rates.websockets_per_source)",
};

bool limits_rate_refuse(
	unsigned status, const char *detail, uint64_t wait_ms, struct reply *ret_refusal)
{
	*ret_refusal = (struct reply){
		.status = status,
		.detail = detail,
		.retry_after_s = (wait_ms + 999) / 1000,
	};
	return false;
}

bool limits_rate_adopt(struct limits *limits, const struct conf *conf)
{
	bool looks_at_source = false;
	for (unsigned i = 0; i < LIMITS_RATE_COUNT; i++)
		looks_at_source |= find_rate(&conf->limits, i)->per_source.count != 0;
	for (size_t i = 0; i < conf->route_count; i++)
		looks_at_source |=
			conf->routes[i].limits.request_rate.per_source.count != 0;
	if (looks_at_source && !limits->source_rates)
		limits->source_rates = rate_table_create(SOURCE_BUCKETS);
	return !looks_at_source || limits->source_rates;
}

bool limits_rate_take(struct limits *limits, const struct conf *conf,
	enum limits_rate which, struct reply *ret_refusal)
{
	const struct rate_limit *limit = &find_rate(&conf->limits, which)->total;
	if (limit->count == 0)
		return true;
	uint64_t wait_ms = rate_take_shared(&limits->rates[which], limit, now_ms(), 1);
	return wait_ms == 0 ||
	       limits_rate_refuse(503, total_texts[which], wait_ms, ret_refusal);
}

uint64_t limits_rate_wait_source(struct limits *limits, const struct addr *source,
	size_t bucket, const struct rate_limit *limit)
{
	uint8_t key[RATE_TABLE_KEY_SIZE] = {0};
	uint32_t number = (uint32_t)bucket;
	addr_source_key(source, key);
	memcpy(key + ADDR_SOURCE_KEY_SIZE, &number, sizeof(number));
	struct rate_table *table = limits->source_rates;
	return table ? rate_table_take(table, key, limit, now_ms(), 1) : 0;
}

bool limits_rate_take_source(struct limits *limits, const struct conf *conf,
	enum limits_rate which, const struct addr *source, struct reply *ret_refusal)
{
	const struct rate_limit *limit = &find_rate(&conf->limits, which)->per_source;
	if (limit->count == 0)
		return true;
	uint64_t wait_ms = limits_rate_wait_source(limits, source, which, limit);
	return wait_ms == 0 ||
	       limits_rate_refuse(429, source_texts[which], wait_ms, ret_refusal);
}
