// SPDX-License-Identifier: MIT
// The limits as their parts see them: limits.c (connections) and limits_rate.c.
#pragma once

#include <pthread.h>

#include "wherry/base/map.h"
#include "wherry/proxy/limits.h"
#include "wherry/proxy/rate_table.h"

enum limits_rate {
	LIMITS_RATE_CONNECTIONS,
	LIMITS_RATE_REQUESTS,
	LIMITS_RATE_WEBSOCKETS,
	LIMITS_RATE_COUNT // how many there are, not a rate
};

struct limits {
	const struct conf *conf;
	pthread_mutex_t lock; // of sources
	struct map *sources;  // source key -> connections
	size_t total;
	_Atomic size_t count;
	struct rate_shared rates[LIMITS_RATE_COUNT]; // of everybody
	struct rate_table *source_rates;             // NULL: no rate looks at the source
};

// Neither trusted nor exempt, and to be told from others.
bool limits_counts_source(const struct limits *limits, const struct addr *peer);

// False when memory is short.
MUST_CHECK bool limits_rate_init(struct limits *limits);
void limits_rate_finish(struct limits *limits);
MUST_CHECK bool limits_rate_take(struct limits *limits, enum limits_rate which,
	struct limits_refusal *ret_refusal);
// source may be exempt.
MUST_CHECK bool limits_rate_take_source(struct limits *limits, enum limits_rate which,
	const struct addr *source, struct limits_refusal *ret_refusal);
