// SPDX-License-Identifier: MIT
// What a feed is told by the hub: messages, and answers to its own questions.
#include "feeds_priv.h"
#include "wherry/base/now.h"

static const struct conf_history nothing;

typedef void (*place_fn)(struct subscriber_place *place, uint64_t id);

static void for_each_place(struct feed *feed, place_fn fn, uint64_t id)
{
	struct subscriber_place *place;
	TAILQ_FOREACH (place, &feed->places, beside)
		fn(place, id);
}

static void skip_to(struct subscriber_place *place, uint64_t id)
{
	if (!place->subscriber->has_begun || subscriber_passed(place) >= id)
		return;
	place->from = id;
	place->has_gap = true;
}

// What was published up to that id is missing. That is no fault of who lags behind.
static void lose(struct feed *feed, uint64_t id)
{
	history_lose(&feed->history, id);
	history_lose(&feed->newest, id);
	for_each_place(feed, skip_to, id);
	feeds_wake_feed(feed);
}

void feed_resync(struct feed *feed)
{
	feed->has_missed = true;
	feed->is_resync_late = !loop_post(feed->feeds->hub->loop, hub_resync, &feed->tap);
}

static void append(struct feed *feed, struct message *message)
{
	if (feed->has_missed)
		return;
	if (!history_add(&feed->history, message))
		feed_resync(feed);
	else if (feed->latest_count > 0 && !history_replace(&feed->newest, message))
		history_lose(&feed->newest, message->id);
}

static void limit(struct feed *feed)
{
	bool is_empty = feed->subscriber_count == 0;
	history_limit(&feed->history, &feed->limits, now_ms());
	history_drop(&feed->history, is_empty ? NULL : &feed->queue);
	if (feed->latest_count > 0) {
		history_limit(&feed->newest, &nothing, now_ms());
		history_drop(&feed->newest, &feed->queue);
	}
}

void feed_append(struct feed *feed, struct message *message)
{
	if (feed->state != FEED_LIVE || message->id <= history_newest(&feed->history))
		return;
	append(feed, message);
	limit(feed);
	feeds_wake_feed(feed);
}

// What was published since it came is new to it, also what came with the answer, which
// may have taken long.
static void count_in(struct subscriber_place *place, uint64_t newest)
{
	uint64_t lost = place->feed->history.lost;
	if (place->from > newest)
		place->from = newest;
	place->has_gap = place->from < lost;
	if (place->has_gap)
		place->from = lost;
	if (!place->is_counted)
		feed_count(place);
	feeds_wake_subscriber(place->subscriber);
}

void feed_sync(struct feed *feed, struct hub_sync *sync)
{
	if (feed->state != FEED_JOINING && feed->state != FEED_LIVE)
		return;
	feed->limits = sync->limits;
	feed->crowd = sync->crowd;
	feed->has_missed = false;
	if (sync->floor > history_newest(&feed->history))
		lose(feed, sync->floor);
	for (size_t i = 0; i < sync->count; i++) {
		if (sync->messages[i]->id > history_newest(&feed->history))
			append(feed, sync->messages[i]);
	}
	limit(feed);
	feeds_wake_feed(feed);
	if (feed->state == FEED_LIVE)
		return;
	feed->state = FEED_LIVE;
	for_each_place(feed, count_in, history_newest(&feed->history));
}

void feed_parted(struct feed *feed)
{
	if (feed->subscriber_count == 0)
		feed_destroy(feed);
	else
		feed_join(feed);
}

static void end(struct subscriber_place *place, uint64_t id)
{
	subscriber_end(place->subscriber, CLOSE_REASON_OVERLOAD,
		"the hub has too many channels");
}

void feed_refused(struct feed *feed)
{
	feed->state = FEED_REFUSED;
	for_each_place(feed, end, 0);
}
