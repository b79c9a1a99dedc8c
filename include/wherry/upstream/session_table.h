// SPDX-License-Identifier: MIT
// Which server has which session of its own (Engine.IO, SignalR, SockJS): a table of
// fixed size that all workers share. What was not asked for longest makes room for what
// is new. It keeps hashes with a random seed, not the ids.
#pragma once

#include "wherry/base/str.h"

struct session_table;

enum {
	SESSION_TABLE_SIZE = 1 << 17,        // sessions
	SESSION_TABLE_LIFE_MS = 3600 * 1000, // without being asked for
};

// NULL when memory or randomness is short.
MUST_CHECK struct session_table *session_table_create(void);
void session_table_destroy(struct session_table *table);

// What the table knows the id by; never 0. Any thread, as all below.
uint64_t session_table_key(const struct session_table *table, struct str id);
// The session is on that server (not 0) from now on.
void session_table_put(
	struct session_table *table, uint64_t key, uint64_t server_id, uint64_t now_ms);
// Its server; 0 if it is not known. Its life begins anew.
uint64_t session_table_find(struct session_table *table, uint64_t key, uint64_t now_ms);
