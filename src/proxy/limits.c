// SPDX-License-Identifier: MIT
// Connection limits; see the header.
#include "wherry/proxy/limits.h"

#include <stdlib.h>
#include <sys/resource.h>

#include "limits_priv.h"
#include "wherry/base/log.h"

enum {
	RESERVED_DESCRIPTORS = 64, // listeners, logs, pools' first connections, status
	CONNECTIONS_MIN = 16,
};

// Each client connection may need another descriptor for its backend.
static size_t find_total(const struct conf *conf)
{
	if (conf->limits.connections != 0)
		return conf->limits.connections;
	struct rlimit descriptors;
	if (getrlimit(RLIMIT_NOFILE, &descriptors) != 0 ||
		descriptors.rlim_cur <= RESERVED_DESCRIPTORS + 2 * CONNECTIONS_MIN)
		return CONNECTIONS_MIN;
	return (size_t)(descriptors.rlim_cur - RESERVED_DESCRIPTORS) / 2;
}

struct limits *limits_create(const struct conf *conf)
{
	struct limits *limits = calloc(1, sizeof(*limits));
	if (!limits)
		return NULL;
	atomic_init(&limits->total, find_total(conf));
	pthread_mutex_init(&limits->lock, NULL);
	limits->sources = map_create();
	if (limits->sources && limits_rate_adopt(limits, conf))
		return limits;
	limits_destroy(limits);
	return NULL;
}

void limits_destroy(struct limits *limits)
{
	if (!limits)
		return;
	rate_table_destroy(limits->source_rates);
	map_destroy(limits->sources);
	pthread_mutex_destroy(&limits->lock);
	free(limits);
}

void limits_adopt(struct limits *limits, const struct conf *conf)
{
	limits->total = find_total(conf);
	if (!limits_rate_adopt(limits, conf))
		log_error("limits: no memory to watch the rates of sources");
}

bool limits_counts_source(const struct conf *conf, const struct addr *peer)
{
	return peer->length > 0 && !addr_is_unix(peer) &&
	       !addr_network_has(conf->limits.exempt, conf->limits.exempt_count, peer) &&
	       !addr_network_has(conf->trusted_proxies, conf->trusted_proxy_count, peer);
}

bool limits_enter(
	struct limits *limits, const struct conf *conf, struct reply *ret_refusal)
{
	unsigned memory = atomic_load_explicit(&limits->memory, memory_order_relaxed);
	if (memory != LIMITS_MEMORY_ENOUGH)
		return limits_rate_refuse(503, "memory is short (limits.memory)",
			LIMITS_MEMORY_RETRY_MS, ret_refusal);
	if (!limits_rate_take(limits, conf, LIMITS_RATE_CONNECTIONS, ret_refusal))
		return false;
	if (atomic_fetch_add(&limits->count, 1) < limits->total)
		return true;
	limits_leave(limits);
	return limits_rate_refuse(503, "too many connections (limits.connections)",
		LIMITS_RETRY_MS, ret_refusal);
}

void limits_leave(struct limits *limits)
{
	atomic_fetch_sub(&limits->count, 1);
}

struct source_key {
	uint8_t bytes[ADDR_SOURCE_KEY_SIZE];
};

static struct source_key find_source(const struct addr *peer)
{
	struct source_key key = {0};
	addr_source_key(peer, key.bytes);
	return key;
}

// Handshakes count by the /24 of an IPv4 address; the mark keeps them apart from the
// connections.
static struct source_key find_network(const struct addr *peer)
{
	struct source_key key = find_source(peer);
	if (key.bytes[0] == 4)
		key.bytes[4] = 0;
	key.bytes[0] |= 0x80;
	return key;
}

static bool count_in(struct limits *limits, struct source_key key, size_t most)
{
	pthread_mutex_lock(&limits->lock);
	uintptr_t *count = map_put(limits->sources, key.bytes, sizeof(key.bytes));
	bool is_allowed = count && *count < most;
	if (is_allowed)
		++*count;
	pthread_mutex_unlock(&limits->lock);
	return is_allowed;
}

static void count_out(struct limits *limits, struct source_key key)
{
	pthread_mutex_lock(&limits->lock);
	uintptr_t *count = map_find(limits->sources, key.bytes, sizeof(key.bytes));
	if (count && --*count == 0)
		map_remove(limits->sources, key.bytes, sizeof(key.bytes));
	pthread_mutex_unlock(&limits->lock);
}

bool limits_enter_source(struct limits *limits, const struct conf *conf,
	const struct addr *peer, bool *ret_is_counted, struct reply *ret_refusal)
{
	*ret_is_counted = false;
	if (!limits_counts_source(conf, peer))
		return true;
	if (!limits_rate_take_source(
		    limits, conf, LIMITS_RATE_CONNECTIONS, peer, ret_refusal))
		return false;
	*ret_is_counted = count_in(limits, find_source(peer), conf->limits.per_source);
	return *ret_is_counted ||
	       limits_rate_refuse(429,
		       "too many connections from this address (limits.per_source)",
		       LIMITS_RETRY_MS, ret_refusal);
}

void limits_leave_source(struct limits *limits, const struct addr *peer)
{
	count_out(limits, find_source(peer));
}

static bool enter_network(struct limits *limits, const struct conf *conf,
	const struct addr *peer, bool *ret_is_counted, struct reply *ret_refusal)
{
	size_t most = conf->limits.tls_handshakes_per_source;
	*ret_is_counted = false;
	if (!limits_counts_source(conf, peer))
		return true;
	if (!limits_rate_take_source(
		    limits, conf, LIMITS_RATE_HANDSHAKES, peer, ret_refusal))
		return false;
	*ret_is_counted = count_in(limits, find_network(peer), most);
	return *ret_is_counted ||
	       limits_rate_refuse(429,
		       "too many TLS handshakes at once from this address "
		       "(limits.tls_handshakes_per_source)",
		       LIMITS_RETRY_MS, ret_refusal);
}

// The source first: what one is refused must not use up what there is for all.
bool limits_enter_handshake(struct limits *limits, const struct conf *conf,
	const struct addr *peer, bool *ret_is_counted, struct reply *ret_refusal)
{
	if (!enter_network(limits, conf, peer, ret_is_counted, ret_refusal))
		return false;
	if (limits_rate_take(limits, conf, LIMITS_RATE_HANDSHAKES, ret_refusal))
		return true;
	if (*ret_is_counted)
		limits_leave_handshake(limits, peer);
	*ret_is_counted = false;
	return false;
}

void limits_leave_handshake(struct limits *limits, const struct addr *peer)
{
	count_out(limits, find_network(peer));
}

enum limits_memory limits_judge_memory(
	uint64_t used, uint64_t budget, enum limits_memory before)
{
	if (used >= budget + budget / 8)
		return LIMITS_MEMORY_SHORT;
	bool is_full = used >= budget;
	bool stays_full = before != LIMITS_MEMORY_ENOUGH && used >= budget - budget / 16;
	return is_full || stays_full ? LIMITS_MEMORY_FULL : LIMITS_MEMORY_ENOUGH;
}

void limits_set_memory(struct limits *limits, enum limits_memory level)
{
	atomic_store_explicit(&limits->memory, level, memory_order_relaxed);
}
