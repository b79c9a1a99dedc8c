// SPDX-License-Identifier: MIT
// The channels of this machine: joined and parted, and told to the hub.
#include "broker_redis_channel_priv.h"

#include <stdlib.h>
#include <string.h>

#include "broker_redis_record_priv.h"

#include "wherry/base/now.h"
#include "wherry/hub/history.h"

enum {
	ENTERED_US = 1000 * 1000, // at most, before its channel was joined
};

struct str broker_redis_channel_name(const struct redis_channel *channel)
{
	return (struct str){channel->name, channel->name_length};
}

struct redis_channel *broker_redis_channel_find(
	struct broker_redis *redis, struct str name)
{
	uintptr_t *place = map_find(redis->channels, name.data, name.length);
	return place ? (struct redis_channel *)*place : NULL;
}

struct redis_channel *broker_redis_channel_get(
	struct broker_redis *redis, struct str name)
{
	uintptr_t *place = map_put(redis->channels, name.data, name.length);
	if (!place)
		return NULL;
	if (*place)
		return (struct redis_channel *)*place;
	struct redis_channel *channel = calloc(1, sizeof(*channel) + name.length);
	if (!channel) {
		map_remove(redis->channels, name.data, name.length);
		return NULL;
	}
	*place = (uintptr_t)channel;
	channel->redis = redis;
	channel->name_length = name.length;
	memcpy(channel->name, name.data, name.length);
	TAILQ_INSERT_TAIL(&redis->channel_list, channel, beside);
	return channel;
}

static void destroy(struct redis_channel *channel)
{
	struct broker_redis *redis = channel->redis;
	map_remove(redis->channels, channel->name, channel->name_length);
	TAILQ_REMOVE(&redis->channel_list, channel, beside);
	broker_redis_crowd_destroy(channel);
	free(channel);
}

void broker_redis_channel_release(struct redis_channel *channel)
{
	if (!channel->is_joined && channel->subscribes == 0 &&
		broker_redis_crowd_is_over(channel))
		destroy(channel);
}

// Whatever finds no memory on the way is tried again with the next connection.
static void start(struct redis_channel *channel, struct redis_sync *sync)
{
	struct broker_redis *redis = channel->redis;
	struct buf name = BUF_INIT;
	broker_redis_push_name(redis, 'c', broker_redis_channel_name(channel), &name);
	broker_redis_sync_add(sync, channel);
	if (!name.is_failed && link_redis_subscribe(redis->pushes, buf_str(&name)))
		channel->subscribes++;
	else
		redis->is_failed = true;
	buf_finish(&name);
}

static void stop(struct redis_channel *channel)
{
	struct broker_redis *redis = channel->redis;
	struct buf name = BUF_INIT;
	broker_redis_push_name(redis, 'c', broker_redis_channel_name(channel), &name);
	if (!name.is_failed)
		link_redis_unsubscribe(redis->pushes, buf_str(&name));
	buf_finish(&name);
}

uint64_t broker_redis_channel_begin(const struct redis_channel *channel)
{
	return channel->joined_us - ENTERED_US;
}

// Without Redis. What was published since, as the clock says, is told when it is back.
static void go_on(struct redis_channel *channel)
{
	struct broker_redis *redis = channel->redis;
	uint64_t now = now_calendar_us();
	if (redis->local_id < now)
		redis->local_id = now;
	channel->after = channel->told = broker_redis_channel_begin(channel);
	channel->is_known = true;
	redis->broker.handler->on_history(redis->broker.arg,
		broker_redis_channel_name(channel), channel->told, NULL, 0);
}

static void start_first(struct redis_channel *channel)
{
	struct broker_redis *redis = channel->redis;
	struct redis_sync *sync = broker_redis_sync_create(redis, true);
	if (!sync) {
		redis->is_failed = true;
		return;
	}
	start(channel, sync);
	broker_redis_sync_close(sync);
}

void broker_redis_join(struct broker *broker, struct str name,
	const struct conf_history *limits, uint64_t after)
{
	struct broker_redis *redis = (struct broker_redis *)broker;
	struct redis_channel *channel = broker_redis_channel_get(redis, name);
	if (!channel)
		return;
	channel->limits = *limits;
	channel->is_joined = true;
	channel->joined_us = now_calendar_us();
	channel->after = channel->told = after;
	if (redis->is_ready)
		start_first(channel);
	else if (redis->goes_on)
		go_on(channel);
	broker_redis_drop_if_failed(redis);
}

void broker_redis_part(struct broker *broker, struct str name)
{
	struct broker_redis *redis = (struct broker_redis *)broker;
	struct redis_channel *channel = broker_redis_channel_find(redis, name);
	if (!channel || !channel->is_joined)
		return;
	channel->is_joined = channel->is_known = false;
	if (channel->sync)
		broker_redis_sync_remove(channel);
	if (redis->is_ready)
		stop(channel);
	broker_redis_channel_release(channel);
}

void broker_redis_channel_resume(struct broker_redis *redis)
{
	struct redis_channel *channel;
	struct redis_sync *sync = broker_redis_sync_create(redis, false);
	redis->is_failed = !sync;
	TAILQ_FOREACH (channel, &redis->channel_list, beside) {
		if (channel->is_joined && channel->is_known && sync)
			start(channel, sync);
		else if (channel->is_joined)
			start_first(channel);
	}
	if (sync)
		broker_redis_sync_close(sync);
	broker_redis_drop_if_failed(redis);
}

