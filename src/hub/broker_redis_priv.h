// SPDX-License-Identifier: MIT
// What the files of the broker share. It has two connections, for commands and for what
// is pushed; they are used together or not at all.
#pragma once

#include <sys/queue.h>

#include "wherry/base/buf.h"
#include "wherry/base/map.h"
#include "wherry/base/secret_file.h"
#include "wherry/hub/broker_redis.h"
#include "wherry/net/link_redis.h"

enum broker_redis_script {
	BROKER_REDIS_PUBLISH,
	BROKER_REDIS_READ,
	BROKER_REDIS_ATTEND,
	BROKER_REDIS_CROWD,
	BROKER_REDIS_BEAT,
	BROKER_REDIS_SCRIPT_COUNT // how many there are, not one
};

enum {
	BROKER_REDIS_SHA_SIZE = 41,
	BROKER_REDIS_MACHINE_SIZE = 17,
	BROKER_REDIS_REMEMBERED_NONCES = 4096, // a power of two
};

struct broker_redis_push;
struct redis_channel;
struct redis_crowd;
struct redis_publication;
struct redis_sync;
struct redisReply; // hiredis's

struct broker_redis {
	struct broker broker; // first: what the hub knows of it
	struct loop *loop;
	struct resolver *resolver; // NULL: an address needs none
	char *url_text;
	struct url_redis url; // slices of url_text
	struct secret_file password;
	char *prefix, *push_prefix;              // see lua/common.lua
	char machine[BROKER_REDIS_MACHINE_SIZE]; // random, of this run
	uint64_t max_bytes;                      // of what is read at once

	struct link_redis *commands, *pushes;
	char shas[BROKER_REDIS_SCRIPT_COUNT][BROKER_REDIS_SHA_SIZE];
	size_t missing_shas; // scripts that Redis has not taken yet
	bool is_listening;   // what is pushed to the machine comes
	bool is_ready;
	bool is_dropping;   // connections, whose ends are no news
	bool goes_on;       // it has been away for a while
	bool is_failed;     // memory was short on the way to be in step with Redis
	uint64_t warned_ms; // of a command that was refused; 0: of none
	struct loop_timer away_timer;

	uint64_t seen;       // the newest id that is known of
	uint64_t heard;      // all up to this id was pushed
	uint64_t local_id;   // the last that was given without Redis
	uint64_t local_told; // the last of those that the hub was told of
	uint64_t beaten;     // id of our last beat that came round
	uint64_t beaten_ms;
	struct loop_timer beat_timer;

	TAILQ_HEAD(, redis_publication) publications; // that wait, and are under way
	size_t waiting_count;
	uint64_t waiting_bytes;
	uint64_t next_nonce;
	struct loop_timer publication_timer;
	uint64_t nonces[BROKER_REDIS_REMEMBERED_NONCES]; // that were pushed
	size_t nonce_count;

	struct map *channels; // by name
	TAILQ_HEAD(, redis_channel) channel_list;
	LIST_HEAD(, redis_sync) syncs;
	TAILQ_HEAD(, redis_crowd)
	changed, stirred; // crowds to be told of, to be asked for
	struct loop_timer crowd_timer;
};

// What a channel (kind c) or a machine (m) is called where it is published to.
void broker_redis_push_name(
	const struct broker_redis *redis, char kind, struct str name, struct buf *out);
// Calls a script: begins the command of `count` arguments behind prefix, push prefix and
// seen, which are to be added to it.
void broker_redis_begin_call(struct broker_redis *redis, struct buf *command,
	enum broker_redis_script script, size_t count);
// A number as Lua can read it, exactly; what is beyond is as good as no limit.
void broker_redis_add_limit(struct buf *command, uint64_t limit);
void broker_redis_add_limits(struct buf *command, const struct conf_history *limits);
// Is the reply what the script returns? If it is an error it is logged or, where the
// server is not to be used, the connection dropped.
MUST_CHECK bool broker_redis_is_good(
	struct broker_redis *redis, const struct redisReply *reply);
