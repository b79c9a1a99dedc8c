// SPDX-License-Identifier: MIT
// Subscribers begin, and end; see the header.
#include "wherry/hub/subscriber.h"

#include <stdlib.h>

#include "feeds_priv.h"
#include "wherry/base/now.h"

static bool enter_all(
	struct subscriber *subscriber, const struct subscriber_options *options)
{
	for (; subscriber->place_count < options->channel_count;
		subscriber->place_count++) {
		struct subscriber_place *place =
			&subscriber->places[subscriber->place_count];
		struct str name = options->channels[subscriber->place_count];
		struct feed *feed = feed_get(subscriber->feeds, name, options->rules);
		place->subscriber = subscriber;
		if (!feed || !feed_enter(feed, place, options->rules, options->member))
			return false;
	}
	return true;
}

bool subscriber_start(struct subscriber *subscriber, struct feeds *feeds,
	const struct subscriber_options *options,
	const struct subscriber_handler *handler, void *arg)
{
	*subscriber = (struct subscriber){
		.feeds = feeds,
		.handler = handler,
		.arg = arg,
		.delivered_id = options->after, // until it has begun
		.slow = (uint8_t)options->rules->slow,
		.is_told_presence = options->rules->presence != CONF_PRESENCE_OFF,
	};
	counters_add(&loop_counters(feeds->loop)->push_subscribers, 1);
	subscriber->places = calloc(options->channel_count, sizeof(*subscriber->places));
	if (!subscriber->places || !enter_all(subscriber, options)) {
		subscriber_finish(subscriber);
		return false;
	}
	feeds_wake_subscriber(subscriber);
	return true;
}

void subscriber_set_full(struct subscriber *subscriber, bool is_full)
{
	uint64_t change = is_full ? 1 : UINT64_MAX; // which is -1
	subscriber->is_full = is_full;
	counters_add(&loop_counters(subscriber->feeds->loop)->push_full, change);
}

void subscriber_resume(struct subscriber *subscriber)
{
	if (!subscriber->is_full || subscriber->is_ended)
		return;
	subscriber_set_full(subscriber, false);
	feeds_wake_subscriber(subscriber);
}

static void leave_all(struct subscriber *subscriber)
{
	for (size_t i = 0; i < subscriber->place_count; i++)
		feed_leave(&subscriber->places[i]);
	free(subscriber->places);
	subscriber->places = NULL;
	subscriber->place_count = 0;
}

void subscriber_finish(struct subscriber *subscriber)
{
	struct feeds *feeds = subscriber->feeds;
	if (!feeds)
		return;
	leave_all(subscriber);
	if (subscriber->is_waking)
		TAILQ_REMOVE(&feeds->waking, subscriber, waking);
	if (subscriber->is_full)
		subscriber_set_full(subscriber, false);
	if (feeds->current == subscriber)
		feeds->current = NULL;
	counters_subtract(&loop_counters(feeds->loop)->push_subscribers, 1);
	*subscriber = (struct subscriber){0};
}

void subscriber_end(
	struct subscriber *subscriber, enum close_reason reason, const char *detail)
{
	if (subscriber->is_ended)
		return;
	subscriber->is_ended = true;
	subscriber->end_reason = (uint8_t)reason;
	subscriber->end_detail = detail;
	feeds_wake_subscriber(subscriber);
}

void subscriber_tell_end(struct subscriber *subscriber)
{
	leave_all(subscriber);
	subscriber->handler->on_end(subscriber->arg,
		(enum close_reason)subscriber->end_reason, subscriber->end_detail);
}

static bool are_live(const struct subscriber *subscriber)
{
	for (size_t i = 0; i < subscriber->place_count; i++) {
		if (subscriber->places[i].feed->state != FEED_LIVE)
			return false;
	}
	return true;
}

static void begin_place(struct subscriber_place *place, uint64_t after)
{
	struct feed *feed = place->feed;
	history_limit(&feed->history, &feed->limits, now_ms());
	place->quiet_to = history_newest(&feed->history);
	if (after == SUBSCRIBER_FROM_NOW)
		return; // from when it entered, or its feed was known
	place->from = feed->history.floor;
	place->has_gap = after != 0 && after < place->from;
}

uint64_t subscriber_passed(const struct subscriber_place *place)
{
	uint64_t delivered = place->subscriber->delivered_id;
	return delivered > place->from ? delivered : place->from;
}

void subscriber_skip(struct subscriber *subscriber)
{
	uint64_t least = UINT64_MAX;
	for (size_t i = 0; i < subscriber->place_count; i++) {
		if (least > subscriber->places[i].from)
			least = subscriber->places[i].from;
	}
	if (subscriber->delivered_id < least)
		subscriber->delivered_id = least;
}

// An id that was not given yet comes from elsewhere, or from before the clock was set
// back. Other machines may have given some that are not known here.
static bool is_of_future(const struct subscriber *subscriber, uint64_t id)
{
	const struct hub *hub = subscriber->feeds->hub;
	if (id == SUBSCRIBER_FROM_NOW || id <= atomic_load(&hub->newest))
		return false;
	return hub->id_slack_us == 0 || id > now_calendar_us() + hub->id_slack_us;
}

bool subscriber_begin(struct subscriber *subscriber)
{
	if (subscriber->has_begun)
		return true;
	if (!are_live(subscriber))
		return false;
	uint64_t after = subscriber->delivered_id;
	bool is_unknown = is_of_future(subscriber, after);
	if (is_unknown || after == SUBSCRIBER_FROM_NOW)
		subscriber->delivered_id = 0;
	for (size_t i = 0; i < subscriber->place_count; i++) {
		begin_place(&subscriber->places[i], is_unknown ? 1 : after);
		subscriber->places[i].has_gap |= is_unknown;
	}
	subscriber_skip(subscriber);
	subscriber->has_begun = true;
	return true;
}

uint64_t subscriber_position(const struct subscriber *subscriber)
{
	uint64_t entered = 0;
	if (subscriber->delivered_id != SUBSCRIBER_FROM_NOW)
		return subscriber->delivered_id;
	for (size_t i = 0; i < subscriber->place_count; i++) {
		if (entered < subscriber->places[i].from)
			entered = subscriber->places[i].from;
	}
	return entered;
}

struct str subscriber_channel(const struct subscriber *subscriber, size_t index)
{
	const struct feed *feed = subscriber->places[index].feed;
	return (struct str){feed->name, feed->name_length};
}

void subscriber_lag(
	const struct subscriber *subscriber, size_t *ret_messages, uint64_t *ret_bytes)
{
	*ret_messages = 0;
	*ret_bytes = 0;
	for (size_t i = 0; subscriber->has_begun && i < subscriber->place_count; i++) {
		const struct subscriber_place *place = &subscriber->places[i];
		const struct history *history = feed_history_for(place->feed, subscriber);
		uint64_t at = history_find(history, subscriber_passed(place));
		*ret_messages += (size_t)(history->end - at);
		*ret_bytes += history_bytes_from(history, at);
	}
}
