// SPDX-License-Identifier: MIT
// What one turn of the control loop has for each worker; see hub_priv.h. Where memory is
// short, a tap is marked instead, and gets all that its channel remembers later.
#include <stdlib.h>

#include "channel_priv.h"
#include "publication_priv.h"
#include "wherry/base/now.h"

enum {
	CAPACITY_MIN = 16,
	RETRY_MS = 100,
};

void hub_batch_init(struct hub_batch *batch, struct feeds *feeds)
{
	*batch = (struct hub_batch){.feeds = feeds};
	STAILQ_INIT(&batch->syncs);
	STAILQ_INIT(&batch->published);
	STAILQ_INIT(&batch->parted);
	STAILQ_INIT(&batch->refused);
}

void hub_batch_clear(struct hub_batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		message_unref(batch->items[i].message);
	free(batch->items);
	struct hub_sync *sync;
	while ((sync = STAILQ_FIRST(&batch->syncs))) {
		STAILQ_REMOVE_HEAD(&batch->syncs, beside);
		for (size_t i = 0; i < sync->count; i++)
			message_unref(sync->messages[i]);
		free(sync);
	}
	struct publication *publication;
	while ((publication = STAILQ_FIRST(&batch->published))) {
		STAILQ_REMOVE_HEAD(&batch->published, beside);
		publication_destroy(publication);
	}
	hub_batch_init(batch, batch->feeds);
}

static void retry_later(struct hub *hub)
{
	loop_timer_set(&hub->retry, now_ms() + RETRY_MS);
}

static bool reserve(struct hub_batch *batch)
{
	if (batch->count < batch->capacity)
		return true;
	size_t capacity = batch->capacity > 0 ? batch->capacity * 2 : CAPACITY_MIN;
	struct hub_item *items = realloc(batch->items, capacity * sizeof(*items));
	if (!items)
		return false;
	batch->items = items;
	batch->capacity = capacity;
	return true;
}

void hub_batch_add(struct hub_tap *tap, struct message *message)
{
	struct hub_batch *batch = &tap->worker->batch;
	if (tap->needs_sync)
		return; // it would get this one before those that it has missed
	if (reserve(batch)) {
		batch->items[batch->count++] =
			(struct hub_item){tap->feed, message_ref(message)};
		hub_batch_mark(tap->worker->hub);
		return;
	}
	tap->needs_sync = true;
	retry_later(tap->worker->hub);
}

void hub_batch_sync(struct hub_tap *tap)
{
	struct channel *channel = tap->channel;
	const struct history *history = &channel->history;
	size_t count = (size_t)(history->end - history->first);
	struct hub_sync *sync = malloc(sizeof(*sync) + count * sizeof(sync->messages[0]));
	tap->needs_sync = !sync;
	if (!sync) {
		retry_later(tap->worker->hub);
		return;
	}
	*sync = (struct hub_sync){
		.feed = tap->feed,
		.limits = channel->limits,
		.crowd = &channel->subscribers,
		.floor = history->floor,
		.item_count = tap->worker->batch.count,
		.count = count,
	};
	for (size_t i = 0; i < count; i++)
		sync->messages[i] = message_ref(history_at(history, history->first + i));
	STAILQ_INSERT_TAIL(&tap->worker->batch.syncs, sync, beside);
	hub_batch_mark(tap->worker->hub);
}

static bool is_empty(const struct hub_batch *batch)
{
	return batch->count == 0 && STAILQ_EMPTY(&batch->syncs) &&
	       STAILQ_EMPTY(&batch->published) && STAILQ_EMPTY(&batch->parted) &&
	       STAILQ_EMPTY(&batch->refused);
}

// Moves all from one to the other, which is empty.
static void move(struct hub_batch *from, struct hub_batch *to)
{
	hub_batch_init(to, from->feeds);
	STAILQ_CONCAT(&to->syncs, &from->syncs);
	STAILQ_CONCAT(&to->published, &from->published);
	STAILQ_CONCAT(&to->parted, &from->parted);
	STAILQ_CONCAT(&to->refused, &from->refused);
	to->items = from->items;
	to->count = from->count;
	to->capacity = from->capacity;
	hub_batch_init(from, from->feeds);
}

// False: all of it stays.
static bool send_batch(struct hub_worker *worker)
{
	struct hub_batch *batch = malloc(sizeof(*batch));
	if (!batch)
		return false;
	move(&worker->batch, batch);
	if (loop_post(worker->loop, feeds_receive, batch))
		return true;
	move(batch, &worker->batch);
	free(batch);
	return false;
}

static void flush(void *arg)
{
	struct hub *hub = arg;
	struct hub_worker *worker;
	LIST_FOREACH (worker, &hub->workers, beside) {
		if (!is_empty(&worker->batch) && !send_batch(worker))
			retry_later(hub);
	}
}

void hub_batch_mark(struct hub *hub)
{
	loop_defer(hub->loop, &hub->flush, flush, hub);
}

void hub_batch_retry(void *arg)
{
	struct hub *hub = arg;
	struct channel *channel;
	struct hub_tap *tap;
	TAILQ_FOREACH (channel, &hub->joined.list, beside) {
		TAILQ_FOREACH (tap, &channel->taps, beside) {
			if (tap->needs_sync && channel->is_known)
				hub_batch_sync(tap);
		}
	}
	hub_batch_mark(hub);
}
