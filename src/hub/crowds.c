// SPDX-License-Identifier: MIT
// Crowds by channel; see the header.
#include "crowds_priv.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "wherry/base/map.h"
#include "wherry/base/now.h"
#include "wherry/hub/presence.h"

enum {
	TELL_MS = 100, // after the first change
};

struct crowd {
	LIST_ENTRY(crowd) among;
	TAILQ_ENTRY(crowd) beside; // of those that have changed
	bool has_changed;
	enum conf_presence kind;
	size_t subscribers;
	struct presence *presence;
	size_t length;
	char channel[];
};

struct crowds {
	struct map *by_channel;
	LIST_HEAD(, crowd) all;
	TAILQ_HEAD(, crowd) changed;
	struct loop_timer timer;
	crowds_cb tell;
	void *arg;
};

static struct str channel_of(const struct crowd *crowd)
{
	return (struct str){crowd->channel, crowd->length};
}

// Without memory for the text it is told with the next change.
static void tell(struct crowds *crowds, struct crowd *crowd)
{
	struct buf event = BUF_INIT;
	presence_write(crowd->presence, crowd->kind, crowd->subscribers, &event);
	if (!event.is_failed)
		crowds->tell(crowds->arg, channel_of(crowd), buf_str(&event));
	buf_finish(&event);
}

static void tell_all(void *arg)
{
	struct crowds *crowds = arg;
	struct crowd *crowd;
	while ((crowd = TAILQ_FIRST(&crowds->changed))) {
		TAILQ_REMOVE(&crowds->changed, crowd, beside);
		crowd->has_changed = false;
		tell(crowds, crowd);
	}
}

struct crowds *crowds_create(struct loop *loop, crowds_cb tell_one, void *arg)
{
	struct crowds *crowds = calloc(1, sizeof(*crowds));
	if (!crowds)
		return NULL;
	LIST_INIT(&crowds->all);
	TAILQ_INIT(&crowds->changed);
	crowds->tell = tell_one;
	crowds->arg = arg;
	crowds->by_channel = map_create();
	if (!crowds->by_channel) {
		free(crowds);
		return NULL;
	}
	loop_timer_init(&crowds->timer, loop, tell_all, crowds);
	return crowds;
}

static void drop(struct crowds *crowds, struct crowd *crowd)
{
	if (crowd->has_changed)
		TAILQ_REMOVE(&crowds->changed, crowd, beside);
	LIST_REMOVE(crowd, among);
	map_remove(crowds->by_channel, crowd->channel, crowd->length);
	presence_destroy(crowd->presence);
	free(crowd);
}

void crowds_destroy(struct crowds *crowds)
{
	if (!crowds)
		return;
	while (!LIST_EMPTY(&crowds->all))
		drop(crowds, LIST_FIRST(&crowds->all));
	map_destroy(crowds->by_channel);
	loop_timer_finish(&crowds->timer);
	free(crowds);
}

static struct crowd *find(struct crowds *crowds, struct str channel)
{
	uintptr_t *place = map_find(crowds->by_channel, channel.data, channel.length);
	return place ? (struct crowd *)*place : NULL;
}

static struct crowd *add(struct crowds *crowds, struct str channel)
{
	struct crowd *crowd = calloc(1, sizeof(*crowd) + channel.length);
	if (!crowd)
		return NULL;
	uintptr_t *place = NULL;
	crowd->presence = presence_create();
	if (crowd->presence)
		place = map_put(crowds->by_channel, channel.data, channel.length);
	if (!place) {
		presence_destroy(crowd->presence);
		free(crowd);
		return NULL;
	}
	crowd->length = channel.length;
	if (channel.length > 0)
		memcpy(crowd->channel, channel.data, channel.length);
	*place = (uintptr_t)crowd;
	LIST_INSERT_HEAD(&crowds->all, crowd, among);
	return crowd;
}

static void mark(struct crowds *crowds, struct crowd *crowd)
{
	if (crowd->has_changed)
		return;
	if (TAILQ_EMPTY(&crowds->changed))
		loop_timer_set(&crowds->timer, now_ms() + TELL_MS);
	crowd->has_changed = true;
	TAILQ_INSERT_TAIL(&crowds->changed, crowd, beside);
}

void crowds_change(struct crowds *crowds, struct str channel, struct str member,
	bool is_coming, enum conf_presence presence, size_t subscribers)
{
	struct crowd *crowd = find(crowds, channel);
	if (!crowd)
		crowd = subscribers > 0 ? add(crowds, channel) : NULL;
	if (!crowd)
		return;
	if (subscribers == 0) { // there is nobody to be told
		drop(crowds, crowd);
		return;
	}
	crowd->subscribers = subscribers;
	if (crowd->kind < presence)
		crowd->kind = presence;
	if (crowd->kind == CONF_PRESENCE_OFF)
		return;
	if (is_coming)
		presence_enter(crowd->presence, member);
	else
		presence_leave(crowd->presence, member);
	mark(crowds, crowd);
}
