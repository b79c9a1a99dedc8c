// SPDX-License-Identifier: MIT
// Signs of life: they find a server that is silent or takes nothing, tell how far what
// was pushed is complete, and have the machines that are gone forgotten.
#include <hiredis/hiredis.h>

#include "broker_redis_priv.h"

#include "wherry/base/now.h"
#include "wherry/proto/resp.h"

enum {
	BEAT_MS = 2000,
	SILENCE_MS = 3 * BEAT_MS,   // of Redis
	GONE_US = 15 * 1000 * 1000, // of another machine
};

// {id, whether we were known, channels that we are said to be in}
static void on_beaten(void *arg, const struct redisReply *reply)
{
	struct broker_redis *redis = arg;
	if (!reply)
		return;
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 3) {
		broker_redis_drop(redis,
			reply->type == REDIS_REPLY_ERROR ? reply->str : "no Redis");
		return;
	}
	broker_redis_see(redis, (uint64_t)reply->element[0]->integer);
	if (reply->element[1]->integer == 0)
		broker_redis_crowd_tell_all(redis);
	broker_redis_crowd_correct(redis, reply->element[2]);
	broker_redis_become_ready(redis);
}

void broker_redis_beat(struct broker_redis *redis)
{
	struct buf command = BUF_INIT;

	if (redis->missing_shas > 0 || !redis->is_listening)
		return;
	broker_redis_begin_call(redis, &command, BROKER_REDIS_BEAT, 4);
	resp_add(&command, str_from(redis->machine));
	resp_add_u64(&command, redis->beaten);
	resp_add_u64(&command, GONE_US);
	resp_add_u64(&command, !redis->is_ready);
	// One that was not sent is missed soon enough.
	(void)!link_redis_send(redis->commands, &command, on_beaten, redis);
	buf_finish(&command);
}

static void on_timer(void *arg)
{
	struct broker_redis *redis = arg;
	if (now_ms() - redis->beaten_ms > SILENCE_MS) {
		broker_redis_drop(redis, "silent for too long");
		return;
	}
	broker_redis_beat(redis);
	loop_timer_set(&redis->beat_timer, now_ms() + BEAT_MS);
}

// The next beat of another machine finds one that was silent for ages.
void broker_redis_beat_last(struct broker_redis *redis)
{
	struct buf command = BUF_INIT, machines = BUF_INIT;

	if (!redis->is_ready)
		return;
	buf_printf(&machines, "%s:machines", redis->prefix);
	resp_begin(&command, 4);
	resp_add(&command, STR("ZADD"));
	resp_add(&command, buf_str(&machines));
	resp_add_u64(&command, 1);
	resp_add(&command, str_from(redis->machine));
	// One that was not sent is found after a while.
	if (!machines.is_failed)
		(void)!link_redis_send(redis->commands, &command, on_beaten, redis);
	buf_finish(&machines);
	buf_finish(&command);
}

void broker_redis_beat_heard(struct broker_redis *redis, uint64_t id)
{
	redis->beaten = id;
	redis->beaten_ms = now_ms();
}

void broker_redis_beat_init(struct broker_redis *redis)
{
	loop_timer_init(&redis->beat_timer, redis->loop, on_timer, redis);
}

void broker_redis_beat_start(struct broker_redis *redis)
{
	redis->beaten_ms = now_ms();
	loop_timer_set(&redis->beat_timer, redis->beaten_ms + BEAT_MS);
}

void broker_redis_beat_stop(struct broker_redis *redis)
{
	loop_timer_clear(&redis->beat_timer);
}

void broker_redis_beat_finish(struct broker_redis *redis)
{
	loop_timer_finish(&redis->beat_timer);
}
