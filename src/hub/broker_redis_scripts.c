// SPDX-License-Identifier: MIT
// The scripts that do in Redis, each in one step, what must not be torn apart.
#include <string.h>

#include <hiredis/hiredis.h>

#include "broker_redis_priv.h"

#include "wherry/base/log.h"
#include "wherry/base/now.h"
#include "wherry/proto/resp.h"

enum {
	WARN_MS = 10 * 1000, // at most one line in this time
};

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

static void warn(struct broker_redis *redis, const char *error)
{
	const char *advice = broker_redis_error_advice(error);
	uint64_t now = now_ms();
	if (redis->warned_ms != 0 && now - redis->warned_ms < WARN_MS)
		return;
	redis->warned_ms = now;
	log_warn("hub: redis: %s refuses a command: %s%s%s", redis->url_text, error,
		advice ? "; " : "", advice ? advice : "");
}

bool broker_redis_is_good(struct broker_redis *redis, const struct redisReply *reply)
{
	if (!reply)
		return false;
	if (reply->type != REDIS_REPLY_ERROR)
		return true;
	if (broker_redis_error_is_fatal((struct str){reply->str, reply->len}))
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
	redis->missing_shas--;
	broker_redis_beat(redis);
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
