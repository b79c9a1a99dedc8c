// SPDX-License-Identifier: MIT
// A worker's part of a live key; see the header. It is there as long as it has users, or
// has joined its home.
#include "wherry/proxy/live_entry.h"

#include <stdlib.h>
#include <string.h>

#include "lives_priv.h"
#include "wherry/base/now.h"
#include "wherry/hub/message.h"

enum {
	BATCH = 256,          // followers told in one turn
	WANTED_INTERVALS = 2, // after a poll, until it is forgotten
	WANTED_MIN_MS = 1000, // the same, with short intervals
};

static void tell_some(void *arg);

// The key's text moves from the room where it was written.
static struct live_entry *create(
	struct lives *lives, const struct live_key_question *question)
{
	struct live_entry *entry = calloc(1, sizeof(*entry));
	struct str key = buf_str(&lives->key.text);
	if (entry)
		live_key_write_head(&entry->head, question);
	bool is_written = entry && !entry->head.is_failed;
	uintptr_t *place =
		is_written ? map_put(lives->entries, key.data, key.length) : NULL;
	if (!place) {
		if (entry)
			buf_finish(&entry->head);
		free(entry);
		return NULL;
	}
	*place = (uintptr_t)entry;
	entry->lives = lives;
	entry->key = lives->key;
	lives->key.text = BUF_INIT;
	LIST_INIT(&entry->followers);
	LIST_INIT(&entry->untold);
	LIST_INSERT_HEAD(&lives->all, entry, link);
	loop_timer_init(&entry->timer, lives->site->loop, tell_some, entry);
	return entry;
}

static void forget_news(struct live_entry *entry)
{
	entry->is_known = false;
	live_snapshot_unref(entry->news.snapshot);
	entry->news = (struct live_news){0};
	entry->heads.snapshot = NULL;
}

void live_entry_destroy(struct live_entry *entry)
{
	struct str key = buf_str(&entry->key.text);
	map_remove(entry->lives->entries, key.data, key.length);
	LIST_REMOVE(entry, link);
	loop_timer_finish(&entry->timer);
	forget_news(entry);
	edition_unref(entry->edition);
	buf_finish(&entry->key.text);
	buf_finish(&entry->head);
	buf_finish(&entry->heads.full);
	buf_finish(&entry->heads.short_one);
	message_unref(entry->status);
	free(entry);
}

static bool join(struct live_entry *entry)
{
	const struct conf_live *conf = &entry->route->live;
	struct live_rules rules = {
		.interval_ms = conf->interval_ms,
		.max_interval_ms =
			conf->max_interval_ms != CONF_OFF ? conf->max_interval_ms : 0,
		.max_stale_ms = conf->max_stale_ms,
		.max_keys = conf->max_keys,
	};
	return live_port_join(entry->lives->port, buf_str(&entry->key.text),
		str_from(entry->route->name), &rules);
}

static void renew(
	struct live_entry *entry, struct edition *edition, const struct conf_route *route)
{
	if (entry->edition == edition && entry->route == route)
		return;
	edition_ref(edition);
	edition_unref(entry->edition);
	entry->edition = edition;
	entry->route = route;
	if (entry->is_joined)
		entry->is_joined = join(entry); // by newer rules
}

