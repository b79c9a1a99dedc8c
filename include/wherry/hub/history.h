// SPDX-License-Identifier: MIT
// The messages of a channel in the order of their ids, the newest at the end: those that
// are remembered, which limits bound, and before them those that only wait for
// subscribers who lag behind. Positions count all that ever were; a message may be asked
// for by its position from first to end.
//
//     gone ... | first  waiting ... | kept  remembered ... | end
#pragma once

#include "wherry/conf/conf_push.h"
#include "wherry/hub/message.h"

struct history_entry {
	struct message *message; // a reference
	uint64_t bytes_before;   // of payloads of all messages before it
};

struct history {
	struct history_entry *entries; // a ring
	size_t capacity;               // a power of two, or 0
	uint64_t first, kept, end;
	uint64_t bytes;      // of payloads of all messages that ever were
	uint64_t kept_count; // of those that count: data
	uint64_t kept_bytes;
	uint64_t floor; // id up to which data is not remembered any more
	uint64_t lost;  // id up to which data is gone
};

// Raises limits to others where these are higher. True if any are.
bool history_widen(struct conf_history *limits, const struct conf_history *others);

// Who has seen all up to floor misses nothing.
void history_init(struct history *history, uint64_t floor);
void history_finish(struct history *history);

// Puts it at the end; a reference is taken. False when memory is short.
MUST_CHECK bool history_add(struct history *history, struct message *message);
// The same, and what it is the newest of is removed. Positions of what came behind that
// change.
MUST_CHECK bool history_replace(struct history *history, struct message *message);
// From now on so much is remembered. What is too much waits, until history_drop.
void history_limit(
	struct history *history, const struct conf_history *limits, uint64_t now_ms);
// Drops what waits, but for as much as queue allows (NULL: all of it), and at least the
// newest message.
void history_drop(struct history *history, const struct conf_history *queue);
// All are gone up to the id, whether they ever were here or not.
void history_lose(struct history *history, uint64_t id);

// Position of the first message with a greater id; end if there is none.
uint64_t history_find(const struct history *history, uint64_t after);
// Lent until the history changes.
struct message *history_at(const struct history *history, uint64_t position);
// Bytes of payloads from there to the end.
uint64_t history_bytes_from(const struct history *history, uint64_t position);
// Id of the newest message; floor if there is none.
uint64_t history_newest(const struct history *history);
