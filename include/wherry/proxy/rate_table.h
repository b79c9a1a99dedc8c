// SPDX-License-Identifier: MIT
// Token buckets by key, for all threads, in memory that is bounded and never grows. A
// bucket that is full is as good as none: so when there is no room for one more, the one
// that is nearest to being full, or is the longest, is forgotten.
#pragma once

#include <stddef.h>

#include "wherry/base/attributes.h"
#include "wherry/base/rate.h"

struct rate_table;

enum {
	RATE_TABLE_KEY_SIZE = 24
};

// Room for at least so many buckets, at 32 bytes each. NULL when memory or randomness is
// short.
MUST_CHECK struct rate_table *rate_table_create(size_t buckets);
void rate_table_destroy(struct rate_table *table);

// Any thread. As rate_take, from the key's own bucket.
uint64_t rate_table_take(struct rate_table *table, const uint8_t key[RATE_TABLE_KEY_SIZE],
	const struct rate_limit *limit, uint64_t now_ms, uint64_t amount);
