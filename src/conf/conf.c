// SPDX-License-Identifier: MIT
// Owns a configuration: its references and its memory.
#include "wherry/conf/conf.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "conf_priv.h"

struct conf_shared {
	struct conf conf; // first, so that a pointer to it is a pointer to all
	atomic_size_t references;
	struct conf_arena memory;
};

struct conf *conf_create(void)
{
	struct conf_shared *shared = calloc(1, sizeof(*shared));
	if (!shared)
		return NULL;
	atomic_init(&shared->references, 1);
	return &shared->conf;
}

struct conf_arena *conf_memory(struct conf *conf)
{
	return &((struct conf_shared *)conf)->memory;
}

bool conf_has_https(const struct conf_upstream *upstream)
{
	for (size_t i = 0; i < upstream->server_count; i++) {
		if (upstream->servers[i].url.scheme == URL_HTTPS)
			return true;
	}
	return false;
}

struct conf *conf_ref(struct conf *conf)
{
	struct conf_shared *shared = (struct conf_shared *)conf;
	if (shared)
		atomic_fetch_add_explicit(&shared->references, 1, memory_order_relaxed);
	return conf;
}

void conf_unref(struct conf *conf)
{
	struct conf_shared *shared = (struct conf_shared *)conf;
	if (!shared)
		return;
	// Release our reads before whoever is last frees what we read.
	if (atomic_fetch_sub_explicit(&shared->references, 1, memory_order_acq_rel) != 1)
		return;
	conf_arena_finish(&shared->memory);
	free(shared);
}
