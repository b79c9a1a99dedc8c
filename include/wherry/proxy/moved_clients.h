// SPDX-License-Identifier: MIT
// Which clients were lately moved to another server, so that none is moved again and
// again. Bounded, and for all threads: places are shared by hash, and who shares one with
// a client that was moved is only left alone as well. So is a connection of the same
// client that was opened since then, for it may be the moved one come back.
#pragma once

#include "wherry/base/addr.h"
#include "wherry/base/attributes.h"
#include "wherry/base/str.h"

struct moved_clients;

// NULL when memory or randomness is short.
MUST_CHECK struct moved_clients *moved_clients_create(void);
void moved_clients_destroy(struct moved_clients *clients);

// Its place: by address (an IPv6 one by its /64) and route.
size_t moved_clients_find(
	const struct moved_clients *clients, const struct addr *client, struct str route);
// One of the place's connections is being moved, from now until then (of now_ms).
void moved_clients_note(struct moved_clients *clients, size_t place, uint64_t now,
	uint64_t until_ms, uint64_t cooldown_ms);
// Was a connection that was opened then maybe moved within the cooldown?
bool moved_clients_is_recent(const struct moved_clients *clients, size_t place,
	uint64_t opened_ms, uint64_t now, uint64_t cooldown_ms);
