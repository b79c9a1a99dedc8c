// SPDX-License-Identifier: MIT
// Open addressing with linear probing. Removal moves later entries of the run back, so
// that there are no tombstones and a look-up ends at the first free slot.
#include "wherry/base/map.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

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
	uint64_t seed[2];
	struct slot *slots;
	size_t capacity;
	size_t count;
};

// SipHash (Aumasson and Bernstein, 2012), state v0 to v3.
struct sip {
	uint64_t v[4];
};

static uint64_t rotate(uint64_t value, unsigned bits)
{
	return value << bits | value >> (64 - bits);
}

static void sip_rounds(struct sip *sip, unsigned count)
{
	uint64_t *v = sip->v;

	while (count-- > 0) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] = rotate(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] = rotate(v[2], 32);
	}
}

static void sip_take(struct sip *sip, uint64_t word)
{
	sip->v[3] ^= word;
	sip_rounds(sip, 2);
	sip->v[0] ^= word;
}

// Up to 8 bytes, little-endian.
static uint64_t read_word(const uint8_t *bytes, size_t length)
{
	uint64_t word = 0;

	for (size_t i = 0; i < length; i++)
		word |= (uint64_t)bytes[i] << (8 * i);
	return word;
}

static uint64_t hash_key(const struct map *map, const uint8_t *key, size_t length)
{
	struct sip sip = {{
		map->seed[0] ^ UINT64_C(0x736f6d6570736575),
		map->seed[1] ^ UINT64_C(0x646f72616e646f6d),
		map->seed[0] ^ UINT64_C(0x6c7967656e657261),
		map->seed[1] ^ UINT64_C(0x7465646279746573),
	}};
	size_t whole = length - length % 8;

	for (size_t at = 0; at < whole; at += 8)
		sip_take(&sip, read_word(key + at, 8));
	uint64_t last = whole < length ? read_word(key + whole, length - whole) : 0;
	sip_take(&sip, last | (uint64_t)length << 56);
	sip.v[2] ^= 0xff;
	sip_rounds(&sip, 4);
	return sip.v[0] ^ sip.v[1] ^ sip.v[2] ^ sip.v[3];
}

struct map *map_create(void)
{
	struct map *map = calloc(1, sizeof(*map));

	if (!map)
		return NULL;
	map->capacity = CAPACITY_MIN;
	map->slots = calloc(map->capacity, sizeof(*map->slots));
	// Requests this short are filled at once.
	if (!map->slots || getrandom(map->seed, sizeof(map->seed), 0) !=
				   (ssize_t)sizeof(map->seed)) {
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
	struct slot *slot = probe(map, hash_key(map, key, key_length), key, key_length);

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
	uint64_t hash = hash_key(map, key, key_length);
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
	struct slot *slot = probe(map, hash_key(map, key, key_length), key, key_length);

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
