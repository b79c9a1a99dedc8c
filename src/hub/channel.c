// SPDX-License-Identifier: MIT
// Channels; see the header.
#include "channel_priv.h"

#include <stdlib.h>
#include <string.h>

#include "wherry/base/now.h"

enum {
	SWEPT_AT_ONCE = 2000, // channels
};

struct channel *channel_find(struct hub *hub, struct str name)
{
	uintptr_t *place = map_find(hub->channels, name.data, name.length);
	return place ? (struct channel *)*place : NULL;
}

static void insert(struct hub_channels *channels, struct channel *channel)
{
	TAILQ_INSERT_TAIL(&channels->list, channel, beside);
}

static void take(struct hub_channels *channels, struct channel *channel)
{
	if (channels->next_swept == channel)
		channels->next_swept = TAILQ_NEXT(channel, beside);
	TAILQ_REMOVE(&channels->list, channel, beside);
}

static struct channel *create(struct hub *hub, struct str name)
{
	struct channel *channel = calloc(1, sizeof(*channel) + name.length);
	if (!channel)
		return NULL;
	channel->hub = hub;
	// One that was forgotten is not known to have had anything newer.
	history_init(&channel->history, hub->broker->methods->remembers ? 0 : hub->floor);
	TAILQ_INIT(&channel->taps);
	channel->name_length = name.length;
	if (name.length > 0)
		memcpy(channel->name, name.data, name.length);
	return channel;
}

// It is the last one of the idle to be forgotten.
static void touch(struct channel *channel)
{
	if (!TAILQ_EMPTY(&channel->taps))
		return;
	take(&channel->hub->idle, channel);
	insert(&channel->hub->idle, channel);
}

struct channel *channel_get(struct hub *hub, struct str name)
{
	struct channel *channel = channel_find(hub, name);
	if (channel) {
		touch(channel);
		return channel;
	}
	if (!channel_make_room(hub, 1, 0)) {
		hub_warn(hub, "hub.channels: there are too many");
		return NULL;
	}
	uintptr_t *place = map_put(hub->channels, name.data, name.length);
	if (!place)
		return NULL;
	channel = create(hub, name);
	if (!channel) {
		map_remove(hub->channels, name.data, name.length);
		return NULL;
	}
	*place = (uintptr_t)channel;
	insert(&hub->idle, channel);
	return channel;
}

struct str channel_name(const struct channel *channel)
{
	return (struct str){channel->name, channel->name_length};
}

size_t channel_count_present(const struct channel *channel)
{
	const struct hub_tap *tap;
	size_t count = 0;
	TAILQ_FOREACH (tap, &channel->taps, beside)
		count += atomic_load(&tap->present);
	return count;
}

bool channel_widen(struct channel *channel, const struct conf_history *limits)
{
	return limits->messages > 0 && history_widen(&channel->limits, limits);
}

static void limit(struct channel *channel)
{
	history_limit(&channel->history, &channel->limits, now_ms());
	history_drop(&channel->history, NULL);
}

void channel_add(struct channel *channel, struct message *message)
{
	touch(channel);
	if (message->kind == MESSAGE_DATA) {
		// Without memory for it, all before it is forgotten too.
		if (!history_add(&channel->history, message))
			history_lose(&channel->history, message->id);
		limit(channel);
	}
	struct hub_tap *tap;
	TAILQ_FOREACH (tap, &channel->taps, beside)
		hub_batch_add(tap, message);
}

void channel_lose(struct channel *channel, uint64_t floor)
{
	history_lose(&channel->history, floor);
}

void channel_join(struct channel *channel, struct hub_tap *tap)
{
	if (TAILQ_EMPTY(&channel->taps)) {
		take(&channel->hub->idle, channel);
		insert(&channel->hub->joined, channel);
	}
	TAILQ_INSERT_TAIL(&channel->taps, tap, beside);
	tap->channel = channel;
}

void channel_part(struct channel *channel, struct hub_tap *tap)
{
	TAILQ_REMOVE(&channel->taps, tap, beside);
	tap->channel = NULL;
	if (TAILQ_EMPTY(&channel->taps)) {
		take(&channel->hub->joined, channel);
		insert(&channel->hub->idle, channel);
	}
}

void channel_forget(struct channel *channel)
{
	struct hub *hub = channel->hub;
	uint64_t newest = history_newest(&channel->history);
	if (hub->floor < newest)
		hub->floor = newest;
	take(&hub->idle, channel);
	map_remove(hub->channels, channel->name, channel->name_length);
	history_finish(&channel->history);
	free(channel);
}

static bool has_room(struct hub *hub, size_t channels, uint64_t bytes)
{
	return map_count(hub->channels) + channels <= hub->max_channels &&
	       atomic_load_explicit(&hub->bytes, memory_order_relaxed) + bytes <=
		       hub->max_bytes;
}

bool channel_make_room(struct hub *hub, size_t channels, uint64_t bytes)
{
	while (!has_room(hub, channels, bytes)) {
		struct channel *oldest = TAILQ_FIRST(&hub->idle.list);
		if (!oldest)
			return false;
		channel_forget(oldest);
	}
	return true;
}

static void sweep(struct hub_channels *channels)
{
	struct channel *channel = channels->next_swept ? channels->next_swept
						       : TAILQ_FIRST(&channels->list);
	for (size_t i = 0; channel && i < SWEPT_AT_ONCE; i++) {
		struct channel *next = TAILQ_NEXT(channel, beside);
		limit(channel);
		if (TAILQ_EMPTY(&channel->taps) &&
			channel->history.first == channel->history.end)
			channel_forget(channel);
		channel = next;
	}
	channels->next_swept = channel;
}

void channel_sweep(struct hub *hub)
{
	sweep(&hub->joined);
	sweep(&hub->idle);
}