static bool is_same(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static const char *upstream_name(
	const struct edition *edition, const struct conf_route *route)
{
	return edition->conf->upstreams[route->upstream].name;
}

bool live_entry_follow_route(
	struct live_entry *entry, struct edition *edition, const struct conf_route *route)
{
	const struct conf_route *former = entry->route;
	if (!is_same(former->path_strip, route->path_strip) ||
		!is_same(former->path_add, route->path_add) ||
		!is_same(former->host_name, route->host_name) ||
		former->host != route->host ||
		!is_same(upstream_name(entry->edition, former),
			upstream_name(edition, route)))
		return false;
	renew(entry, edition, route);
	return true;
}

struct live_entry *live_entry_find(struct lives *lives, struct edition *edition,
	const struct live_key_question *question)
{
	live_key_write(&lives->key, question);
	struct str key = buf_str(&lives->key.text);
	if (lives->key.text.is_failed)
		return NULL;
	uintptr_t *place = map_find(lives->entries, key.data, key.length);
	struct live_entry *entry =
		place ? (struct live_entry *)*place : create(lives, question);
	if (!entry)
		return NULL;
	entry->users++;
	renew(entry, edition, question->choice->route);
	return entry;
}

void live_entry_release(struct live_entry *entry)
{
	if (entry && --entry->users == 0 && !entry->is_joined)
		live_entry_destroy(entry);
}

void live_entry_part(struct live_entry *entry)
{
	entry->is_joined = false;
	forget_news(entry);
	if (entry->users == 0)
		live_entry_destroy(entry);
}

bool live_entry_is_wanted(const struct live_entry *entry)
{
	uint64_t while_ms = WANTED_INTERVALS * entry->route->live.interval_ms;
	if (while_ms < WANTED_MIN_MS)
		while_ms = WANTED_MIN_MS;
	return !LIST_EMPTY(&entry->followers) || !LIST_EMPTY(&entry->untold) ||
	       now_ms() - entry->asked_ms <= while_ms;
}

struct str live_entry_url(const struct live_entry *entry)
{
	return live_key_url(&entry->key);
}

enum live_look live_entry_look(const struct live_entry *entry)
{
	const struct live_news *news = &entry->news;
	if (!entry->is_known)
		return LIVE_LOOK_WAIT;
	switch (news->state) {
	case LIVE_GOOD:
		return LIVE_LOOK_READY;
	case LIVE_PRIVATE:
		return LIVE_LOOK_PASS;
	case LIVE_DOWN:
		break;
	}
	bool is_fresh = now_ms() - news->checked_ms <= entry->route->live.max_stale_ms;
	return news->snapshot && is_fresh ? LIVE_LOOK_READY : LIVE_LOOK_DOWN;
}

enum live_look live_entry_ask(struct live_entry *entry)
{
	entry->asked_ms = now_ms();
	if (!entry->is_joined)
		entry->is_joined = join(entry);
	return entry->is_joined ? live_entry_look(entry) : LIVE_LOOK_PASS;
}

const struct live_news *live_entry_news(const struct live_entry *entry)
{
	return &entry->news;
}

struct message *live_entry_status(struct live_entry *entry, const char *payload)
{
	const struct live_snapshot *snapshot = entry->news.snapshot;
	uint64_t id = snapshot ? live_snapshot_id(snapshot) : 0;
	struct message *status = entry->status;
	if (status && entry->status_payload == payload && status->id == id)
		return status;
	struct message_parts parts = {
		.kind = MESSAGE_STATUS,
		.id = id,
		.channel = live_key_url(&entry->key),
		.payload = str_from(payload),
		.content_type = STR("application/json"),
	};
	message_unref(status);
	entry->status = message_create(&parts);
	entry->status_payload = payload;
	return entry->status;
}

bool live_entry_follow(
	struct live_entry *entry, struct live_follower *follower, bool is_waiting)
{
	struct lives *lives = entry->lives;
	if (is_waiting && lives->waiting >= entry->route->live.max_waiters)
		return false;
	lives->waiting += is_waiting;
	follower->entry = entry;
	follower->is_waiting = is_waiting;
	LIST_INSERT_HEAD(&entry->followers, follower, link);
	return true;
}

void live_entry_subscribe(struct live_entry *entry, struct live_follower *follower)
{
	follower->entry = entry;
	LIST_INSERT_HEAD(&entry->untold, follower, link);
	loop_timer_set(&entry->timer, now_ms());
}

void live_entry_tell(struct live_follower *follower)
{
	struct live_entry *entry = follower->entry;
	LIST_REMOVE(follower, link);
	LIST_INSERT_HEAD(&entry->untold, follower, link);
	loop_timer_set(&entry->timer, now_ms());
}

void live_entry_leave(struct live_follower *follower)
{
	if (!follower->entry)
		return;
	follower->entry->lives->waiting -= follower->is_waiting;
	follower->entry = NULL;
	LIST_REMOVE(follower, link);
}

// Each is among the others again when it is told, and may leave from there.
static void tell_some(void *arg)
{
	struct live_entry *entry = arg;
	entry->users++; // whoever leaves may be its last one
	for (size_t i = 0; i < BATCH && !LIST_EMPTY(&entry->untold); i++) {
		struct live_follower *follower = LIST_FIRST(&entry->untold);
		LIST_REMOVE(follower, link);
		LIST_INSERT_HEAD(&entry->followers, follower, link);
		follower->on_news(follower);
	}
	if (!LIST_EMPTY(&entry->untold))
		loop_timer_set(&entry->timer, now_ms());
	live_entry_release(entry);
}

static void tell_all(struct live_entry *entry)
{
	struct live_follower *follower;
	while ((follower = LIST_FIRST(&entry->followers))) {
		LIST_REMOVE(follower, link);
		LIST_INSERT_HEAD(&entry->untold, follower, link);
	}
	tell_some(entry);
}

void live_entry_take_news(struct live_entry *entry, const struct live_news *news)
{
	struct live_snapshot *former = entry->news.snapshot;
	entry->news = *news;
	entry->news.snapshot = live_snapshot_ref(news->snapshot);
	live_snapshot_unref(former);
	entry->heads.snapshot = NULL;
	entry->is_known = true;
	entry->users++;
	tell_all(entry);
	while (news->is_final && !LIST_EMPTY(&entry->untold))
		tell_some(entry); // in a turn to come it would be unknown again
	entry->users--;
	if (news->is_final || !live_entry_is_wanted(entry)) {
		bool is_told = news->is_final || live_port_part(entry->lives->port,
							 buf_str(&entry->key.text));
		(void)is_told; // else the home finds out when it asks here
		live_entry_part(entry);
	}
}
