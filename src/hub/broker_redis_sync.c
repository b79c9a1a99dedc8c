// SPDX-License-Identifier: MIT
// Getting in step with Redis: subscribe first, then read what is remembered, then tell
// the hub of both, each message once and in order.
#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "broker_redis_channel_priv.h"

#include "wherry/proto/resp.h"

struct redis_sync {
	LIST_ENTRY(redis_sync) beside;
	struct broker_redis *redis;
	LIST_HEAD(, redis_channel) channels;
	size_t pending; // reads to come, and one until it is closed
	bool is_first;  // of one channel that the hub knows nothing of
	uint64_t from;  // then: what is newer is no history, it came after the join
	struct redis_arrival *arrivals;
	size_t count, capacity;
	uint64_t bytes;
};

// Lives until the reply, whatever became of channel and sync.
struct read_call {
	struct redis_sync *sync;
	size_t name_length;
	char name[];
};

struct redis_sync *broker_redis_sync_create(struct broker_redis *redis, bool is_first)
{
	struct redis_sync *sync = calloc(1, sizeof(*sync));
	if (!sync)
		return NULL;
	sync->redis = redis;
	sync->is_first = is_first;
	sync->pending = 1;
	LIST_INIT(&sync->channels);
	LIST_INSERT_HEAD(&redis->syncs, sync, beside);
	return sync;
}

static void destroy(struct redis_sync *sync)
{
	struct redis_channel *channel;
	while ((channel = LIST_FIRST(&sync->channels))) {
		LIST_REMOVE(channel, synced);
		channel->sync = NULL;
	}
	for (size_t i = 0; i < sync->count; i++)
		message_unref(sync->arrivals[i].message);
	free(sync->arrivals);
	LIST_REMOVE(sync, beside);
	free(sync);
}

void broker_redis_sync_abandon_all(struct broker_redis *redis)
{
	while (!LIST_EMPTY(&redis->syncs))
		destroy(LIST_FIRST(&redis->syncs));
}

static int compare(const void *a, const void *b)
{
	uint64_t left = ((const struct redis_arrival *)a)->message->id;
	uint64_t right = ((const struct redis_arrival *)b)->message->id;
	return left < right ? -1 : left > right;
}

static void add(struct redis_sync *sync, const struct redis_arrival *arrival)
{
	if (sync->count == sync->capacity) {
		size_t capacity = sync->capacity > 0 ? sync->capacity * 2 : 16;
		struct redis_arrival *arrivals =
			realloc(sync->arrivals, capacity * sizeof(*arrivals));
		if (!arrivals) {
			message_unref(arrival->message);
			sync->redis->is_failed = true;
			return;
		}
		sync->arrivals = arrivals;
		sync->capacity = capacity;
	}
	sync->bytes += message_size(arrival->message);
	sync->arrivals[sync->count++] = *arrival;
}

static bool is_history(const struct redis_sync *sync, const struct redis_arrival *arrival)
{
	return !arrival->is_pushed && arrival->message->id <= sync->from;
}

// The answer to a join, without what was published since.
static void tell_history(struct redis_sync *sync, struct redis_channel *channel)
{
	struct broker_redis *redis = sync->redis;
	struct message **messages = calloc(sync->count + 1, sizeof(struct message *));
	size_t count = 0;
	if (!messages) {
		redis->is_failed = true;
		return;
	}
	for (size_t i = 0; i < sync->count; i++) {
		if (!is_history(sync, &sync->arrivals[i]))
			continue;
		messages[count++] = sync->arrivals[i].message;
		broker_redis_channel_note(redis, sync->arrivals[i].nonce);
	}
	if (count > 0)
		channel->after = channel->told = messages[count - 1]->id;
	channel->is_known = true;
	redis->broker.handler->on_history(redis->broker.arg,
		broker_redis_channel_name(channel), channel->floor, messages, count);
	free((void *)messages);
}

static void tell_gap(struct redis_channel *channel)
{
	struct broker_redis *redis = channel->redis;
	if (channel->floor > channel->after)
		redis->broker.handler->on_history(redis->broker.arg,
			broker_redis_channel_name(channel), channel->floor, NULL, 0);
}

// Everything is here. A message may be so twice, read and pushed: it is given once.
static void finish(struct redis_sync *sync)
{
	struct redis_channel *channel;
	if (sync->count > 0)
		qsort(sync->arrivals, sync->count, sizeof(*sync->arrivals), compare);
	while ((channel = LIST_FIRST(&sync->channels))) {
		LIST_REMOVE(channel, synced);
		channel->sync = NULL;
		if (sync->is_first)
			tell_history(sync, channel);
		else
			tell_gap(channel);
	}
	for (size_t i = 0; i < sync->count; i++) {
		struct redis_arrival arrival = sync->arrivals[i];
		struct message *message = message_ref(arrival.message);
		channel = broker_redis_channel_find(sync->redis, message->channel);
		if (channel && channel->is_known && !channel->sync)
			broker_redis_channel_give(channel, &arrival);
		else
			message_unref(message);
	}
	destroy(sync);
}

static void settle(struct redis_sync *sync)
{
	if (--sync->pending == 0)
		finish(sync);
}

