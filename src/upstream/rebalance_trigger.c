// SPDX-License-Identifier: MIT
// Who joined, and when; see the header.
#include "wherry/upstream/rebalance_trigger.h"

#include <stdlib.h>

struct seen {
	uint64_t id;
	uint64_t since_ms;
	bool is_new; // it has not begun a rebalancing yet
};

struct rebalance_trigger {
	struct seen *servers; // of the last look
	size_t count;
	bool has_looked;
	uint64_t rests_until_ms;
};

struct rebalance_trigger *rebalance_trigger_create(void)
{
	return calloc(1, sizeof(struct rebalance_trigger));
}

void rebalance_trigger_destroy(struct rebalance_trigger *trigger)
{
	if (!trigger)
		return;
	free(trigger->servers);
	free(trigger);
}

static struct seen look_at(
	const struct rebalance_trigger *trigger, uint64_t id, uint64_t now)
{
	for (size_t i = 0; i < trigger->count; i++) {
		if (trigger->servers[i].id == id)
			return trigger->servers[i];
	}
	return (struct seen){id, now, trigger->has_looked};
}

static bool remember(struct rebalance_trigger *trigger, uint64_t now, const uint64_t *ids,
	size_t count)
{
	struct seen *servers = calloc(count + 1, sizeof(*servers));
	if (!servers)
		return false;
	for (size_t i = 0; i < count; i++)
		servers[i] = look_at(trigger, ids[i], now);
	free(trigger->servers);
	trigger->servers = servers;
	trigger->count = count;
	trigger->has_looked = true;
	return true;
}

static bool has_settled(const struct seen *one, uint64_t now, uint64_t settle_ms)
{
	return one->is_new && now >= one->since_ms + settle_ms;
}

bool rebalance_trigger_look(struct rebalance_trigger *trigger, uint64_t now,
	const uint64_t *ids, size_t count, uint64_t settle_ms, uint64_t rest_ms)
{
	bool is_time = false;
	if (!remember(trigger, now, ids, count) || now < trigger->rests_until_ms)
		return false;
	for (size_t i = 0; i < count; i++) {
		struct seen *one = &trigger->servers[i];
		if (!has_settled(one, now, settle_ms))
			continue;
		is_time = true;
		one->is_new = false;
	}
	if (is_time)
		trigger->rests_until_ms = now + rest_ms;
	return is_time;
}
