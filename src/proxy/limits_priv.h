// SPDX-License-Identifier: MIT
// The limits as their parts see them: limits.c (connections), limits_rate.c and
// limits_request.c.
#pragma once

#include <pthread.h>
#include <stdlib.h>

#include "wherry/base/map.h"
#include "wherry/proxy/limits.h"
#include "wherry/proxy/rate_table.h"

enum limits_rate {
	LIMITS_RATE_CONNECTIONS,
	LIMITS_RATE_HANDSHAKES,
	LIMITS_RATE_REQUESTS,
	LIMITS_RATE_WEBSOCKETS,
	LIMITS_RATE_COUNT // how many there are, not a rate
};

enum {
	LIMITS_RETRY_MS = 1000, // where nobody knows when a place becomes free
	LIMITS_MEMORY_RETRY_MS = 5000,
};

// Of all workers together.
struct limits_route {
	struct rate_shared rate;
	struct rate_shared publications;
	_Atomic uint64_t count; // requests and WebSockets at once
};

struct limits {
	pthread_mutex_t lock; // of sources
	struct map *sources;  // source key -> connections, or handshakes
	_Atomic size_t total;
	_Atomic size_t count;
	_Atomic unsigned memory;                     // enum limits_memory
	struct rate_shared rates[LIMITS_RATE_COUNT]; // of everybody
	_Atomic(struct rate_table *) source_rates;   // NULL: no rate looks at the source
};

// Neither trusted nor exempt, and to be told from others.
bool limits_counts_source(const struct conf *conf, const struct addr *peer);

// Fills it in; gives false.
bool limits_rate_refuse(
	unsigned status, const char *detail, uint64_t wait_ms, struct reply *ret_refusal);
// The wait of one more of the source's in this bucket; 0: taken.
MUST_CHECK uint64_t limits_rate_wait_source(struct limits *limits,
	const struct addr *source, size_t bucket, const struct rate_limit *limit);

// Makes the memory of sources' rates if the configuration asks for one. False when memory
// is short.
MUST_CHECK bool limits_rate_adopt(struct limits *limits, const struct conf *conf);
MUST_CHECK bool limits_rate_take(struct limits *limits, const struct conf *conf,
	enum limits_rate which, struct reply *ret_refusal);
// The source is not exempt.
MUST_CHECK bool limits_rate_take_source(struct limits *limits, const struct conf *conf,
	enum limits_rate which, const struct addr *source, struct reply *ret_refusal);
