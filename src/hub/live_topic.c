// SPDX-License-Identifier: MIT
// One live key: asked for by some workers, fetched by one of them at a time, and told to
// all. Without workers it is kept for a while, so that who comes back finds it.
#include <stdlib.h>
#include <string.h>

#include "live_priv.h"
#include "wherry/base/log.h"
#include "wherry/base/now.h"

enum {
	AGAIN_MS = 1000, // what could not be said is tried again, or found to be lost
};

static void on_timer(void *arg);

static void enlist(struct live_topic *topic)
{
	struct live *live = topic->live;
	bool is_idle = topic->member_count == 0;
	TAILQ_INSERT_TAIL(is_idle ? &live->idle : &live->busy, topic, entry);
	if (is_idle)
		TAILQ_INSERT_TAIL(&topic->route->idle, topic, route_entry);
}

static void unlist(struct live_topic *topic)
{
	struct live *live = topic->live;
	bool is_idle = topic->member_count == 0;
	TAILQ_REMOVE(is_idle ? &live->idle : &live->busy, topic, entry);
	if (is_idle)
		TAILQ_REMOVE(&topic->route->idle, topic, route_entry);
}

struct live_topic *live_topic_create(struct live_route *route, struct str key)
{
	struct live_topic *topic = calloc(1, sizeof(*topic) + key.length);
	if (!topic)
		return NULL;
	char *text = (char *)(topic + 1);
	memcpy(text, key.data, key.length);
	topic->live = route->live;
	topic->route = route;
	topic->key = (struct str){text, key.length};
	loop_timer_init(&topic->timer, topic->live->loop, on_timer, topic);
	enlist(topic);
	return topic;
}

static void drop_snapshot(struct live_topic *topic)
{
	struct live_snapshot *snapshot = topic->news.snapshot;
	if (!snapshot)
		return;
	topic->live->bytes -= snapshot->size;
	topic->news.snapshot = NULL;
	live_snapshot_unref(snapshot);
}

static void end_asking(struct live_topic *topic)
{
	if (topic->asked)
		live_port_unref(topic->asked);
	topic->asked = NULL;
}

void live_topic_destroy(struct live_topic *topic)
{
	unlist(topic);
	for (size_t i = 0; i < topic->member_count; i++)
		live_port_unref(topic->members[i]);
	end_asking(topic);
	drop_snapshot(topic);
	loop_timer_finish(&topic->timer);
	live_route_leave(topic->route);
	free(topic->members);
	free(topic);
}

void live_topic_move(struct live_topic *topic, struct live_route *route)
{
	unlist(topic);
	live_route_leave(topic->route);
	topic->route = route;
	enlist(topic);
}

static bool has_member(const struct live_topic *topic, const struct live_port *port)
{
	for (size_t i = 0; i < topic->member_count; i++) {
		if (topic->members[i] == port)
			return true;
	}
	return false;
}

static bool add_member(struct live_topic *topic, struct live_port *port)
{
	size_t size = (topic->member_count + 1) * sizeof(*topic->members);
	struct live_port **members = realloc(topic->members, size);
	if (!members)
		return false;
	bool is_idle = topic->member_count == 0;
	if (is_idle)
		unlist(topic);
	topic->members = members;
	members[topic->member_count++] = live_port_ref(port);
	if (is_idle)
		enlist(topic);
	return true;
}

static void remove_member(struct live_topic *topic, struct live_port *port)
{
	for (size_t i = 0; i < topic->member_count; i++) {
		if (topic->members[i] != port)
			continue;
		bool is_last = topic->member_count == 1;
		if (is_last)
			unlist(topic);
		topic->members[i] = topic->members[--topic->member_count];
		if (topic->fetcher == port)
			topic->fetcher = NULL;
		if (is_last)
			enlist(topic);
		live_port_unref(port);
		return;
	}
}

// Nobody asks for it. It stays as long as it could be shown, and until the backend may be
// asked again: who comes and goes does not make that happen more often.
static void rest(struct live_topic *topic)
{
	uint64_t until = topic->news.checked_ms + topic->rules.max_stale_ms;
	loop_timer_set(&topic->timer, until > topic->due_ms ? until : topic->due_ms);
}

// The worker that did it last has a connection to the backend.
static void fetch(struct live_topic *topic)
{
	while (topic->member_count > 0) {
		struct live_port *port =
			topic->fetcher ? topic->fetcher : topic->members[0];
		if (live_port_is_closed(port)) {
			remove_member(topic, port);
			continue;
		}
		topic->fetcher = port;
		topic->lost_before = live_port_count_lost(port);
		if (live_port_fetch(port, topic->key, topic->news.snapshot))
			topic->asked = live_port_ref(port);
		loop_timer_set(&topic->timer, now_ms() + AGAIN_MS);
		return;
	}
	rest(topic);
}

