// SPDX-License-Identifier: MIT
// The memory of who was moved; see the header.
#include "wherry/proxy/moved_clients.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "wherry/base/siphash.h"

enum {
	PLACES = 64 * 1024, // of 16 bytes
};

// Moves that follow each other within the cooldown are one time span.
struct place {
	_Atomic uint64_t first_ms; // 0 = there was none
	_Atomic uint64_t last_ms;
};

struct moved_clients {
	struct siphash_seed seed;
	struct place places[PLACES];
};

struct moved_clients *moved_clients_create(void)
{
	struct moved_clients *clients = calloc(1, sizeof(*clients));
	if (clients && siphash_make_seed(&clients->seed))
		return clients;
	free(clients);
	return NULL;
}

void moved_clients_destroy(struct moved_clients *clients)
{
	free(clients);
}

size_t moved_clients_find(
	const struct moved_clients *clients, const struct addr *client, struct str route)
{
	uint8_t key[ADDR_SOURCE_KEY_SIZE + sizeof(uint64_t)];
	uint64_t hash = siphash(&clients->seed, route.data, route.length);
	addr_source_key(client, key);
	memcpy(key + ADDR_SOURCE_KEY_SIZE, &hash, sizeof(hash));
	return siphash(&clients->seed, key, sizeof(key)) % PLACES;
}

static uint64_t load(const _Atomic uint64_t *number)
{
	return atomic_load_explicit(number, memory_order_relaxed);
}

void moved_clients_note(struct moved_clients *clients, size_t place, uint64_t now,
	uint64_t until_ms, uint64_t cooldown_ms)
{
	struct place *one = &clients->places[place];
	bool is_over = now >= load(&one->last_ms) + cooldown_ms;
	if (is_over || load(&one->first_ms) == 0)
		atomic_store_explicit(&one->first_ms, now, memory_order_relaxed);
	if (until_ms > load(&one->last_ms))
		atomic_store_explicit(&one->last_ms, until_ms, memory_order_relaxed);
}

bool moved_clients_is_recent(const struct moved_clients *clients, size_t place,
	uint64_t opened_ms, uint64_t now, uint64_t cooldown_ms)
{
	const struct place *one = &clients->places[place];
	uint64_t first_ms = load(&one->first_ms);
	return first_ms != 0 && opened_ms >= first_ms &&
	       now < load(&one->last_ms) + cooldown_ms;
}
