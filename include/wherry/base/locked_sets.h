// SPDX-License-Identifier: MIT
// Sets that all threads share, in memory that never grows: what has a key belongs to one
// of them, found by a hash that nobody outside can foresee. They share locks, so that
// threads seldom meet.
#pragma once

#include <pthread.h>

#include "wherry/base/siphash.h"

enum {
	LOCKED_SETS_MIN = 64
};

// Embedded in what fills the sets.
struct locked_sets {
	struct siphash_seed seed;
	char *memory; // pages that nobody has used cost nothing
	size_t count, set_size;
	pthread_mutex_t locks[LOCKED_SETS_MIN];
};

// Zeroed sets of so many bytes each; count is a power of two, LOCKED_SETS_MIN at least.
// False when memory or randomness is short: then there is nothing to finish.
MUST_CHECK bool locked_sets_init(struct locked_sets *sets, size_t count, size_t set_size);
void locked_sets_finish(struct locked_sets *sets);

uint64_t locked_sets_hash(const struct locked_sets *sets, const void *key, size_t length);
// The hash's set, which is this thread's alone until it leaves. No other may be entered
// meanwhile.
void *locked_sets_enter(struct locked_sets *sets, uint64_t hash);
void locked_sets_leave(struct locked_sets *sets, uint64_t hash);
