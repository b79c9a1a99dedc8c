// SPDX-License-Identifier: MIT
// A worker's side of the hub as a whole; see the header.
#include "wherry/hub/feeds.h"

#include <stdlib.h>

#include "feeds_priv.h"
#include "publication_priv.h"
#include "wherry/base/now.h"

enum {
	SWEEP_MS = 1000,
	SWEPT_AT_ONCE = 4000, // feeds
};

static bool post_late(struct feeds *feeds)
{
	struct hub_visit *visit;
	while ((visit = STAILQ_FIRST(&feeds->late))) {
		if (!loop_post(feeds->hub->loop, hub_visit, visit))
			return false;
		STAILQ_REMOVE_HEAD(&feeds->late, beside);
	}
	return true;
}

void feeds_post_visit(struct feeds *feeds, struct hub_visit *visit)
{
	if (!post_late(feeds) || !loop_post(feeds->hub->loop, hub_visit, visit))
		STAILQ_INSERT_TAIL(&feeds->late, visit, beside);
}

// Each time other ones, when they are many.
static void sweep(void *arg)
{
	struct feeds *feeds = arg;
	uint64_t now = now_ms();
	(void)post_late(feeds); // or the next time
	size_t count = map_count(feeds->by_name);
	for (size_t i = 0; i < count && i < SWEPT_AT_ONCE; i++) {
		struct feed *feed = TAILQ_FIRST(&feeds->all);
		TAILQ_REMOVE(&feeds->all, feed, beside);
		TAILQ_INSERT_TAIL(&feeds->all, feed, beside);
		feed_sweep(feed, now);
	}
	loop_timer_set(&feeds->sweep, now + SWEEP_MS);
}

struct feeds *feeds_create(struct loop *loop, struct hub *hub)
{
	struct feeds *feeds = calloc(1, sizeof(*feeds));
	if (!feeds)
		return NULL;
	feeds->by_name = map_create();
	if (!feeds->by_name) {
		free(feeds);
		return NULL;
	}
	feeds->loop = loop;
	feeds->hub = hub;
	TAILQ_INIT(&feeds->all);
	TAILQ_INIT(&feeds->busy);
	TAILQ_INIT(&feeds->waking);
	STAILQ_INIT(&feeds->late);
	hub_worker_attach(&feeds->worker, hub, loop, feeds);
	loop_timer_init(&feeds->sweep, loop, sweep, feeds);
	loop_timer_set(&feeds->sweep, now_ms() + SWEEP_MS);
	return feeds;
}

void feeds_destroy(struct feeds *feeds)
{
	if (!feeds)
		return;
	if (feeds->has_told) {
		loop_settle(feeds->hub->loop);
		loop_settle(feeds->loop); // its answers
	}
	struct feed *feed;
	while ((feed = TAILQ_FIRST(&feeds->all))) {
		hub_tap_drop(&feed->tap);
		feed_destroy(feed);
	}
	struct hub_visit *visit;
	while ((visit = STAILQ_FIRST(&feeds->late))) {
		STAILQ_REMOVE_HEAD(&feeds->late, beside);
		free(visit);
	}
	hub_worker_detach(&feeds->worker);
	map_destroy(feeds->by_name);
	loop_timer_finish(&feeds->sweep);
	free(feeds);
}

struct publication *feeds_publish(struct feeds *feeds,
	const struct publication_options *options, publication_done_cb done, void *arg)
{
	struct publication *publication = publication_create(options);
	if (!publication)
		return NULL;
	feeds->has_told = true;
	publication->worker = &feeds->worker;
	publication->done = done;
	publication->arg = arg;
	if (loop_post(feeds->hub->loop, hub_publish, publication)) {
		counters_add(&loop_counters(feeds->loop)->push_published, options->count);
		return publication;
	}
	publication_destroy(publication);
	return NULL;
}

void feeds_forget(struct publication *publication)
{
	publication->done = NULL;
}

static void tell_published(struct publication *publication)
{
	bool is_done = publication->result == PUBLICATION_DONE;
	if (publication->done)
		publication->done(publication->arg, publication->result,
			is_done ? publication->receipts : NULL);
	publication_destroy(publication);
}

static void receive_published(struct hub_batch *batch)
{
	struct publication *publication;
	while ((publication = STAILQ_FIRST(&batch->published))) {
		STAILQ_REMOVE_HEAD(&batch->published, beside);
		tell_published(publication);
	}
}

static void receive_told(struct hub_batch *batch)
{
	struct hub_tap *tap;
	while ((tap = STAILQ_FIRST(&batch->refused))) {
		STAILQ_REMOVE_HEAD(&batch->refused, told);
		feed_refused(tap->feed);
	}
	while ((tap = STAILQ_FIRST(&batch->parted))) {
		STAILQ_REMOVE_HEAD(&batch->parted, told);
		feed_parted(tap->feed);
	}
}

static void receive_items(struct hub_batch *batch, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		feed_append(batch->items[i].feed, batch->items[i].message);
}

// What was published before a sync may not be remembered by then.
static void receive_messages(struct hub_batch *batch)
{
	struct hub_sync *sync;
	size_t at = 0;
	STAILQ_FOREACH (sync, &batch->syncs, beside) {
		receive_items(batch, at, sync->item_count);
		at = sync->item_count;
		feed_sync(sync->feed, sync);
	}
	receive_items(batch, at, batch->count);
}

void feeds_receive(void *arg)
{
	struct hub_batch *batch = arg;
	receive_messages(batch);
	receive_published(batch);
	receive_told(batch);
	hub_batch_clear(batch);
	free(batch);
}
