// SPDX-License-Identifier: MIT
// Sets and their locks; see the header.
#include "wherry/base/locked_sets.h"

#include <stdlib.h>

bool locked_sets_init(struct locked_sets *sets, size_t count, size_t set_size)
{
	sets->count = count;
	sets->set_size = set_size;
	sets->memory = calloc(count, set_size);
	if (!sets->memory || !siphash_make_seed(&sets->seed)) {
		free(sets->memory);
		return false;
	}
	for (size_t i = 0; i < LOCKED_SETS_MIN; i++)
		pthread_mutex_init(&sets->locks[i], NULL);
	return true;
}

void locked_sets_finish(struct locked_sets *sets)
{
	for (size_t i = 0; i < LOCKED_SETS_MIN; i++)
		pthread_mutex_destroy(&sets->locks[i]);
	free(sets->memory);
}

uint64_t locked_sets_hash(const struct locked_sets *sets, const void *key, size_t length)
{
	return siphash(&sets->seed, key, length);
}

void *locked_sets_enter(struct locked_sets *sets, uint64_t hash)
{
	pthread_mutex_lock(&sets->locks[hash % LOCKED_SETS_MIN]);
	return sets->memory + (hash & (sets->count - 1)) * sets->set_size;
}

void locked_sets_leave(struct locked_sets *sets, uint64_t hash)
{
	pthread_mutex_unlock(&sets->locks[hash % LOCKED_SETS_MIN]);
}
