// SPDX-License-Identifier: MIT
// Subscribers of channels, and who they are: Redis is told of this machine's, and tells
// of all machines'; both at most ten times a second for a channel.
#include <stdlib.h>

#include <hiredis/hiredis.h>

#include "broker_redis_channel_priv.h"
#include "broker_redis_record_priv.h"

#include "wherry/base/now.h"
#include "wherry/hub/presence.h"
#include "wherry/proto/resp.h"

enum {
	TELL_MS = 100, // after the first change
};

struct redis_crowd {
	struct redis_channel *channel;
	size_t count; // of this machine
	enum conf_presence kind;
	struct presence *here;        // who they are; NULL where that is not told
	struct presence *all;         // who is on all machines, as was told last
	struct buf members;           // the same as text
	bool has_changed, is_stirred; // is in the list of that name
	TAILQ_ENTRY(redis_crowd) changed, stirred;
};

bool broker_redis_crowd_is_over(const struct redis_channel *channel)
{
	const struct redis_crowd *crowd = channel->crowd;
	return !crowd || (crowd->count == 0 && !crowd->has_changed);
}

void broker_redis_crowd_destroy(struct redis_channel *channel)
{
	struct redis_crowd *crowd = channel->crowd;
	struct broker_redis *redis = channel->redis;
	if (!crowd)
		return;
	if (crowd->has_changed)
		TAILQ_REMOVE(&redis->changed, crowd, changed);
	if (crowd->is_stirred)
		TAILQ_REMOVE(&redis->stirred, crowd, stirred);
	presence_destroy(crowd->here);
	presence_destroy(crowd->all);
	buf_finish(&crowd->members);
	free(crowd);
	channel->crowd = NULL;
}

static void arm(struct broker_redis *redis)
{
	if (redis->crowd_timer.at_ms == 0)
		loop_timer_set(&redis->crowd_timer, now_ms() + TELL_MS);
}

static void mark(struct redis_crowd *crowd)
{
	struct broker_redis *redis = crowd->channel->redis;
	if (crowd->has_changed)
		return;
	crowd->has_changed = true;
	TAILQ_INSERT_TAIL(&redis->changed, crowd, changed);
	arm(redis);
}

void broker_redis_crowd_stir(struct redis_channel *channel)
{
	struct redis_crowd *crowd = channel->crowd;
	struct broker_redis *redis = channel->redis;
	if (!crowd || crowd->kind == CONF_PRESENCE_OFF || crowd->is_stirred)
		return;
	crowd->is_stirred = true;
	TAILQ_INSERT_TAIL(&redis->stirred, crowd, stirred);
	arm(redis);
}

// Errors are logged; what is lost with the connection is told with the next one.
static void on_reply(void *arg, const struct redisReply *reply)
{
	(void)!broker_redis_is_good(arg, reply);
}

static void tell(struct redis_crowd *crowd)
{
	struct redis_channel *channel = crowd->channel;
	struct broker_redis *redis = channel->redis;
	struct buf command = BUF_INIT, members = BUF_INIT;

	if (crowd->here)
		presence_write_names(crowd->here, &members);
	broker_redis_begin_call(redis, &command, BROKER_REDIS_ATTEND, 4);
	resp_add(&command, str_from(redis->machine));
	resp_add(&command, broker_redis_channel_name(channel));
	resp_add_u64(&command, crowd->count);
	resp_add(&command, buf_str(&members));
	if (members.is_failed ||
		!link_redis_send(redis->commands, &command, on_reply, redis))
		redis->is_failed = true;
	buf_finish(&members);
	buf_finish(&command);
}

static void ask(struct redis_crowd *crowd)
{
	struct broker_redis *redis = crowd->channel->redis;
	struct buf command = BUF_INIT;

	broker_redis_begin_call(redis, &command, BROKER_REDIS_CROWD, 3);
	resp_add(&command, str_from(redis->machine));
	resp_add(&command, broker_redis_channel_name(crowd->channel));
	resp_add_u64(&command, crowd->kind == CONF_PRESENCE_LIST);
	if (!link_redis_send(redis->commands, &command, on_reply, redis))
		redis->is_failed = true;
	buf_finish(&command);
}

