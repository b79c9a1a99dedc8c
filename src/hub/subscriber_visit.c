// SPDX-License-Identifier: MIT
// A subscriber gets what its channels have for it, in the order of ids.
#include "feeds_priv.h"

// The oldest message that it has not got, of all places; NULL if there is none. Whether
// it is the last one, or another may follow.
static struct message *find_next(const struct subscriber *subscriber, bool *ret_is_last)
{
	struct message *next = NULL;
	*ret_is_last = true;
	for (size_t i = 0; i < subscriber->place_count; i++) {
		const struct subscriber_place *place = &subscriber->places[i];
		const struct history *history = feed_history_for(place->feed, subscriber);
		uint64_t at = history_find(history, subscriber_passed(place));
		for (; at < history->end; at++) {
			struct message *message = history_at(history, at);
			if (message->kind != MESSAGE_DATA &&
				message->id <= place->quiet_to)
				continue;
			*ret_is_last = *ret_is_last && !next && at + 1 == history->end;
			if (!next || message->id < next->id)
				next = message;
			break;
		}
	}
	return next;
}

static enum subscriber_visit offer(
	struct subscriber *subscriber, struct message *message, size_t *bytes)
{
	struct feeds *feeds = subscriber->feeds;
	uint64_t id = message->id;
	size_t length = message->payload.length + 1;
	// Its channel may be that of a route, too, which tells more than its own.
	bool is_told = message->kind != MESSAGE_PRESENCE || subscriber->is_told_presence;
	enum subscriber_answer answer =
		is_told ? subscriber->handler->deliver(subscriber->arg, message)
			: SUBSCRIBER_TOOK;
	*bytes = *bytes > length ? *bytes - length : 0;
	if (is_told && answer == SUBSCRIBER_TOOK)
		counters_add(&loop_counters(feeds->loop)->push_delivered, 1);
	if (feeds->current != subscriber)
		return SUBSCRIBER_GONE;
	if (answer == SUBSCRIBER_TOOK) {
		subscriber->delivered_id = id;
		return SUBSCRIBER_MORE;
	}
	subscriber_set_full(subscriber, true);
	return SUBSCRIBER_BEHIND;
}

// Its id says how far the subscriber is: who comes back with it misses nothing else.
static enum subscriber_visit offer_gap(
	struct subscriber *subscriber, struct subscriber_place *place, size_t *bytes)
{
	subscriber_skip(subscriber);
	struct message_parts parts = {
		.kind = MESSAGE_GAP,
		.id = subscriber->delivered_id,
		.channel = {place->feed->name, place->feed->name_length},
	};
	struct message *gap = message_create(&parts);
	if (!gap) {
		subscriber_end(subscriber, CLOSE_REASON_NO_MEMORY, "no memory for a gap");
		return SUBSCRIBER_BEHIND;
	}
	enum subscriber_visit visit = offer(subscriber, gap, bytes);
	if (visit == SUBSCRIBER_MORE)
		place->has_gap = false;
	message_unref(gap);
	return visit;
}

static struct subscriber_place *find_gap(const struct subscriber *subscriber)
{
	for (size_t i = 0; i < subscriber->place_count; i++) {
		if (subscriber->places[i].has_gap)
			return &subscriber->places[i];
	}
	return NULL;
}

static enum subscriber_visit become_ready(struct subscriber *subscriber)
{
	struct feeds *feeds = subscriber->feeds;
	if (subscriber->is_ready)
		return SUBSCRIBER_CAUGHT_UP;
	subscriber->is_ready = true;
	if (subscriber->handler->on_ready)
		subscriber->handler->on_ready(subscriber->arg);
	return feeds->current == subscriber ? SUBSCRIBER_CAUGHT_UP : SUBSCRIBER_GONE;
}

// What comes at once may leave at once. True if it is told when that is over.
static bool gather(struct subscriber *subscriber)
{
	if (!subscriber->handler->gather)
		return false;
	subscriber->handler->gather(subscriber->arg, true);
	return true;
}

static enum subscriber_visit deliver(struct subscriber *subscriber, size_t *bytes)
{
	enum subscriber_visit visit = SUBSCRIBER_MORE;
	bool is_last = false, is_gathering = false;
	while (visit == SUBSCRIBER_MORE && *bytes > 0) {
		struct subscriber_place *place = find_gap(subscriber);
		struct message *message =
			place || is_last ? NULL : find_next(subscriber, &is_last);
		if (!is_gathering && !is_last)
			is_gathering = gather(subscriber);
		if (place)
			visit = offer_gap(subscriber, place, bytes);
		else if (message)
			visit = offer(subscriber, message, bytes);
		else
			visit = become_ready(subscriber);
	}
	if (is_gathering && visit != SUBSCRIBER_GONE)
		subscriber->handler->gather(subscriber->arg, false);
	return visit;
}

// It lags behind further than its feed waits.
static void fall_behind(struct subscriber *subscriber, struct subscriber_place *place,
	const struct history *history)
{
	counters_add(&loop_counters(subscriber->feeds->loop)->push_fallen_behind, 1);
	if (subscriber->slow == CONF_SLOW_CLOSE) {
		subscriber_end(subscriber, CLOSE_REASON_SUBSCRIBER_SLOW,
			"more waits for it than its queue allows");
		return;
	}
	place->from = history->lost;
	place->has_gap = true;
}

static void check_places(struct subscriber *subscriber)
{
	for (size_t i = 0; i < subscriber->place_count; i++) {
		struct subscriber_place *place = &subscriber->places[i];
		const struct history *history = feed_history_for(place->feed, subscriber);
		if (subscriber_passed(place) < history->lost)
			fall_behind(subscriber, place, history);
	}
}

// Its feeds wait for it, as long as their queues allow.
static void hold(struct subscriber *subscriber)
{
	for (size_t i = 0; i < subscriber->place_count; i++)
		subscriber->places[i].feed->is_behind = true;
}

enum subscriber_visit subscriber_visit(struct subscriber *subscriber, size_t *bytes)
{
	struct feeds *feeds = subscriber->feeds;
	if (subscriber->is_ended)
		return SUBSCRIBER_CAUGHT_UP;
	if (!subscriber_begin(subscriber)) {
		hold(subscriber); // what comes before its other channels are known is its
		return SUBSCRIBER_BEHIND;
	}
	check_places(subscriber);
	if (subscriber->is_full || subscriber->is_ended) {
		hold(subscriber);
		return SUBSCRIBER_BEHIND;
	}
	feeds->current = subscriber;
	enum subscriber_visit visit = deliver(subscriber, bytes);
	feeds->current = NULL;
	if (visit == SUBSCRIBER_BEHIND || visit == SUBSCRIBER_MORE)
		hold(subscriber);
	return visit;
}
