// SPDX-License-Identifier: MIT
// The messages of a channel; see the header.
#include "wherry/hub/history.h"

#include <assert.h>
#include <stdlib.h>

enum {
	CAPACITY_MIN = 8, // a power of two, as every capacity is
};

static struct history_entry *entry_at(const struct history *history, uint64_t position)
{
	assert(position >= history->first && position < history->end);
	return &history->entries[position & (history->capacity - 1)];
}

static bool widen(uint64_t *limit, uint64_t to)
{
	if (*limit >= to)
		return false;
	*limit = to;
	return true;
}

bool history_widen(struct conf_history *limits, const struct conf_history *others)
{
	bool is_more = widen(&limits->messages, others->messages);
	is_more |= widen(&limits->age_ms, others->age_ms);
	return widen(&limits->bytes, others->bytes) || is_more;
}

void history_init(struct history *history, uint64_t floor)
{
	*history = (struct history){.floor = floor, .lost = floor};
}

void history_finish(struct history *history)
{
	for (; history->first < history->end; history->first++)
		message_unref(history_at(history, history->first));
	free(history->entries);
	*history = (struct history){0};
}

static bool resize(struct history *history, size_t capacity)
{
	struct history_entry *entries = malloc(capacity * sizeof(*entries));
	if (!entries)
		return false;
	for (uint64_t at = history->first; at < history->end; at++)
		entries[at & (capacity - 1)] = *entry_at(history, at);
	free(history->entries);
	history->entries = entries;
	history->capacity = capacity;
	return true;
}

static bool counts(const struct message *message)
{
	return message->kind == MESSAGE_DATA;
}

bool history_add(struct history *history, struct message *message)
{
	size_t capacity = history->capacity;
	if (history->end - history->first == capacity &&
		!resize(history, capacity > 0 ? capacity * 2 : CAPACITY_MIN))
		return false;
	*entry_at(history, history->end++) = (struct history_entry){
		.message = message_ref(message),
		.bytes_before = history->bytes,
	};
	history->bytes += message->payload.length;
	if (counts(message)) {
		history->kept_count++;
		history->kept_bytes += message->payload.length;
	}
	return true;
}

// Is not counted as remembered any more.
static void uncount(struct history *history, const struct message *message)
{
	if (!counts(message))
		return;
	history->kept_count--;
	history->kept_bytes -= message->payload.length;
}

// Those behind it move up.
static void remove_at(struct history *history, uint64_t position)
{
	struct message *message = history_at(history, position);
	size_t length = message->payload.length;
	if (position >= history->kept)
		uncount(history, message);
	else
		history->kept--;
	for (; position + 1 < history->end; position++) {
		struct history_entry *entry = entry_at(history, position);
		*entry = *entry_at(history, position + 1);
		entry->bytes_before -= length;
	}
	history->end--;
	history->bytes -= length;
	message_unref(message);
}

bool history_replace(struct history *history, struct message *message)
{
	if (!history_add(history, message))
		return false;
	for (uint64_t at = history->end - 1; at-- > history->first;) {
		struct message *other = history_at(history, at);
		if (other->kind != message->kind || !str_equal(other->key, message->key))
			continue;
		remove_at(history, at);
		break; // of each key there is one
	}
	return true;
}

static bool is_young(
	const struct message *message, const struct conf_history *limits, uint64_t now_ms)
{
	return now_ms <= message->at_ms || now_ms - message->at_ms < limits->age_ms;
}

void history_limit(
	struct history *history, const struct conf_history *limits, uint64_t now_ms)
{
	for (; history->kept < history->end; history->kept++) {
		struct message *message = history_at(history, history->kept);
		bool is_kept = history->kept_count <= limits->messages &&
			       history->kept_bytes <= limits->bytes &&
			       is_young(message, limits, now_ms);
		if (is_kept && counts(message))
			return;
		uncount(history, message);
		if (counts(message))
			history->floor = message->id;
	}
}

static void drop_first(struct history *history)
{
	struct message *message = history_at(history, history->first);
	if (counts(message))
		history->lost = message->id;
	history->first++;
	message_unref(message);
}

static bool is_within(const struct history *history, const struct conf_history *queue)
{
	return history->end - history->first <= queue->messages &&
	       history_bytes_from(history, history->first) <= queue->bytes;
}

void history_drop(struct history *history, const struct conf_history *queue)
{
	while (history->first < history->kept) {
		if (queue &&
			(history->end - history->first == 1 || is_within(history, queue)))
			break;
		drop_first(history);
	}
	size_t count = (size_t)(history->end - history->first);
	if (count == 0) {
		free(history->entries); // most channels are silent
		history->entries = NULL;
		history->capacity = 0;
	} else if (history->capacity > CAPACITY_MIN && count < history->capacity / 8) {
		// Without memory for a smaller ring the larger one goes on.
		(void)resize(history, history->capacity / 2);
	}
}

void history_lose(struct history *history, uint64_t id)
{
	for (; history->first < history->end; history->first++) {
		struct message *message = history_at(history, history->first);
		if (message->id > id)
			break;
		if (history->kept == history->first) {
			uncount(history, message);
			history->kept++;
		}
		message_unref(message);
	}
	if (history->floor < id)
		history->floor = id;
	if (history->lost < id)
		history->lost = id;
}

uint64_t history_find(const struct history *history, uint64_t after)
{
	uint64_t low = history->first, high = history->end;
	// Most have seen all but the last one.
	if (high - low >= 2 && history_at(history, high - 2)->id <= after)
		low = high - 1;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		if (history_at(history, middle)->id > after)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

struct message *history_at(const struct history *history, uint64_t position)
{
	return entry_at(history, position)->message;
}

uint64_t history_bytes_from(const struct history *history, uint64_t position)
{
	if (position == history->end)
		return 0;
	return history->bytes - entry_at(history, position)->bytes_before;
}

uint64_t history_newest(const struct history *history)
{
	if (history->first == history->end)
		return history->floor;
	return history_at(history, history->end - 1)->id;
}
