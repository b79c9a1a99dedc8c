// SPDX-License-Identifier: MIT
// Open addressing with linear probing. Removal moves later entries of the run back, so
// that there are no tombstones and a look-up ends at the first free slot.
#include "wherry/base/map.h"

#include <stdlib.h>
#include <string.h>

#include "wherry/base/siphash.h"

enum {
	CAPACITY_MIN = 16, // a power of two, as every capacity is
};

struct slot {
	uint8_t *key; // NULL = free
	size_t key_length;
	uint64_t hash;
	uintptr_t value;
};

struct map {
	struct siphash_seed seed;
	struct slot *slots;
	size_t capacity;
	size_t count;
};

struct map *map_create(void)
{
	struct map *map = calloc(1, sizeof(*map));

	if (!map)
		return NULL;
	map->capacity = CAPACITY_MIN;
	map->slots = calloc(map->capacity, sizeof(*map->slots));
	if (!map->slots || !siphash_make_seed(&map->seed)) {
		map_destroy(map);
		return NULL;
	}
	return map;
}

void map_destroy(struct map *map)
{
	if (!map)
		return;
	for (size_t i = 0; map->slots && i < map->capacity; i++)
		free(map->slots[i].key);
	free(map->slots);
	free(map);
}

static bool is_key_of(
	const struct slot *slot, uint64_t hash, const void *key, size_t key_length)
{
	return slot->hash == hash && slot->key_length == key_length &&
	       (key_length == 0 || memcmp(slot->key, key, key_length) == 0);
}

// The key's slot, or the free one where it would go.
static struct slot *probe(
	const struct map *map, uint64_t hash, const void *key, size_t key_length)
{
	size_t at = hash & (map->capacity - 1);

	while (map->slots[at].key && !is_key_of(&map->slots[at], hash, key, key_length))
		at = (at + 1) & (map->capacity - 1);
	return &map->slots[at];
}

uintptr_t *map_find(struct map *map, const void *key, size_t key_length)
{
	struct slot *slot =
		probe(map, siphash(&map->seed, key, key_length), key, key_length);

	return slot->key ? &slot->value : NULL;
}

static bool resize(struct map *map, size_t capacity)
{
	struct slot *slots = calloc(capacity, sizeof(*slots));

	if (!slots)
		return false;
	for (size_t i = 0; i < map->capacity; i++) {
		if (!map->slots[i].key)
			continue;
		// All keys differ, so the first free slot is right.
		size_t at = map->slots[i].hash & (capacity - 1);
		while (slots[at].key)
			at = (at + 1) & (capacity - 1);
		slots[at] = map->slots[i];
	}
	free(map->slots);
	map->slots = slots;
	map->capacity = capacity;
	return true;
}

uintptr_t *map_put(struct map *map, const void *key, size_t key_length)
{
	uint64_t hash = siphash(&map->seed, key, key_length);
	struct slot *slot = probe(map, hash, key, key_length);

	if (slot->key)
		return &slot->value;
	// A quarter stays free: short runs, and a probe that always ends.
	if (map->count >= map->capacity / 4 * 3) {
		if (!resize(map, map->capacity * 2))
			return NULL;
		slot = probe(map, hash, key, key_length);
	}
	uint8_t *copy = malloc(key_length > 0 ? key_length : 1);
	if (!copy)
		return NULL;
	if (key_length > 0)
		memcpy(copy, key, key_length);
	*slot = (struct slot){.key = copy, .key_length = key_length, .hash = hash};
	map->count++;
	return &slot->value;
}

// Moves later entries of the run back into the hole, none to before its own place.
static void close_hole(struct map *map, size_t hole)
{
	size_t mask = map->capacity - 1;

	for (size_t at = (hole + 1) & mask; map->slots[at].key; at = (at + 1) & mask) {
		size_t from_home = (at - map->slots[at].hash) & mask;
		size_t from_hole = (at - hole) & mask;
		if (from_home < from_hole)
			continue;
		map->slots[hole] = map->slots[at];
		hole = at;
	}
	map->slots[hole] = (struct slot){0};
}

void map_remove(struct map *map, const void *key, size_t key_length)
{
	struct slot *slot =
		probe(map, siphash(&map->seed, key, key_length), key, key_length);

	if (!slot->key)
		return;
	free(slot->key);
	close_hole(map, (size_t)(slot - map->slots));
	map->count--;
	// Without memory for a smaller table the larger one goes on.
	if (map->capacity > CAPACITY_MIN && map->count < map->capacity / 8)
		(void)resize(map, map->capacity / 2);
}

size_t map_count(const struct map *map)
{
	return map->count;
}
