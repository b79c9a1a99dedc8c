// SPDX-License-Identifier: MIT
// A hash table from byte strings to one machine word, safe against chosen keys:
// SipHash-2-4 with a random seed per map. Not thread-safe; the caller locks where threads
// share one.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wherry/base/attributes.h"

struct map;

// NULL when memory or randomness is short.
MUST_CHECK struct map *map_create(void);
void map_destroy(struct map *map);

// The value's place, valid until the next map_put or map_remove; NULL if absent.
uintptr_t *map_find(struct map *map, const void *key, size_t key_length);
// Finds or makes the entry (new value 0), copying the key; NULL when memory is short.
MUST_CHECK uintptr_t *map_put(struct map *map, const void *key, size_t key_length);
void map_remove(struct map *map, const void *key, size_t key_length);
size_t map_count(const struct map *map);
