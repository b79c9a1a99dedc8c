// SPDX-License-Identifier: MIT
// Sessions by key; see the header. A key can stand in one set of a few places; sets share
// locks, which only requests that have a session take.
#include "wherry/upstream/session_table.h"

#include <pthread.h>
#include <stdlib.h>

#include "wherry/base/siphash.h"

enum {
	PLACES = 8, // of a set
	SETS = SESSION_TABLE_SIZE / PLACES,
	LOCKS = 64,
};

struct place {
	uint64_t key; // 0 = free
	uint64_t server_id;
	uint64_t used_ms;
};

struct set {
	struct place places[PLACES];
};

struct session_table {
	struct siphash_seed seed;
	struct set *sets; // pages that nobody has used cost nothing
	pthread_mutex_t locks[LOCKS];
};

struct session_table *session_table_create(void)
{
	struct session_table *table = calloc(1, sizeof(*table));
	if (!table)
		return NULL;
	table->sets = calloc(SETS, sizeof(*table->sets));
	if (!table->sets || !siphash_make_seed(&table->seed)) {
		free(table->sets);
		free(table);
		return NULL;
	}
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_init(&table->locks[i], NULL);
	return table;
}

void session_table_destroy(struct session_table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_destroy(&table->locks[i]);
	free(table->sets);
	free(table);
}

uint64_t session_table_key(const struct session_table *table, struct str id)
{
	uint64_t key = siphash(&table->seed, id.data, id.length);
	return key != 0 ? key : 1;
}

static pthread_mutex_t *lock_of(struct session_table *table, uint64_t key)
{
	return &table->locks[key % LOCKS];
}

static struct place *places_of(struct session_table *table, uint64_t key)
{
	return table->sets[key % SETS].places;
}

static struct place *find_place(struct place *places, uint64_t key)
{
	for (size_t i = 0; i < PLACES; i++) {
		if (places[i].key == key)
			return &places[i];
	}
	return NULL;
}

static struct place *find_oldest(struct place *places)
{
	struct place *oldest = &places[0];
	for (size_t i = 1; i < PLACES; i++) {
		if (places[i].used_ms < oldest->used_ms)
			oldest = &places[i];
	}
	return oldest;
}

void session_table_put(
	struct session_table *table, uint64_t key, uint64_t server_id, uint64_t now_ms)
{
	struct place *places = places_of(table, key);
	pthread_mutex_lock(lock_of(table, key));
	struct place *place = find_place(places, key);
	if (!place)
		place = find_oldest(places);
	*place = (struct place){key, server_id, now_ms};
	pthread_mutex_unlock(lock_of(table, key));
}

uint64_t session_table_find(struct session_table *table, uint64_t key, uint64_t now_ms)
{
	uint64_t server_id = 0;
	pthread_mutex_lock(lock_of(table, key));
	struct place *place = find_place(places_of(table, key), key);
	if (place && now_ms - place->used_ms < SESSION_TABLE_LIFE_MS) {
		server_id = place->server_id;
		place->used_ms = now_ms;
	}
	pthread_mutex_unlock(lock_of(table, key));
	return server_id;
}