// Does a report come? Not if the worker had no memory for it, or is gone.
static bool is_asking(const struct live_topic *topic)
{
	return topic->asked && !live_port_is_closed(topic->asked) &&
	       live_port_count_lost(topic->asked) == topic->lost_before;
}

static void wait_until_due(struct live_topic *topic)
{
	uint64_t again_ms = now_ms() + AGAIN_MS;
	bool is_early = topic->has_untold && again_ms < topic->due_ms;
	loop_timer_set(&topic->timer, is_early ? again_ms : topic->due_ms);
}

static void tell(struct live_topic *topic, struct live_port *port)
{
	if (live_port_is_closed(port))
		remove_member(topic, port);
	else if (!live_port_tell(port, topic->key, &topic->news))
		topic->has_untold = true;
}

static void tell_all(struct live_topic *topic)
{
	topic->has_untold = false;
	for (size_t i = topic->member_count; i-- > 0;)
		tell(topic, topic->members[i]);
}

static void on_timer(void *arg)
{
	struct live_topic *topic = arg;
	if (is_asking(topic)) {
		loop_timer_set(&topic->timer, now_ms() + AGAIN_MS);
		return;
	}
	end_asking(topic);
	if (topic->has_untold)
		tell_all(topic);
	if (topic->member_count > 0 && now_ms() < topic->due_ms)
		wait_until_due(topic);
	else if (topic->member_count > 0)
		fetch(topic);
	else
		live_remove(topic->live, topic);
}

bool live_topic_join(
	struct live_topic *topic, struct live_port *port, const struct live_rules *rules)
{
	bool is_due = now_ms() >= topic->due_ms;
	bool is_shown = topic->member_count > 0; // to others, until there are newer ones
	topic->rules = *rules;
	live_pace_set(&topic->pace, rules->interval_ms, rules->max_interval_ms);
	if (!has_member(topic, port) && !add_member(topic, port))
		return false;
	if (topic->is_known && (is_shown || !is_due))
		tell(topic, port);
	if (topic->asked)
		return true;
	if (is_due)
		fetch(topic);
	else
		wait_until_due(topic);
	return true;
}

void live_topic_part(struct live_topic *topic, struct live_port *port)
{
	remove_member(topic, port);
	if (topic->member_count == 0 && !topic->asked)
		rest(topic);
}

static void log_private(const struct live_topic *topic, const char *reason)
{
	size_t length = 0;
	while (length < topic->key.length && topic->key.data[length] != '?' &&
		topic->key.data[length] != '\n')
		length++;
	log_info("live: %.*s is not shared, but passed through: %s", (int)length,
		topic->key.data, reason);
}

static void keep_apart(struct live_topic *topic, const char *reason)
{
	if (topic->news.state != LIVE_PRIVATE || topic->news.reason != reason)
		log_private(topic, reason);
	drop_snapshot(topic);
	topic->news.state = LIVE_PRIVATE;
	topic->news.reason = reason;
	topic->due_ms = now_ms() + LIVE_PRIVATE_MS;
}

static void take_snapshot(struct live_topic *topic, struct live_snapshot *snapshot)
{
	drop_snapshot(topic);
	if (!live_make_room(topic->live, snapshot->size)) {
		keep_apart(topic, "hub.memory is used up");
		return;
	}
	topic->live->bytes += snapshot->size;
	topic->news.snapshot = live_snapshot_ref(snapshot);
}

static void take_result(struct live_topic *topic, const struct live_result *result)
{
	struct live_news *news = &topic->news;
	topic->is_known = true;
	if (result->outcome == LIVE_UNSHARED) {
		keep_apart(topic, result->reason);
		return;
	}
	if (result->outcome == LIVE_FAILED) {
		news->state = LIVE_DOWN;
		news->status = result->status;
		news->reason = result->reason;
		topic->due_ms = result->turn.started_ms + topic->rules.interval_ms;
		return;
	}
	news->state = LIVE_GOOD;
	news->reason = NULL;
	news->checked_ms = result->turn.ended_ms;
	topic->due_ms = live_pace_next(&topic->pace, &result->turn);
	if (result->outcome == LIVE_NEW)
		take_snapshot(topic, result->snapshot);
}

void live_topic_report(struct live_topic *topic, struct live_port *port,
	const struct live_result *result)
{
	end_asking(topic);
	if (result->outcome == LIVE_UNWANTED) {
		remove_member(topic, port);
		fetch(topic);
		return;
	}
	take_result(topic, result);
	tell_all(topic);
	wait_until_due(topic);
	if (topic->member_count == 0)
		rest(topic);
}
