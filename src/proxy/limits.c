// SPDX-License-Identifier: MIT
// Connection limits; see the header.
#include "wherry/proxy/limits.h"

#include <stdlib.h>
#include <sys/resource.h>

#include "limits_priv.h"

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
	limits->conf = conf;
	limits->total = find_total(conf);
	pthread_mutex_init(&limits->lock, NULL);
	limits->sources = map_create();
	if (limits->sources && limits_rate_init(limits) && limits_request_init(limits))
		return limits;
	limits_destroy(limits);
	return NULL;
}

void limits_destroy(struct limits *limits)
{
	if (!limits)
		return;
	limits_rate_finish(limits);
	limits_request_finish(limits);
	map_destroy(limits->sources);
	pthread_mutex_destroy(&limits->lock);
	free(limits);
}

bool limits_counts_source(const struct limits *limits, const struct addr *peer)
{
	const struct conf *conf = limits->conf;
	return peer->length > 0 && !addr_is_unix(peer) &&
	       !addr_network_has(conf->limits.exempt, conf->limits.exempt_count, peer) &&
	       !addr_network_has(conf->trusted_proxies, conf->trusted_proxy_count, peer);
}

bool limits_enter(struct limits *limits, struct limits_refusal *ret_refusal)
{
	unsigned memory = atomic_load_explicit(&limits->memory, memory_order_relaxed);
	if (memory != LIMITS_MEMORY_ENOUGH)
		return limits_rate_refuse(503, "memory is short (limits.memory)",
			LIMITS_MEMORY_RETRY_MS, ret_refusal);
	if (!limits_rate_take(limits, LIMITS_RATE_CONNECTIONS, ret_refusal))
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

static bool count_source(struct limits *limits, const struct addr *peer)
{
	uint8_t key[ADDR_SOURCE_KEY_SIZE];
	addr_source_key(peer, key);
	pthread_mutex_lock(&limits->lock);
	uintptr_t *count = map_put(limits->sources, key, sizeof(key));
	bool is_allowed = count && *count < limits->conf->limits.per_source;
	if (is_allowed)
		++*count;
	pthread_mutex_unlock(&limits->lock);
	return is_allowed;
}

bool limits_enter_source(struct limits *limits, const struct addr *peer,
	struct limits_refusal *ret_refusal)
{
	if (!limits_counts_source(limits, peer))
		return true;
	if (!limits_rate_take_source(limits, LIMITS_RATE_CONNECTIONS, peer, ret_refusal))
		return false;
	return count_source(limits, peer) ||
	       limits_rate_refuse(429,
		       "too many connections from this address (limits.per_source)",
		       LIMITS_RETRY_MS, ret_refusal);
}

void limits_leave_source(struct limits *limits, const struct addr *peer)
{
	if (!limits_counts_source(limits, peer))
		return;
	uint8_t key[ADDR_SOURCE_KEY_SIZE];
	addr_source_key(peer, key);
	pthread_mutex_lock(&limits->lock);
	uintptr_t *count = map_find(limits->sources, key, sizeof(key));
	if (count && --*count == 0)
		map_remove(limits->sources, key, sizeof(key));
	pthread_mutex_unlock(&limits->lock);
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

size_t limits_total(const struct limits *limits)
{
	return limits->total;
}
