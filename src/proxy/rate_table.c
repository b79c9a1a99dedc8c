// SPDX-License-Identifier: MIT
// Token buckets by key; see the header. A key can stand in one set of a few places.
#include "wherry/proxy/rate_table.h"

#include <stdlib.h>
#include <string.h>

#include "wherry/base/locked_sets.h"

enum {
	PLACES = 8, // of a set
};

struct place {
	uint8_t key[RATE_TABLE_KEY_SIZE];
	struct rate rate; // full: the place is free
};

struct rate_table {
	struct locked_sets sets;
};

struct rate_table *rate_table_create(size_t buckets)
{
	struct rate_table *table = calloc(1, sizeof(*table));
	size_t sets = LOCKED_SETS_MIN;
	while (sets * PLACES < buckets)
		sets *= 2;
	if (table && locked_sets_init(&table->sets, sets, PLACES * sizeof(struct place)))
		return table;
	free(table);
	return NULL;
}

void rate_table_destroy(struct rate_table *table)
{
	if (table)
		locked_sets_finish(&table->sets);
	free(table);
}

// The key's place, or the one that it may have: then its bucket is full.
static struct place *find_place(struct place *places, const uint8_t *key)
{
	struct place *best = &places[0];
	for (size_t i = 0; i < PLACES; i++) {
		struct place *place = &places[i];
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
	uint64_t hash = locked_sets_hash(&table->sets, key, RATE_TABLE_KEY_SIZE);
	struct place *place = find_place(locked_sets_enter(&table->sets, hash), key);
	uint64_t wait_ms = rate_take(&place->rate, limit, now_ms, amount);
	locked_sets_leave(&table->sets, hash);
	return wait_ms;
}
