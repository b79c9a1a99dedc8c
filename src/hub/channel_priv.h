// SPDX-License-Identifier: MIT
// A channel: its messages, and the taps of the workers that have subscribers there. One
// that nobody has joined lives as long as it remembers something.
#pragma once

#include "hub_priv.h"

struct channel {
	struct hub *hub;
	struct history history;
	struct conf_history limits;
	_Atomic size_t subscribers; // counted by the workers
	size_t told_subscribers;    // those that the broker knows of
	TAILQ_HEAD(channel_taps, hub_tap) taps;
	TAILQ_ENTRY(channel) beside; // in the hub's joined or idle ones
	bool is_known;               // it is joined, and the broker has answered
	size_t name_length;
	char name[];
};

// NULL if there is none.
struct channel *channel_find(struct hub *hub, struct str name);
// Found or made. NULL when memory is short, or there are too many.
MUST_CHECK struct channel *channel_get(struct hub *hub, struct str name);
struct str channel_name(const struct channel *channel);
// Remembers at least as much from now on. True if that is more.
bool channel_widen(struct channel *channel, const struct conf_history *limits);
// Its subscribers in this process, also those that wait for the answer to their join. Who
// comes just as a worker parts from it is not one of them until it has joined again.
size_t channel_count_present(const struct channel *channel);
// It was published: is remembered, and told to all who joined. Ids that are not newer
// than the newest are known already.
void channel_add(struct channel *channel, struct message *message);
// All up to this id is gone.
void channel_lose(struct channel *channel, uint64_t floor);
// Forgets channels that nobody has joined until there is so much more room. False if that
// is not enough.
MUST_CHECK bool channel_make_room(struct hub *hub, size_t channels, uint64_t bytes);
void channel_join(struct channel *channel, struct hub_tap *tap);
// It is among the idle ones after the last of them.
void channel_part(struct channel *channel, struct hub_tap *tap);
// Nobody has joined it.
void channel_forget(struct channel *channel);
// Forgets what is too old, of some channels in turn.
void channel_sweep(struct hub *hub);
