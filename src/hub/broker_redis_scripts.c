// SPDX-License-Identifier: MIT
// The scripts that do in Redis, each in one step, what must not be torn apart.
#include <string.h>

#include <hiredis/hiredis.h>

#include "broker_redis_priv.h"

#include "wherry/base/log.h"
#include "wherry/proto/resp.h"

// clang-format off
static const char common[] =
#include <common.lua.h>
;
static const char *const scripts[BROKER_REDIS_SCRIPT_COUNT] = {
	[BROKER_REDIS_PUBLISH] =
#include <publish.lua.h>
	,
	[BROKER_REDIS_READ] =
#include <read.lua.h>
	,
	[BROKER_REDIS_ATTEND] =
#include <attend.lua.h>
	,
	[BROKER_REDIS_CROWD] =
#include <crowd.lua.h>
	,
	[BROKER_REDIS_BEAT] =
#include <beat.lua.h>
	,
};
// clang-format on

// Errors that say that this server is not to be used now, or has forgotten the scripts;
// anything else is about the command.
static const struct str fatal_errors[] = {
	{"LOADING", 7},
	{"MASTERDOWN", 10},
	{"NOAUTH", 6},
	{"NOSCRIPT", 8},
	{"READONLY", 8},
};

static bool is_fatal(struct str error)
{
	for (size_t i = 0; i < sizeof(fatal_errors) / sizeof(fatal_errors[0]); i++) {
		if (str_has_prefix(error, fatal_errors[i]))
			return true;
	}
	return false;
}

// The first of a series is logged.
static void warn(struct broker_redis *redis, const char *error)
{
	if (!redis->has_warned)
		log_warn("hub: redis refuses a command: %s", error);
	redis->has_warned = true;
}

bool broker_redis_is_good(struct broker_redis *redis, const struct redisReply *reply)
{
	if (!reply)
		return false;
	if (reply->type != REDIS_REPLY_ERROR) {
		redis->has_warned = false;
		return true;
	}
	if (is_fatal((struct str){reply->str, reply->len}))
		broker_redis_drop(redis, reply->str);
	else
		warn(redis, reply->str);
	return false;
}

void broker_redis_begin_call(struct broker_redis *redis, struct buf *command,
	enum broker_redis_script script, size_t count)
{
	enum {
		WORDS = 6 // before those of the script's own
	};
	resp_begin(command, WORDS + count);
	resp_add(command, STR("EVALSHA"));
	resp_add(command, str_from(redis->shas[script]));
	resp_add_u64(command, 0); // no keys: their names are made from the prefix
	resp_add(command, str_from(redis->prefix));
	resp_add(command, str_from(redis->push_prefix));
	resp_add_u64(command, redis->seen);
}

void broker_redis_add_limit(struct buf *command, uint64_t limit)
{
	const uint64_t most = UINT64_C(1) << 48; // nine thousand years of milliseconds
	resp_add_u64(command, limit < most ? limit : most);
}

void broker_redis_add_limits(struct buf *command, const struct conf_history *limits)
{
	broker_redis_add_limit(command, limits->messages);
	broker_redis_add_limit(command, limits->age_ms);
	broker_redis_add_limit(command, limits->bytes);
}

// They are answered in order.
static void on_loaded(void *arg, const struct redisReply *reply)
{
	struct broker_redis *redis = arg;
	if (!reply)
		return;
	if (reply->type != REDIS_REPLY_STRING ||
		reply->len != BROKER_REDIS_SHA_SIZE - 1) {
		broker_redis_drop(redis,
			reply->type == REDIS_REPLY_ERROR ? reply->str : "no Redis");
		return;
	}
	size_t script = BROKER_REDIS_SCRIPT_COUNT - redis->missing_shas;
	memcpy(redis->shas[script], reply->str, BROKER_REDIS_SHA_SIZE);
	if (--redis->missing_shas == 0)
		broker_redis_become_ready(redis);
}

static bool load(struct broker_redis *redis, const char *script)
{
	struct buf text = BUF_INIT, command = BUF_INIT;
	buf_append_str(&text, str_from(common));
	buf_append_str(&text, str_from(script));
	resp_begin(&command, 3);
	resp_add(&command, STR("SCRIPT"));
	resp_add(&command, STR("LOAD"));
	resp_add(&command, buf_str(&text));
	bool is_sent = !text.is_failed &&
		       link_redis_send(redis->commands, &command, on_loaded, redis);
	buf_finish(&command);
	buf_finish(&text);
	return is_sent;
}

void broker_redis_load_scripts(struct broker_redis *redis)
{
	redis->missing_shas = BROKER_REDIS_SCRIPT_COUNT;
	for (size_t i = 0; i < BROKER_REDIS_SCRIPT_COUNT; i++) {
		if (!load(redis, scripts[i])) {
			broker_redis_drop(redis, "out of memory");
			return;
		}
	}
}
