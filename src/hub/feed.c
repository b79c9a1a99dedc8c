// SPDX-License-Identifier: MIT
// A worker's side of one channel: who subscribes to it here. See feeds_priv.h.
#include <stdlib.h>
#include <string.h>

#include "feeds_priv.h"
#include "wherry/base/now.h"

enum {
	LINGER_MS = 10 * 1000, // without subscribers: who polls is back soon
};

static struct feed *create(
	struct feeds *feeds, struct str name, const struct conf_channel *rules)
{
	struct feed *feed = calloc(1, sizeof(*feed) + name.length);
	if (!feed)
		return NULL;
	feed->feeds = feeds;
	feed->name_length = name.length;
	if (name.length > 0)
		memcpy(feed->name, name.data, name.length);
	feed->tap = (struct hub_tap){
		.worker = &feeds->worker,
		.feed = feed,
		.name = {feed->name, name.length},
		.rules = *rules,
	};
	feed->asked = *rules;
	history_init(&feed->history, 0);
	history_init(&feed->newest, 0);
	TAILQ_INIT(&feed->places);
	TAILQ_INSERT_TAIL(&feeds->all, feed, beside);
	return feed;
}

void feed_destroy(struct feed *feed)
{
	struct feeds *feeds = feed->feeds;
	TAILQ_REMOVE(&feeds->all, feed, beside);
	if (feed->is_busy)
		TAILQ_REMOVE(&feeds->busy, feed, busy);
	map_remove(feeds->by_name, feed->name, feed->name_length);
	history_finish(&feed->history);
	history_finish(&feed->newest);
	free(feed);
}

void feed_join(struct feed *feed)
{
	feed->feeds->has_told = true;
	feed->state = FEED_JOINING;
	feed->is_join_late = !loop_post(feed->feeds->hub->loop, hub_join, &feed->tap);
}

struct feed *feed_get(
	struct feeds *feeds, struct str name, const struct conf_channel *rules)
{
	uintptr_t *place = map_put(feeds->by_name, name.data, name.length);
	if (!place || *place != 0)
		return place ? (struct feed *)*place : NULL;
	struct feed *feed = create(feeds, name, rules);
	if (!feed) {
		map_remove(feeds->by_name, name.data, name.length);
		return NULL;
	}
	*place = (uintptr_t)feed;
	feed_join(feed);
	return feed;
}

// False when memory is short.
static bool demand(struct feed *feed, const struct conf_channel *rules)
{
	bool is_more = history_widen(&feed->asked.history, &rules->history) ||
		       feed->asked.presence < rules->presence;
	if (!is_more)
		return true;
	if (feed->asked.presence < rules->presence)
		feed->asked.presence = rules->presence;
	struct hub_demand *demand = malloc(sizeof(*demand));
	if (!demand)
		return false;
	*demand = (struct hub_demand){&feed->tap, feed->asked};
	if (loop_post(feed->feeds->hub->loop, hub_demand, demand))
		return true;
	free(demand);
	return false;
}

static struct hub_visit *make_visit(struct feed *feed, bool is_coming, struct str member)
{
	struct hub_visit *visit = malloc(sizeof(*visit) + member.length);
	if (!visit)
		return NULL;
	visit->tap = &feed->tap;
	visit->is_coming = is_coming;
	visit->length = member.length;
	memcpy(visit->member, member.data, member.length);
	return visit;
}

static void tell_count(struct feed *feed)
{
	feed->is_count_late = false;
	if (atomic_exchange(&feed->tap.is_count_posted, true))
		return;
	if (loop_post(feed->feeds->hub->loop, hub_count, &feed->tap))
		return;
	atomic_store(&feed->tap.is_count_posted, false);
	feed->is_count_late = true;
}

static bool tell_member(struct subscriber_place *place)
{
	struct str name = {place->member->member, place->member->length};
	struct hub_visit *coming = make_visit(place->feed, true, name);
	if (coming)
		feeds_post_visit(place->feed->feeds, coming);
	return coming;
}

void feed_count(struct subscriber_place *place)
{
	struct feed *feed = place->feed;
	place->is_counted = true;
	if (atomic_fetch_add(feed->crowd, 1) >= feed->max_subscribers)
		subscriber_end(place->subscriber, CLOSE_REASON_OVERLOAD,
			"the channel has too many subscribers");
	if (place->member && !tell_member(place))
		subscriber_end(place->subscriber, CLOSE_REASON_NO_MEMORY,
			"no memory for its name");
	tell_count(feed);
}