void broker_redis_channel_suspend(struct broker_redis *redis)
{
	struct redis_channel *channel, *next;
	for (channel = TAILQ_FIRST(&redis->channel_list); channel; channel = next) {
		next = TAILQ_NEXT(channel, beside);
		channel->subscribes = 0;
		if (channel->is_known && !channel->sync && channel->after < redis->heard)
			channel->after = redis->heard;
		broker_redis_channel_release(channel);
	}
	broker_redis_sync_abandon_all(redis);
}

void broker_redis_channel_go_on(struct broker_redis *redis)
{
	struct redis_channel *channel;
	TAILQ_FOREACH (channel, &redis->channel_list, beside) {
		if (channel->is_joined && !channel->is_known)
			go_on(channel);
	}
}

void broker_redis_channel_note(struct broker_redis *redis, uint64_t nonce)
{
	redis->nonces[redis->nonce_count++ % BROKER_REDIS_REMEMBERED_NONCES] = nonce;
}

static bool has_come(const struct broker_redis *redis, uint64_t nonce)
{
	for (size_t i = 0; i < BROKER_REDIS_REMEMBERED_NONCES; i++) {
		if (redis->nonces[i] == nonce)
			return true;
	}
	return false;
}

static void tell(struct redis_channel *channel, const struct redis_arrival *arrival)
{
	struct broker_redis *redis = channel->redis;
	struct message *message = arrival->message;

	channel->after = message->id;
	if (arrival->may_be_known && has_come(redis, arrival->nonce))
		return;
	if (arrival->nonce != 0)
		broker_redis_channel_note(redis, arrival->nonce);
	// What was published here in the meantime may have got there first.
	if (message->id <= channel->told || message->id <= redis->local_told)
		message->id = broker_redis_local_id(redis);
	channel->told = message->id;
	redis->broker.handler->on_message(redis->broker.arg, message);
}

void broker_redis_channel_give(
	struct redis_channel *channel, const struct redis_arrival *arrival)
{
	if (arrival->message->id > channel->after)
		tell(channel, arrival);
	message_unref(arrival->message);
}

void broker_redis_channel_tell(struct broker_redis *redis, struct message *message)
{
	struct redis_channel *channel =
		broker_redis_channel_find(redis, message->channel);
	if (!channel || !channel->is_joined)
		return;
	if (!channel->is_known)
		go_on(channel);
	channel->told = redis->local_told = message->id;
	redis->broker.handler->on_message(redis->broker.arg, message);
}

void broker_redis_channel_widen(
	struct broker_redis *redis, struct str name, struct conf_history *limits)
{
	const struct redis_channel *channel = broker_redis_channel_find(redis, name);
	if (channel && channel->is_joined)
		(void)history_widen(limits, &channel->limits);
}

struct message *broker_redis_channel_message(
	const struct redis_channel *channel, uint64_t id, struct str record)
{
	struct message_parts parts = {
		.kind = MESSAGE_DATA,
		.id = id,
		.channel = broker_redis_channel_name(channel),
	};
	return broker_redis_record_read(record, &parts) ? message_create(&parts) : NULL;
}

void broker_redis_channel_take(
	struct redis_channel *channel, const struct redis_arrival *arrival)
{
	if (channel->sync)
		broker_redis_sync_push(channel, arrival);
	else
		broker_redis_channel_give(channel, arrival);
}

static void on_data(struct redis_channel *channel, const struct broker_redis_push *push)
{
	struct redis_arrival arrival = {
		.message = broker_redis_channel_message(channel, push->id, push->record),
		.nonce = push->nonce,
		.may_be_known = push->is_again,
		.is_pushed = true,
	};
	if (arrival.message)
		broker_redis_channel_take(channel, &arrival);
}

static void on_message(struct redis_channel *channel, struct str payload)
{
	struct broker_redis_push push;
	if (!broker_redis_record_push(payload, &push))
		return; // somebody else's
	if (push.kind == BROKER_REDIS_PUSH_STIR)
		broker_redis_crowd_stir(channel);
	else if (push.kind == BROKER_REDIS_PUSH_DATA)
		on_data(channel, &push);
	broker_redis_hear(channel->redis, push.id);
}

void broker_redis_channel_pushed(struct broker_redis *redis, enum link_redis_push push,
	struct str name, struct str payload)
{
	struct redis_channel *channel = broker_redis_channel_find(redis, name);
	if (!channel)
		return;
	if (push == LINK_REDIS_MESSAGE) {
		if (channel->is_joined)
			on_message(channel, payload);
	} else if (channel->subscribes > 0 && --channel->subscribes == 0) {
		if (channel->sync)
			broker_redis_sync_subscribed(channel);
		broker_redis_channel_release(channel);
	}
	broker_redis_drop_if_failed(redis);
}

bool broker_redis_channel_init(struct broker_redis *redis)
{
	TAILQ_INIT(&redis->channel_list);
	redis->channels = map_create();
	return redis->channels != NULL;
}

void broker_redis_channel_finish(struct broker_redis *redis)
{
	broker_redis_sync_abandon_all(redis);
	while (redis->channels && !TAILQ_EMPTY(&redis->channel_list))
		destroy(TAILQ_FIRST(&redis->channel_list));
	map_destroy(redis->channels);
}
