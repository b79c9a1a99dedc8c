// SPDX-License-Identifier: MIT
// Publications, from the worker to the broker and back.
#include <string.h>

#include "channel_priv.h"
#include "publication_priv.h"

static void give_back(struct publication *publication, enum publication_result result)
{
	struct hub_worker *worker = publication->worker;
	if (!worker) {
		publication_destroy(publication);
		return;
	}
	LIST_REMOVE(publication, waiting);
	publication->result = result;
	STAILQ_INSERT_TAIL(&worker->batch.published, publication, beside);
	hub_batch_mark(worker->hub);
}

// The broker knows those of other machines, and would be told of these too late.
static void count_present(struct publication *publication)
{
	const struct publication_options *options = &publication->options;
	for (size_t i = 0; i < options->count; i++) {
		const struct channel *channel = channel_find(
			publication->worker->hub, options->messages[i]->channel);
		if (channel)
			publication->receipts[i].subscribers +=
				channel_count_present(channel);
	}
}

static void on_published(void *arg, enum publication_result result,
	const struct publication_receipt *receipts)
{
	struct publication *publication = arg;
	if (result == PUBLICATION_DONE && publication->worker) {
		memcpy(publication->receipts, receipts,
			publication->options.count * sizeof(*receipts));
		count_present(publication);
	}
	give_back(publication, result);
}

static bool has_memory(struct hub *hub, const struct publication_options *options)
{
	uint64_t size = 0;
	for (size_t i = 0; i < options->count; i++)
		size += message_size(options->messages[i]);
	if (channel_make_room(hub, 0, size))
		return true;
	hub_warn(hub, "hub.memory: too much is remembered, or waits for subscribers");
	return false;
}

static void widen(struct channel *channel, const struct conf_history *limits)
{
	struct hub_tap *tap;
	if (!channel_widen(channel, limits) || !channel->is_known)
		return;
	TAILQ_FOREACH (tap, &channel->taps, beside)
		hub_batch_sync(tap);
}

// Each message has a channel that remembers it, if it is to be.
static bool has_channels(struct hub *hub, const struct publication_options *options)
{
	bool is_remembered =
		options->history.messages > 0 && !hub->broker->methods->remembers;
	for (size_t i = 0; i < options->count; i++) {
		struct str name = options->messages[i]->channel;
		struct channel *channel =
			is_remembered ? channel_get(hub, name) : channel_find(hub, name);
		if (channel)
			widen(channel, &options->history);
		else if (is_remembered)
			return false;
	}
	// None has made room for another.
	for (size_t i = 0; i < options->count && is_remembered; i++) {
		if (!channel_find(hub, options->messages[i]->channel))
			return false;
	}
	return true;
}

void hub_publish(void *arg)
{
	struct publication *publication = arg;
	struct hub *hub = publication->worker->hub;
	const struct publication_options *options = &publication->options;
	LIST_INSERT_HEAD(&publication->worker->waiting, publication, waiting);
	if (!has_memory(hub, options) || !has_channels(hub, options)) {
		give_back(publication, PUBLICATION_REFUSED);
		return;
	}
	for (size_t i = 0; i < options->count; i++)
		message_charge(options->messages[i], &hub->bytes);
	hub->broker->methods->publish(hub->broker, options, on_published, publication);
}