// Loads them; then it beats.
void broker_redis_load_scripts(struct broker_redis *redis);
// Redis takes what is written, and what is pushed comes.
void broker_redis_become_ready(struct broker_redis *redis);
// Both connections are given up, and tried again.
void broker_redis_drop(struct broker_redis *redis, const char *reason);
void broker_redis_drop_if_failed(struct broker_redis *redis);

// An id that Redis has given; one that was pushed.
void broker_redis_see(struct broker_redis *redis, uint64_t id);
void broker_redis_hear(struct broker_redis *redis, uint64_t id);
// One that is newer than all that Redis has given, and older than what it will give: it
// counts on from there, where Redis goes by the clock.
uint64_t broker_redis_local_id(struct broker_redis *redis);

// Does the error say that this server is not to be used now, or has forgotten the
// scripts? Any other is about the command.
bool broker_redis_error_is_fatal(struct str error);
// What to do about it; there may be other words in front of it. NULL: it says all itself.
const char *broker_redis_error_advice(const char *error);

void broker_redis_beat_init(struct broker_redis *redis);
// The connection is there, which must not be silent from now on.
void broker_redis_beat_start(struct broker_redis *redis);
void broker_redis_beat_stop(struct broker_redis *redis);
// Now, if the scripts are loaded and it would be heard when it comes round.
void broker_redis_beat(struct broker_redis *redis);
// This machine ends: what it had is to be forgotten at once.
void broker_redis_beat_last(struct broker_redis *redis);
void broker_redis_beat_finish(struct broker_redis *redis);
// One of ours came round.
void broker_redis_beat_heard(struct broker_redis *redis, uint64_t id);

void broker_redis_publish(struct broker *broker,
	const struct publication_options *options, broker_published_cb done, void *arg);
// What waits is sent; what is local need not wait any more.
void broker_redis_publish_resume(struct broker_redis *redis);
void broker_redis_publish_local(struct broker_redis *redis);
void broker_redis_publish_init(struct broker_redis *redis);
// Once nothing is under way: what waits fails.
void broker_redis_publish_finish(struct broker_redis *redis);

// At least what its subscribers on this machine ask for.
void broker_redis_channel_widen(
	struct broker_redis *redis, struct str name, struct conf_history *limits);
MUST_CHECK bool broker_redis_channel_init(struct broker_redis *redis);
// Tells the hub of a message that is published without Redis, if it has joined the
// channel.
void broker_redis_channel_tell(struct broker_redis *redis, struct message *message);
void broker_redis_join(struct broker *broker, struct str name,
	const struct conf_history *limits, uint64_t after);
void broker_redis_part(struct broker *broker, struct str name);
void broker_redis_channel_pushed(struct broker_redis *redis, enum link_redis_push push,
	struct str name, struct str payload);
// Redis is there: subscribes to all and reads what was missed.
void broker_redis_channel_resume(struct broker_redis *redis);
// It is not: notes how far each channel is known.
void broker_redis_channel_suspend(struct broker_redis *redis);
// It has been away for a while: joins are answered without it.
void broker_redis_channel_go_on(struct broker_redis *redis);
void broker_redis_channel_finish(struct broker_redis *redis);

void broker_redis_crowd_init(struct broker_redis *redis);
void broker_redis_crowd_finish(struct broker_redis *redis);
// Redis does not know what this machine has.
void broker_redis_crowd_tell_all(struct broker_redis *redis);
// Redis knows of these, maybe wrongly.
void broker_redis_crowd_correct(
	struct broker_redis *redis, const struct redisReply *channels);
// Redis has told of one.
void broker_redis_crowd_heard(
	struct broker_redis *redis, const struct broker_redis_push *push);
void broker_redis_enter(struct broker *broker, struct str name, struct str member,
	enum conf_presence presence, size_t subscribers);
void broker_redis_leave(struct broker *broker, struct str name, struct str member,
	enum conf_presence presence, size_t subscribers);
