// SPDX-License-Identifier: MIT
// The broker of one process: it gives ids and knows claims and crowds. What was published
// the hub remembers.
#include "wherry/hub/broker_local.h"

#include <stdlib.h>

#include "crowds_priv.h"
#include "wherry/base/now.h"
#include "wherry/hub/claims.h"

struct broker_local {
	struct broker broker;
	struct claims *claims;
	struct crowds *crowds;
	uint64_t last_id;
	struct publication_receipt *receipts; // room for one publication
	size_t receipts_capacity;
};

static struct broker_local *local_of(struct broker *broker)
{
	return (struct broker_local *)broker; // its first member
}

static void destroy(struct broker *broker)
{
	struct broker_local *local = local_of(broker);
	claims_destroy(local->claims);
	crowds_destroy(local->crowds);
	free(local->receipts);
	free(local);
}

// Ascending, whatever the clock does.
static uint64_t make_id(struct broker_local *local)
{
	uint64_t now = now_calendar_us();
	local->last_id = now > local->last_id ? now : local->last_id + 1;
	return local->last_id;
}

static bool has_room(struct broker_local *local, size_t count)
{
	if (count <= local->receipts_capacity)
		return true;
	struct publication_receipt *receipts =
		realloc(local->receipts, count * sizeof(*receipts));
	if (!receipts)
		return false;
	local->receipts = receipts;
	local->receipts_capacity = count;
	return true;
}

static enum publication_result claim(
	struct broker_local *local, const struct publication_options *options)
{
	if (options->claim.length == 0)
		return PUBLICATION_DONE;
	switch (claims_make(local->claims, options->claim, options->claim_ms, now_ms())) {
	case CLAIMS_OK:
		return PUBLICATION_DONE;
	case CLAIMS_KNOWN:
		return PUBLICATION_DUPLICATE;
	case CLAIMS_FULL:
		return PUBLICATION_REFUSED;
	}
	return PUBLICATION_REFUSED;
}

static void publish(struct broker *broker, const struct publication_options *options,
	broker_published_cb done, void *arg)
{
	struct broker_local *local = local_of(broker);
	enum publication_result result = PUBLICATION_MEMORY;
	if (has_room(local, options->count))
		result = claim(local, options);
	if (result != PUBLICATION_DONE) {
		done(arg, result, NULL);
		return;
	}
	for (size_t i = 0; i < options->count; i++) {
		struct message *message = options->messages[i];
		message->id = make_id(local);
		local->receipts[i] = (struct publication_receipt){.id = message->id};
		broker->handler->on_message(broker->arg, message);
	}
	done(arg, PUBLICATION_DONE, local->receipts);
}

static void join(struct broker *broker, struct str channel,
	const struct conf_history *limits, uint64_t after)
{
	broker->handler->on_history(broker->arg, channel, 0, NULL, 0);
}

static void part(struct broker *broker, struct str channel)
{
}

static void enter(struct broker *broker, struct str channel, struct str member,
	enum conf_presence presence, size_t subscribers)
{
	crowds_change(
		local_of(broker)->crowds, channel, member, true, presence, subscribers);
}

static void leave(struct broker *broker, struct str channel, struct str member,
	enum conf_presence presence, size_t subscribers)
{
	crowds_change(
		local_of(broker)->crowds, channel, member, false, presence, subscribers);
}

static const struct broker_methods methods = {
	.name = "local",
	.destroy = destroy,
	.publish = publish,
	.join = join,
	.part = part,
	.enter = enter,
	.leave = leave,
};

static void tell_presence(void *arg, struct str channel, struct str event)
{
	struct broker_local *local = arg;
	struct message_parts parts = {
		.kind = MESSAGE_PRESENCE,
		.id = make_id(local),
		.channel = channel,
		.payload = event,
	};
	struct message *message = message_create(&parts);
	if (!message)
		return; // the next event tells all again
	local->broker.handler->on_message(local->broker.arg, message);
	message_unref(message);
}

struct broker *broker_local_create(struct loop *loop)
{
	struct broker_local *local = calloc(1, sizeof(*local));
	if (!local)
		return NULL;
	local->broker.methods = &methods;
	local->broker.floor = local->last_id = now_calendar_us();
	local->claims = claims_create();
	local->crowds = crowds_create(loop, tell_presence, local);
	if (local->claims && local->crowds)
		return &local->broker;
	destroy(&local->broker);
	return NULL;
}
