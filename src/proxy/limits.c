// SPDX-License-Identifier: MIT
// Connection limits; see the header.
#include "wherry/proxy/limits.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "wherry/base/map.h"

enum {
	RESERVED_DESCRIPTORS = 64, // listeners, logs, pools' first connections, status
	CONNECTIONS_MIN = 16,
};

struct limits {
	const struct conf *conf;
	pthread_mutex_t lock;
	struct map *sources; // source key -> connections
	size_t total;
	size_t count;
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
	limits->sources = map_create();
	if (!limits->sources) {
		free(limits);
		return NULL;
	}
	pthread_mutex_init(&limits->lock, NULL);
	return limits;
}

void limits_destroy(struct limits *limits)
{
	if (!limits)
		return;
	map_destroy(limits->sources);
	pthread_mutex_destroy(&limits->lock);
	free(limits);
}

static bool is_counted(const struct limits *limits, const struct addr *peer)
{
	const struct conf *conf = limits->conf;
	return !addr_is_unix(peer) &&
	       !addr_network_has(conf->limits.exempt, conf->limits.exempt_count, peer) &&
	       !addr_network_has(conf->trusted_proxies, conf->trusted_proxy_count, peer);
}

static enum limits_result enter_source(struct limits *limits, const struct addr *peer)
{
	uint8_t key[ADDR_SOURCE_KEY_SIZE];
	addr_source_key(peer, key);
	uintptr_t *count = map_put(limits->sources, key, sizeof(key));
	if (!count || *count >= limits->conf->limits.per_source)
		return LIMITS_SOURCE;
	++*count;
	return LIMITS_OK;
}

enum limits_result limits_enter(struct limits *limits, const struct addr *peer)
{
	bool counts_source = is_counted(limits, peer);
	pthread_mutex_lock(&limits->lock);
	enum limits_result result = LIMITS_OK;
	if (limits->count >= limits->total)
		result = LIMITS_TOTAL;
	else if (counts_source)
		result = enter_source(limits, peer);
	if (result == LIMITS_OK)
		limits->count++;
	pthread_mutex_unlock(&limits->lock);
	return result;
}

void limits_leave(struct limits *limits, const struct addr *peer)
{
	uint8_t key[ADDR_SOURCE_KEY_SIZE];
	addr_source_key(peer, key);
	bool counts_source = is_counted(limits, peer);
	pthread_mutex_lock(&limits->lock);
	limits->count--;
	uintptr_t *count =
		counts_source ? map_find(limits->sources, key, sizeof(key)) : NULL;
	if (count && --*count == 0)
		map_remove(limits->sources, key, sizeof(key));
	pthread_mutex_unlock(&limits->lock);
}

size_t limits_total(const struct limits *limits)
{
	return limits->total;
}
