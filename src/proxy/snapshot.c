// SPDX-License-Identifier: MIT
// One edition of the whole; see the header.
#include "wherry/proxy/snapshot.h"

#include <stdlib.h>

struct snapshot *snapshot_create(uint64_t number, struct rules *rules,
	struct upstream_set *upstreams, struct tls_set *const *tls)
{
	size_t count = rules->conf->listener_count;
	struct snapshot *snapshot = calloc(1, sizeof(*snapshot));
	struct tls_set **sets = calloc(count + 1, sizeof(struct tls_set *));
	if (!snapshot || !sets) {
		free(snapshot);
		free(sets);
		return NULL;
	}
	for (size_t i = 0; i < count; i++)
		sets[i] = tls[i] ? tls_set_ref(tls[i]) : NULL;
	snapshot->number = number;
	snapshot->rules = rules_ref(rules);
	snapshot->upstreams = upstream_set_ref(upstreams);
	snapshot->tls = sets;
	atomic_init(&snapshot->users, 0);
	return snapshot;
}

void snapshot_destroy(struct snapshot *snapshot)
{
	if (!snapshot)
		return;
	for (size_t i = 0; i < snapshot->rules->conf->listener_count; i++)
		tls_set_unref(snapshot->tls[i]);
	free(snapshot->tls);
	upstream_set_unref(snapshot->upstreams);
	rules_unref(snapshot->rules);
	free(snapshot);
}
