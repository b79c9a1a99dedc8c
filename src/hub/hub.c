// SPDX-License-Identifier: MIT
// The hub as a whole, and what its broker tells it; see the header.
#include "wherry/hub/hub.h"

#include <stdlib.h>
#include <string.h>

#include "channel_priv.h"
#include "publication_priv.h"
#include "wherry/base/log.h"
#include "wherry/base/now.h"

enum {
	SWEEP_MS = 1000,
	WARN_MS = 10 * 1000,
	ID_SLACK_US = 60 * 1000 * 1000,
};

void hub_note_id(struct hub *hub, uint64_t id)
{
	if (atomic_load(&hub->newest) < id)
		atomic_store(&hub->newest, id);
}

// It has its id.
static void on_message(void *arg, struct message *message)
{
	struct hub *hub = arg;
	struct channel *channel = channel_find(hub, message->channel);
	hub_note_id(hub, message->id);
	if (!message->charged)
		message_charge(message, &hub->bytes);
	if (channel)
		channel_add(channel, message);
	else if (message->kind == MESSAGE_DATA && hub->floor < message->id)
		hub->floor = message->id; // who comes back to that channel missed it
}

static void set_state(struct hub *hub, char *state)
{
	free(hub->state);
	hub->state = state;
	hub->is_state_told = false;
}

// It says so each time that it tries in vain: only other reasons are logged, and those
// not often.
static void on_state(void *arg, bool is_ready, const char *text)
{
	struct hub *hub = arg;
	uint64_t now = now_ms();
	bool was_ready = !hub->state;

	if (is_ready) {
		set_state(hub, NULL);
		log_info("hub: %s: %s", hub->broker->methods->name, text);
		return;
	}
	if (was_ready || strcmp(hub->state, text) != 0)
		set_state(hub, str_copy(str_from(text)));
	if (hub->is_state_told || (!was_ready && now - hub->state_told_ms < WARN_MS))
		return;
	hub->is_state_told = true;
	hub->state_told_ms = now;
	log_warn("hub: %s: %s", hub->broker->methods->name, text);
}

static const struct broker_handler handler = {
	.on_message = on_message,
	.on_history = hub_tap_on_history,
	.on_state = on_state,
};

static void sweep(void *arg)
{
	struct hub *hub = arg;
	channel_sweep(hub);
	loop_timer_set(&hub->sweep, now_ms() + SWEEP_MS);
}

struct hub *hub_create(const struct hub_options *options, struct broker *broker)
{
	struct hub *hub = calloc(1, sizeof(*hub));
	struct map *channels = map_create();
	if (!hub || !channels) {
		free(hub);
		map_destroy(channels);
		broker->methods->destroy(broker);
		return NULL;
	}
	hub->loop = options->loop;
	hub->channels = channels;
	hub->broker = broker;
	hub->floor = broker->floor;
	atomic_init(&hub->newest, broker->floor);
	hub->id_slack_us = broker->methods->remembers ? ID_SLACK_US : 0;
	TAILQ_INIT(&hub->joined.list);
	TAILQ_INIT(&hub->idle.list);
	LIST_INIT(&hub->workers);
	hub_set_limits(hub, options->max_channels, options->max_bytes);
	broker->handler = &handler;
	broker->arg = hub;
	loop_timer_init(&hub->retry, hub->loop, hub_batch_retry, hub);
	loop_timer_init(&hub->sweep, hub->loop, sweep, hub);
	loop_timer_set(&hub->sweep, now_ms() + SWEEP_MS);
	return hub;
}

void hub_destroy(struct hub *hub)
{
	if (!hub)
		return;
	hub->broker->methods->destroy(hub->broker);
	while (!TAILQ_EMPTY(&hub->idle.list))
		channel_forget(TAILQ_FIRST(&hub->idle.list));
	map_destroy(hub->channels);
	loop_timer_finish(&hub->sweep);
	loop_timer_finish(&hub->retry);
	free(hub->state);
	free(hub);
}

void hub_set_limits(struct hub *hub, size_t max_channels, uint64_t max_bytes)
{
	hub->max_channels = max_channels;
	hub->max_bytes = max_bytes;
}

void hub_warn(struct hub *hub, const char *what)
{
	uint64_t now = now_ms();
	if (hub->warned_ms != 0 && now - hub->warned_ms < WARN_MS)
		return;
	hub->warned_ms = now;
	log_warn("%s; what comes is refused", what);
}

static void add_facts(const struct hub_channels *channels, struct hub_facts *facts)
{
	const struct channel *channel;
	TAILQ_FOREACH (channel, &channels->list, beside) {
		facts->channels++;
		facts->subscribers += atomic_load(&channel->subscribers);
		facts->messages += channel->history.end - channel->history.first;
	}
}

void hub_read_facts(const struct hub *hub, struct hub_facts *ret_facts)
{
	*ret_facts = (struct hub_facts){
		.bytes = atomic_load(&hub->bytes),
		.broker = hub->broker->methods->name,
		.is_ready = !hub->state,
		.broker_state = hub->state ? hub->state : "ready",
	};
	add_facts(&hub->joined, ret_facts);
	add_facts(&hub->idle, ret_facts);
}
