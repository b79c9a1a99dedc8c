// SPDX-License-Identifier: MIT
// A channel that this machine has joined, or has subscribers in: what Redis and the hub
// know of each other.
#pragma once

#include "broker_redis_priv.h"

struct redis_crowd;
struct redis_sync;

struct redis_channel {
	struct broker_redis *redis;
	TAILQ_ENTRY(redis_channel) beside;
	struct conf_history limits;
	bool is_joined;
	uint64_t joined_us;      // when; ids go by the same clock
	bool is_known;           // the hub has had the answer to its join
	unsigned subscribes;     // that Redis has not confirmed
	struct redis_sync *sync; // NULL: the hub is told what comes, or Redis is away
	LIST_ENTRY(redis_channel) synced;
	uint64_t floor; // as it was read
	uint64_t after; // of Redis, all up to this id is known here
	uint64_t told;  // id of the newest that the hub was told of

	struct redis_crowd *crowd; // NULL: there never was anybody

	size_t name_length;
	char name[];
};

struct str broker_redis_channel_name(const struct redis_channel *channel);
// NULL if there is none.
struct redis_channel *broker_redis_channel_find(
	struct broker_redis *redis, struct str name);
// Found or made. NULL when memory is short.
MUST_CHECK struct redis_channel *broker_redis_channel_get(
	struct broker_redis *redis, struct str name);
// An id from before its first subscriber came.
uint64_t broker_redis_channel_begin(const struct redis_channel *channel);
// Forgets it if there is no more need for it.
void broker_redis_channel_release(struct redis_channel *channel);

// A message as it came from Redis.
struct redis_arrival {
	struct message *message; // a reference
	uint64_t nonce;          // 0: of presence, which comes once
	bool may_be_known;       // under another id
	bool is_pushed;          // else it was read
};

// The hub is told of it in its time, unless it knows it. Takes the reference.
void broker_redis_channel_take(
	struct redis_channel *channel, const struct redis_arrival *arrival);
// The same, now.
void broker_redis_channel_give(
	struct redis_channel *channel, const struct redis_arrival *arrival);
// The hub was told of a message with this nonce.
void broker_redis_channel_note(struct broker_redis *redis, uint64_t nonce);
// NULL when memory is short or it is no record.
MUST_CHECK struct message *broker_redis_channel_message(
	const struct redis_channel *channel, uint64_t id, struct str record);

// Is there nothing left to be told to Redis, or kept?
bool broker_redis_crowd_is_over(const struct redis_channel *channel);
void broker_redis_crowd_destroy(struct redis_channel *channel);
// Someone came or went, on some machine.
void broker_redis_crowd_stir(struct redis_channel *channel);

// Reads what the channel remembers, and only then tells the hub what is pushed. A sync of
// several channels tells all of it in the order of ids. NULL when memory is short.
MUST_CHECK struct redis_sync *broker_redis_sync_create(
	struct broker_redis *redis, bool is_first);
void broker_redis_sync_add(struct redis_sync *sync, struct redis_channel *channel);
// Everything published in it is pushed from now on.
void broker_redis_sync_subscribed(struct redis_channel *channel);
// It was pushed. Takes the reference.
void broker_redis_sync_push(
	struct redis_channel *channel, const struct redis_arrival *arrival);
// It is parted.
void broker_redis_sync_remove(struct redis_channel *channel);
// All channels are added. Also ends it when none is.
void broker_redis_sync_close(struct redis_sync *sync);
// The connection is gone.
void broker_redis_sync_abandon_all(struct broker_redis *redis);
