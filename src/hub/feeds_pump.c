// SPDX-License-Identifier: MIT
// Fan-out: feeds with something to tell visit all their places, and subscribers that have
// room again are visited alone; so many in each turn of the loop, that others have
// theirs.
#include "feeds_priv.h"

enum {
	VISITS_PER_TURN = 64,
	BYTES_PER_TURN = 1 << 20,
};

struct budget {
	size_t visits;
	size_t bytes;
};

static void pump(void *arg);

static void mark(struct feeds *feeds)
{
	loop_defer(feeds->loop, &feeds->pump, pump, feeds);
}

void feeds_wake_feed(struct feed *feed)
{
	feed->left = feed->subscriber_count;
	feed->is_behind = false;
	if (!feed->is_busy)
		TAILQ_INSERT_TAIL(&feed->feeds->busy, feed, busy);
	feed->is_busy = true;
	mark(feed->feeds);
}

void feeds_wake_subscriber(struct subscriber *subscriber)
{
	if (!subscriber->is_waking)
		TAILQ_INSERT_TAIL(&subscriber->feeds->waking, subscriber, waking);
	subscriber->is_waking = true;
	mark(subscriber->feeds);
}

// At most half of a turn's visits: the others are the feeds'.
static void visit_waking(struct feeds *feeds, struct budget *budget)
{
	struct subscriber *subscriber;
	while (budget->visits > VISITS_PER_TURN / 2 && budget->bytes > 0 &&
		(subscriber = TAILQ_FIRST(&feeds->waking))) {
		budget->visits--;
		TAILQ_REMOVE(&feeds->waking, subscriber, waking);
		subscriber->is_waking = false;
		if (subscriber->is_ended)
			subscriber_tell_end(subscriber);
		else if (subscriber_visit(subscriber, &budget->bytes) == SUBSCRIBER_MORE)
			feeds_wake_subscriber(subscriber);
	}
}

// While the kernel takes what one gets, the next one comes from memory: no cache holds
// them all. A place two ahead, since it says where its subscriber lies.
static void look_ahead(const struct subscriber_place *place)
{
	const struct subscriber_place *next = TAILQ_NEXT(place, beside);
	if (!next)
		return;
	const char *subscriber = (const char *)next->subscriber;
	__builtin_prefetch(subscriber);
	__builtin_prefetch(subscriber + sizeof(struct subscriber) - 1);
	__builtin_prefetch(TAILQ_NEXT(next, beside));
}

// False when the budget was used up before the last one.
static bool visit_places(struct feed *feed, struct budget *budget)
{
	while (feed->left > 0) {
		if (budget->visits == 0 || budget->bytes == 0)
			return false;
		if (!feed->next)
			feed->next = TAILQ_FIRST(&feed->places);
		budget->visits--;
		struct subscriber_place *place = feed->next;
		look_ahead(place);
		enum subscriber_visit visit =
			subscriber_visit(place->subscriber, &budget->bytes);
		if (visit == SUBSCRIBER_GONE)
			continue;
		if (visit == SUBSCRIBER_MORE)
			return false;
		feed->next = TAILQ_NEXT(place, beside);
		feed->left--;
	}
	return true;
}

static void visit_feed(struct feed *feed, struct budget *budget)
{
	struct feeds *feeds = feed->feeds;
	bool is_over = visit_places(feed, budget);
	TAILQ_REMOVE(&feeds->busy, feed, busy);
	feed->is_busy = !is_over;
	if (!is_over) {
		TAILQ_INSERT_TAIL(&feeds->busy, feed, busy); // the others are next
		return;
	}
	feed_settle(feed);
}

static void pump(void *arg)
{
	struct feeds *feeds = arg;
	struct budget budget = {VISITS_PER_TURN, BYTES_PER_TURN};
	visit_waking(feeds, &budget);
	struct feed *feed;
	while (budget.visits > 0 && budget.bytes > 0 &&
		(feed = TAILQ_FIRST(&feeds->busy)))
		visit_feed(feed, &budget);
	if (!TAILQ_EMPTY(&feeds->busy) || !TAILQ_EMPTY(&feeds->waking))
		mark(feeds);
}
