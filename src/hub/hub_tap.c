// SPDX-License-Identifier: MIT
// Workers join channels and part from them; see hub_priv.h.
#include <stdlib.h>

#include "channel_priv.h"
#include "publication_priv.h"

static const struct broker_methods *methods_of(const struct hub *hub)
{
	return hub->broker->methods;
}

void hub_worker_attach(struct hub_worker *worker, struct hub *hub, struct loop *loop,
	struct feeds *feeds)
{
	worker->hub = hub;
	worker->loop = loop;
	hub_batch_init(&worker->batch, feeds);
	LIST_INIT(&worker->waiting);
	LIST_INSERT_HEAD(&hub->workers, worker, beside);
}

void hub_worker_detach(struct hub_worker *worker)
{
	hub_batch_clear(&worker->batch);
	struct publication *publication;
	while ((publication = LIST_FIRST(&worker->waiting))) {
		LIST_REMOVE(publication, waiting);
		publication->worker = NULL;
	}
	LIST_REMOVE(worker, beside);
}

static void sync_all(struct channel *channel)
{
	struct hub_tap *tap;
	TAILQ_FOREACH (tap, &channel->taps, beside)
		hub_batch_sync(tap);
}

void hub_join(void *arg)
{
	struct hub_tap *tap = arg;
	struct hub *hub = tap->worker->hub;
	struct channel *channel = channel_get(hub, tap->name);
	if (!channel) {
		STAILQ_INSERT_TAIL(&tap->worker->batch.refused, tap, told);
		hub_batch_mark(hub);
		return;
	}
	bool is_first = TAILQ_EMPTY(&channel->taps);
	bool is_wider = channel_widen(channel, &tap->rules.history);
	channel_join(channel, tap);
	if (is_first)
		methods_of(hub)->join(hub->broker, tap->name, &channel->limits,
			history_newest(&channel->history));
	else if (channel->is_known && is_wider)
		sync_all(channel);
	else if (channel->is_known)
		hub_batch_sync(tap);
}

static void part(struct hub_tap *tap)
{
	struct channel *channel = tap->channel;
	struct hub *hub = channel->hub;
	channel_part(channel, tap);
	if (!TAILQ_EMPTY(&channel->taps))
		return;
	channel->is_known = false;
	methods_of(hub)->part(hub->broker, channel_name(channel));
	if (methods_of(hub)->remembers)
		channel_forget(channel);
}

void hub_tap_drop(struct hub_tap *tap)
{
	if (tap->channel)
		part(tap);
}

void hub_part(void *arg)
{
	struct hub_tap *tap = arg;
	hub_tap_drop(tap);
	STAILQ_INSERT_TAIL(&tap->worker->batch.parted, tap, told);
	hub_batch_mark(tap->worker->hub);
}

static void tell_crowd(struct hub_tap *tap, bool is_coming, struct str member)
{
	struct channel *channel = tap->channel;
	if (!channel)
		return;
	struct broker *broker = channel->hub->broker;
	size_t subscribers = atomic_load(&channel->subscribers);
	channel->told_subscribers = subscribers;
	if (is_coming)
		broker->methods->enter(broker, channel_name(channel), member,
			tap->rules.presence, subscribers);
	else
		broker->methods->leave(broker, channel_name(channel), member,
			tap->rules.presence, subscribers);
}

void hub_count(void *arg)
{
	struct hub_tap *tap = arg;
	atomic_store(&tap->is_count_posted, false);
	if (!tap->channel)
		return;
	size_t subscribers = atomic_load(&tap->channel->subscribers);
	size_t told = tap->channel->told_subscribers;
	if (subscribers != told)
		tell_crowd(tap, subscribers > told, STR(""));
}

void hub_resync(void *arg)
{
	struct hub_tap *tap = arg;
	if (tap->channel && tap->channel->is_known)
		hub_batch_sync(tap);
}

void hub_visit(void *arg)
{
	struct hub_visit *visit = arg;
	tell_crowd(
		visit->tap, visit->is_coming, (struct str){visit->member, visit->length});
	free(visit);
}

void hub_demand(void *arg)
{
	struct hub_demand *demand = arg;
	struct hub_tap *tap = demand->tap;
	tap->rules = demand->rules;
	if (tap->channel && channel_widen(tap->channel, &demand->rules.history) &&
		tap->channel->is_known)
		sync_all(tap->channel);
	free(demand);
}

// The broker's handler, of joins.
void hub_tap_on_history(void *arg, struct str name, uint64_t floor,
	struct message *const *messages, size_t count)
{
	struct hub *hub = arg;
	struct channel *channel = channel_find(hub, name);
	if (!channel || TAILQ_EMPTY(&channel->taps))
		return;
	if (floor > history_newest(&channel->history))
		channel_lose(channel, floor);
	for (size_t i = 0; i < count; i++) {
		hub_note_id(hub, messages[i]->id);
		if (messages[i]->id > history_newest(&channel->history))
			channel_add(channel, messages[i]);
	}
	channel->is_known = true;
	sync_all(channel);
}