// Begins to keep the newest of each key. Without memory some are gone, as if they had
// been too many.
static void begin_newest(struct feed *feed)
{
	history_init(&feed->newest, feed->history.lost);
	for (uint64_t at = feed->history.first; at < feed->history.end; at++) {
		struct message *message = history_at(&feed->history, at);
		if (!history_replace(&feed->newest, message))
			history_lose(&feed->newest, message->id);
	}
}

// Where the round comes last, which may be over before.
static void add_place(struct feed *feed, struct subscriber_place *place)
{
	if (feed->next)
		TAILQ_INSERT_BEFORE(feed->next, place, beside);
	else
		TAILQ_INSERT_TAIL(&feed->places, place, beside);
	feed->subscriber_count++;
}

// Whether it was yet to be visited is not known, unless it was the next one: somebody may
// be visited twice.
static void remove_place(struct feed *feed, struct subscriber_place *place)
{
	if (feed->next == place) {
		feed->next = TAILQ_NEXT(place, beside);
		feed->left -= feed->left > 0;
	}
	TAILQ_REMOVE(&feed->places, place, beside);
	feed->subscriber_count--;
	if (feed->left > feed->subscriber_count)
		feed->left = feed->subscriber_count;
}

// As an id: what is published from now on has a greater one. What other machines have
// published may not be known here, and is told by the clock.
static uint64_t find_now(struct hub *hub)
{
	uint64_t now = now_calendar_us(), newest = atomic_load(&hub->newest);
	return hub->id_slack_us > 0 && now > newest ? now : newest;
}

bool feed_enter(struct feed *feed, struct subscriber_place *place,
	const struct conf_channel *rules, struct str member)
{
	if (!demand(feed, rules))
		return false;
	place->feed = feed;
	// What tells that it leaves is made now, so that it can't fail then.
	if (rules->presence == CONF_PRESENCE_LIST && member.length > 0) {
		place->member = make_visit(feed, false, member);
		if (!place->member)
			return false;
	}
	(void)history_widen(&feed->queue, &rules->queue);
	feed->max_subscribers = rules->max_subscribers;
	add_place(feed, place);
	(void)atomic_fetch_add(&feed->tap.present, 1);
	if (place->subscriber->slow == CONF_SLOW_LATEST && feed->latest_count++ == 0)
		begin_newest(feed);
	place->from = find_now(feed->feeds->hub);
	if (feed->state == FEED_LIVE) {
		place->from = history_newest(&feed->history);
		feed_count(place);
	} else if (feed->state == FEED_REFUSED) {
		feed_join(feed); // there may be room by now
	}
	return true;
}

void feed_leave(struct subscriber_place *place)
{
	struct feed *feed = place->feed;
	remove_place(feed, place);
	(void)atomic_fetch_sub(&feed->tap.present, 1);
	if (feed->subscriber_count == 0) {
		feed->left_alone_ms = now_ms();
		feed->queue = (struct conf_history){0};
		feed->is_behind = false;
	}
	if (place->subscriber->slow == CONF_SLOW_LATEST && --feed->latest_count == 0)
		history_finish(&feed->newest);
	if (place->is_counted) {
		(void)atomic_fetch_sub(feed->crowd, 1);
		tell_count(feed);
	}
	if (place->member && place->is_counted)
		feeds_post_visit(feed->feeds, place->member);
	else
		free(place->member);
}

void feed_settle(struct feed *feed)
{
	history_limit(&feed->history, &feed->limits, now_ms());
	history_drop(&feed->history, feed->is_behind ? &feed->queue : NULL);
}

// Asks again for what there was no memory for.
static void catch_up(struct feed *feed)
{
	if (feed->is_join_late)
		feed_join(feed);
	if (feed->is_count_late)
		tell_count(feed);
	if (feed->is_resync_late)
		feed_resync(feed);
}

static bool is_left_alone(const struct feed *feed, uint64_t now_ms)
{
	return feed->subscriber_count == 0 && now_ms - feed->left_alone_ms >= LINGER_MS;
}

void feed_sweep(struct feed *feed, uint64_t now_ms)
{
	catch_up(feed);
	if (feed->is_behind)
		feeds_wake_feed(feed); // to find out whether someone still is
	else if (!feed->is_busy)
		feed_settle(feed);
	bool may_part = feed->state == FEED_LIVE || feed->state == FEED_REFUSED;
	if (!may_part || !is_left_alone(feed, now_ms) ||
		!STAILQ_EMPTY(&feed->feeds->late) ||
		!loop_post(feed->feeds->hub->loop, hub_part, &feed->tap))
		return;
	feed->state = FEED_PARTING;
	feed->crowd = NULL; // nobody is counted, and the channel may be gone soon
}