// One of the stream: [ID-0, [nonce, NONCE, record, RECORD]]
static void read_entry(struct redis_sync *sync, const struct redis_channel *channel,
	const struct redisReply *reply)
{
	uint64_t id, nonce;
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
		reply->element[1]->elements != 4)
		return;
	struct redisReply *const *fields = reply->element[1]->element;
	size_t digits = strspn(reply->element[0]->str, "0123456789");
	if (!str_parse_u64(
		    (struct str){reply->element[0]->str, digits}, UINT64_MAX, &id) ||
		!str_parse_u64(
			(struct str){fields[1]->str, fields[1]->len}, UINT64_MAX, &nonce))
		return;
	// Redis may have lost it, and got it again under another id.
	struct redis_arrival arrival = {
		.message = broker_redis_channel_message(
			channel, id, (struct str){fields[3]->str, fields[3]->len}),
		.nonce = nonce,
		.may_be_known = channel->is_known,
	};
	if (arrival.message)
		add(sync, &arrival);
}

// A Redis that was empty when it was first asked has no gap for who came before that: the
// first one enters some time before the channel is joined.
static uint64_t floor_of(
	const struct redis_channel *channel, const struct redisReply *reply)
{
	uint64_t floor = (uint64_t)reply->element[0]->integer;
	uint64_t begin = broker_redis_channel_begin(channel);
	bool is_beginning =
		reply->element[3]->integer == 1 && !channel->is_known && floor >= begin;
	return is_beginning ? begin : floor;
}

// [floor, last id of all, entries, whether the floor is that of all]
static void read_reply(struct redis_sync *sync, struct redis_channel *channel,
	const struct redisReply *reply)
{
	uint64_t last = (uint64_t)reply->element[1]->integer;
	const struct redisReply *entries = reply->element[2];

	broker_redis_see(sync->redis, last);
	channel->floor = floor_of(channel, reply);
	if (sync->bytes > sync->redis->max_bytes) {
		channel->floor = last; // too much at once
		return;
	}
	for (size_t i = 0; i < entries->elements; i++)
		read_entry(sync, channel, entries->element[i]);
}

static void on_read(void *arg, const struct redisReply *reply)
{
	struct read_call *call = arg;
	struct redis_sync *sync = call->sync; // gone if there is no reply
	struct str name = {call->name, call->name_length};
	if (!reply) {
		free(call);
		return;
	}
	struct broker_redis *redis = sync->redis;
	struct redis_channel *channel = broker_redis_channel_find(redis, name);
	if (channel && channel->sync != sync)
		channel = NULL;
	free(call);

	bool is_good = broker_redis_is_good(redis, reply) &&
		       reply->type == REDIS_REPLY_ARRAY && reply->elements == 4;
	if (!is_good && !redis->is_ready)
		return; // that was abandoned, too
	if (channel && is_good)
		read_reply(sync, channel, reply);
	else if (channel)
		channel->floor = redis->seen; // it goes on with a gap
	settle(sync);
	broker_redis_drop_if_failed(redis);
}

// The id given last when the channel was joined, if there is any yet.
static void on_last_id(void *arg, const struct redisReply *reply)
{
	struct redis_sync *sync = arg; // gone if there is no reply
	if (!reply)
		return;
	struct broker_redis *redis = sync->redis;
	if (!broker_redis_is_good(redis, reply) && !redis->is_ready)
		return; // the same
	if (reply->type == REDIS_REPLY_STRING)
		(void)!str_parse_u64(
			(struct str){reply->str, reply->len}, UINT64_MAX, &sync->from);
	settle(sync);
}

// Whatever this machine publishes from now on gets a greater id than this finds; what
// others have published since the join is told from it by the clock.
static void ask_last_id(struct redis_sync *sync)
{
	struct broker_redis *redis = sync->redis;
	struct buf command = BUF_INIT, key = BUF_INIT;

	buf_printf(&key, "%s:ids", redis->prefix);
	resp_begin(&command, 3);
	resp_add(&command, STR("HGET"));
	resp_add(&command, buf_str(&key));
	resp_add(&command, STR("last"));
	sync->pending++;
	if (key.is_failed ||
		!link_redis_send(redis->commands, &command, on_last_id, sync)) {
		sync->pending--;
		redis->is_failed = true;
	}
	buf_finish(&key);
	buf_finish(&command);
}

static struct read_call *create_call(const struct redis_channel *channel)
{
	struct str name = broker_redis_channel_name(channel);
	struct read_call *call = malloc(sizeof(*call) + name.length);
	if (!call)
		return NULL;
	call->sync = channel->sync;
	call->name_length = name.length;
	memcpy(call->name, name.data, name.length);
	return call;
}

void broker_redis_sync_subscribed(struct redis_channel *channel)
{
	struct broker_redis *redis = channel->redis;
	struct buf command = BUF_INIT;
	struct read_call *call = create_call(channel);

	broker_redis_begin_call(redis, &command, BROKER_REDIS_READ, 5);
	resp_add(&command, broker_redis_channel_name(channel));
	resp_add_u64(&command, channel->after);
	broker_redis_add_limits(&command, &channel->limits);
	if (!call || !link_redis_send(redis->commands, &command, on_read, call)) {
		free(call);
		redis->is_failed = true;
	}
	buf_finish(&command);
}

void broker_redis_sync_add(struct redis_sync *sync, struct redis_channel *channel)
{
	sync->from = channel->joined_us;
	if (sync->is_first)
		ask_last_id(sync);
	sync->pending++;
	channel->sync = sync;
	LIST_INSERT_HEAD(&sync->channels, channel, synced);
}

void broker_redis_sync_push(
	struct redis_channel *channel, const struct redis_arrival *arrival)
{
	add(channel->sync, arrival);
}

void broker_redis_sync_remove(struct redis_channel *channel)
{
	struct redis_sync *sync = channel->sync;
	channel->sync = NULL;
	LIST_REMOVE(channel, synced);
	if (channel->subscribes > 0)
		settle(sync); // else when the reply comes
}

void broker_redis_sync_close(struct redis_sync *sync)
{
	settle(sync);
}