static void on_timer(void *arg)
{
	struct broker_redis *redis = arg;
	struct redis_crowd *crowd;
	if (!redis->is_ready)
		return; // all are told when it is
	while ((crowd = TAILQ_FIRST(&redis->changed))) {
		TAILQ_REMOVE(&redis->changed, crowd, changed);
		crowd->has_changed = false;
		tell(crowd);
		broker_redis_channel_release(crowd->channel);
	}
	while ((crowd = TAILQ_FIRST(&redis->stirred))) {
		TAILQ_REMOVE(&redis->stirred, crowd, stirred);
		crowd->is_stirred = false;
		ask(crowd);
	}
	broker_redis_drop_if_failed(redis);
}

void broker_redis_crowd_tell_all(struct broker_redis *redis)
{
	struct redis_channel *channel;
	TAILQ_FOREACH (channel, &redis->channel_list, beside) {
		if (!channel->crowd)
			continue;
		mark(channel->crowd);
		broker_redis_crowd_stir(channel);
	}
	arm(redis);
}

// Who came and who left follows from who was there: all of now enter, all of before
// leave.
static void change(struct redis_crowd *crowd, struct str members)
{
	struct str name, rest = members;
	while (broker_redis_record_next_member(&rest, &name))
		presence_enter(crowd->all, name);
	rest = buf_str(&crowd->members);
	while (broker_redis_record_next_member(&rest, &name))
		presence_leave(crowd->all, name);
	buf_clear(&crowd->members);
	buf_append_str(&crowd->members, members);
}

void broker_redis_crowd_heard(
	struct broker_redis *redis, const struct broker_redis_push *push)
{
	struct redis_channel *channel = broker_redis_channel_find(redis, push->channel);
	struct redis_crowd *crowd = channel ? channel->crowd : NULL;
	struct buf event = BUF_INIT;
	if (!crowd || !channel->is_joined)
		return;
	if (!crowd->all)
		crowd->all = presence_create();
	if (!crowd->all)
		return;
	change(crowd, push->members);
	presence_write(crowd->all, crowd->kind, push->count, &event);
	struct message_parts parts = {
		.kind = MESSAGE_PRESENCE,
		.id = push->id,
		.channel = push->channel,
		.payload = buf_str(&event),
	};
	struct redis_arrival arrival = {
		.message = event.is_failed ? NULL : message_create(&parts),
		.is_pushed = true,
	};
	buf_finish(&event);
	if (arrival.message)
		broker_redis_channel_take(channel, &arrival);
}

static struct redis_crowd *get(struct broker_redis *redis, struct str name)
{
	struct redis_channel *channel = broker_redis_channel_get(redis, name);
	if (!channel || channel->crowd)
		return channel ? channel->crowd : NULL;
	struct redis_crowd *crowd = calloc(1, sizeof(*crowd));
	if (crowd)
		crowd->channel = channel;
	channel->crowd = crowd;
	return crowd;
}

static void change_here(struct broker *broker, struct str name, struct str member,
	enum conf_presence presence, size_t subscribers, bool is_coming)
{
	struct redis_crowd *crowd = get((struct broker_redis *)broker, name);
	if (!crowd)
		return;
	crowd->count = subscribers;
	if (crowd->kind < presence)
		crowd->kind = presence;
	if (presence == CONF_PRESENCE_LIST && !crowd->here)
		crowd->here = presence_create();
	if (crowd->here && is_coming)
		presence_enter(crowd->here, member);
	else if (crowd->here)
		presence_leave(crowd->here, member);
	mark(crowd);
}

// Nobody may be left in them: that may have been lost on the way.
void broker_redis_crowd_correct(
	struct broker_redis *redis, const struct redisReply *channels)
{
	for (size_t i = 0; i < channels->elements; i++) {
		const struct redisReply *name = channels->element[i];
		struct redis_crowd *crowd =
			get(redis, (struct str){name->str, name->len});
		if (crowd)
			mark(crowd);
	}
}

void broker_redis_enter(struct broker *broker, struct str name, struct str member,
	enum conf_presence presence, size_t subscribers)
{
	change_here(broker, name, member, presence, subscribers, true);
}

void broker_redis_leave(struct broker *broker, struct str name, struct str member,
	enum conf_presence presence, size_t subscribers)
{
	change_here(broker, name, member, presence, subscribers, false);
}

void broker_redis_crowd_init(struct broker_redis *redis)
{
	TAILQ_INIT(&redis->changed);
	TAILQ_INIT(&redis->stirred);
	loop_timer_init(&redis->crowd_timer, redis->loop, on_timer, redis);
}

void broker_redis_crowd_finish(struct broker_redis *redis)
{
	loop_timer_finish(&redis->crowd_timer);
}
