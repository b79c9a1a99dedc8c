// SPDX-License-Identifier: MIT
// Token buckets by key; see the header. A key can stand in one set of a few places, found
// by a hash that nobody outside can foresee; sets share locks, so that workers seldom
// meet.
#include "wherry/proxy/rate_table.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "wherry/base/siphash.h"

enum {
	PLACES = 8, // of a set
	LOCKS = 64, // a power of two
};

struct place {
	uint8_t key[RATE_TABLE_KEY_SIZE];
	struct rate rate; // full: the place is free
};

struct set {
	struct place places[PLACES];
};

struct rate_table {
	struct siphash_seed seed;
	struct set *sets;
	size_t set_mask;
	pthread_mutex_t locks[LOCKS];
};

struct rate_table *rate_table_create(size_t buckets)
{
	struct rate_table *table = calloc(1, sizeof(*table));
	if (!table)
		return NULL;
	size_t sets = LOCKS;
	while (sets * PLACES < buckets)
		sets *= 2;
	table->set_mask = sets - 1;
	table->sets = calloc(sets, sizeof(*table->sets));
	if (!table->sets || !siphash_make_seed(&table->seed)) {
		free(table->sets);
		free(table);
		return NULL;
	}
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_init(&table->locks[i], NULL);
	return table;
}

void rate_table_destroy(struct rate_table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_destroy(&table->locks[i]);
	free(table->sets);
	free(table);
}

// The key's place, or the one that it may have: then its bucket is full.
static struct place *find_place(struct set *set, const uint8_t *key)
{
	struct place *best = &set->places[0];
	for (size_t i = 0; i < PLACES; i++) {
		struct place *place = &set->places[i];
		if (memcmp(place->key, key, RATE_TABLE_KEY_SIZE) == 0)
			return place;
		if (place->rate.full_at < best->rate.full_at)
			best = place;
	}
	memcpy(best->key, key, RATE_TABLE_KEY_SIZE);
	best->rate = (struct rate){0};
	return best;
}

uint64_t rate_table_take(struct rate_table *table, const uint8_t key[RATE_TABLE_KEY_SIZE],
	const struct rate_limit *limit, uint64_t now_ms, uint64_t amount)
{
	size_t index =
		(size_t)siphash(&table->seed, key, RATE_TABLE_KEY_SIZE) & table->set_mask;
	pthread_mutex_t *lock = &table->locks[index % LOCKS];
	pthread_mutex_lock(lock);
	struct place *place = find_place(&table->sets[index], key);
	uint64_t wait_ms = rate_take(&place->rate, limit, now_ms, amount);
	pthread_mutex_unlock(lock);
	return wait_ms;
}
