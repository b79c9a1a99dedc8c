// SPDX-License-Identifier: MIT
// Sessions by key; see the header. A key can stand in one set of a few places.
#include "wherry/upstream/session_table.h"

#include <stdlib.h>

#include "wherry/base/locked_sets.h"

enum {
	PLACES = 8, // of a set
	SETS = SESSION_TABLE_SIZE / PLACES,
};

struct place {
	uint64_t key; // 0 = free
	uint64_t server_id;
	uint64_t used_ms;
};

struct session_table {
	struct locked_sets sets;
};

struct session_table *session_table_create(void)
{
	struct session_table *table = calloc(1, sizeof(*table));
	if (table && locked_sets_init(&table->sets, SETS, PLACES * sizeof(struct place)))
		return table;
	free(table);
	return NULL;
}

void session_table_destroy(struct session_table *table)
{
	if (table)
		locked_sets_finish(&table->sets);
	free(table);
}

uint64_t session_table_key(const struct session_table *table, struct str id)
{
	uint64_t key = locked_sets_hash(&table->sets, id.data, id.length);
	return key != 0 ? key : 1;
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
	struct place *places = locked_sets_enter(&table->sets, key);
	struct place *place = find_place(places, key);
	if (!place)
		place = find_oldest(places);
	*place = (struct place){key, server_id, now_ms};
	locked_sets_leave(&table->sets, key);
}

uint64_t session_table_find(struct session_table *table, uint64_t key, uint64_t now_ms)
{
	uint64_t server_id = 0;
	struct place *place = find_place(locked_sets_enter(&table->sets, key), key);
	if (place && now_ms - place->used_ms < SESSION_TABLE_LIFE_MS) {
		server_id = place->server_id;
		place->used_ms = now_ms;
	}
	locked_sets_leave(&table->sets, key);
	return server_id;
}
