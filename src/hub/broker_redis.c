// SPDX-License-Identifier: MIT
// The broker as a whole: its two connections, and whether Redis is there; see the header.
// It is once a first beat was answered: then it also takes what is written.
#include "wherry/hub/broker_redis.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "broker_redis_priv.h"
#include "broker_redis_record_priv.h"

#include "wherry/base/now.h"

enum {
	CONNECT_TIMEOUT_MS = 5000,
	AWAY_MS = 1000, // before joins are answered without it
	TEXT_SIZE = 512,
	FIRST_NONCE_BITS = 52, // Lua's numbers are exact up to 53
};

void broker_redis_see(struct broker_redis *redis, uint64_t id)
{
	if (redis->seen < id)
		redis->seen = id;
}

void broker_redis_hear(struct broker_redis *redis, uint64_t id)
{
	broker_redis_see(redis, id);
	if (redis->heard < id)
		redis->heard = id;
}

uint64_t broker_redis_local_id(struct broker_redis *redis)
{
	uint64_t last = redis->local_id > redis->seen ? redis->local_id : redis->seen;
	redis->local_id = last + 1;
	return redis->local_id;
}

void broker_redis_push_name(
	const struct broker_redis *redis, char kind, struct str name, struct buf *out)
{
	buf_printf(out, "%s:%c:", redis->push_prefix, kind);
	buf_append_str(out, name);
}

static void tell_state(struct broker_redis *redis, const char *text)
{
	const struct broker_handler *handler = redis->broker.handler;
	handler->on_state(redis->broker.arg, redis->is_ready, text);
}

void broker_redis_become_ready(struct broker_redis *redis)
{
	if (redis->is_ready)
		return;
	redis->is_ready = true;
	redis->goes_on = false;
	loop_timer_clear(&redis->away_timer);
	tell_state(redis, "connected");
	// The beat went first, since it finds out whether Redis has lost something.
	broker_redis_crowd_tell_all(redis);
	broker_redis_channel_resume(redis);
	broker_redis_publish_resume(redis);
}

static void tell_away(struct broker_redis *redis, const char *error)
{
	const char *advice = broker_redis_error_advice(error);
	char text[TEXT_SIZE];
	(void)snprintf(text, sizeof(text), "%s%s%s", error, advice ? "; " : "",
		advice ? advice : "");
	tell_state(redis, text);
}

// Also when it comes back and is lost at once, and for each attempt that fails.
static void go_away(struct broker_redis *redis, const char *error)
{
	bool was_ready = redis->is_ready;
	redis->is_ready = false;
	redis->is_listening = false;
	redis->missing_shas = BROKER_REDIS_SCRIPT_COUNT;
	tell_away(redis, error);
	broker_redis_beat_stop(redis);
	if (!was_ready)
		return;
	broker_redis_channel_suspend(redis);
	broker_redis_publish_local(redis);
	loop_timer_set(&redis->away_timer, now_ms() + AWAY_MS);
}

// One connection is of no use without the other.
static void on_down(void *arg, const char *error)
{
	struct broker_redis *redis = arg;
	if (redis->is_dropping)
		return;
	redis->is_dropping = true;
	if (link_redis_is_up(redis->commands))
		link_redis_drop(redis->commands, "");
	if (link_redis_is_up(redis->pushes))
		link_redis_drop(redis->pushes, "");
	redis->is_dropping = false;
	go_away(redis, error);
}

void broker_redis_drop(struct broker_redis *redis, const char *reason)
{
	link_redis_drop(redis->commands, reason);
}

void broker_redis_drop_if_failed(struct broker_redis *redis)
{
	if (redis->is_failed)
		broker_redis_drop(redis, "out of memory");
	redis->is_failed = false;
}

static void on_commands_up(void *arg)
{
	broker_redis_beat_start(arg);
	broker_redis_load_scripts(arg);
}

static void on_pushes_up(void *arg)
{
	struct broker_redis *redis = arg;
	struct buf name = BUF_INIT;
	broker_redis_push_name(redis, 'm', str_from(redis->machine), &name);
	if (name.is_failed || !link_redis_subscribe(redis->pushes, buf_str(&name)))
		broker_redis_drop(redis, "out of memory");
	buf_finish(&name);
}

static void on_machine_message(struct broker_redis *redis, struct str payload)
{
	struct broker_redis_push push;
	if (!broker_redis_record_push(payload, &push))
		return;
	if (push.kind == BROKER_REDIS_PUSH_BEAT)
		broker_redis_beat_heard(redis, push.id);
	else if (push.kind == BROKER_REDIS_PUSH_CROWD)
		broker_redis_crowd_heard(redis, &push);
	broker_redis_hear(redis, push.id);
}

static void on_push(
	void *arg, enum link_redis_push push, struct str name, struct str payload)
{
	struct broker_redis *redis = arg;
	struct str prefix = str_from(redis->push_prefix);
	if (!str_has_prefix(name, prefix) || name.length < prefix.length + 3)
		return;
	char kind = name.data[prefix.length + 1];
	str_cut(&name, prefix.length + 3);
	if (kind == 'c') {
		broker_redis_channel_pushed(redis, push, name, payload);
	} else if (push == LINK_REDIS_MESSAGE) {
		on_machine_message(redis, payload);
	} else {
		redis->is_listening = true;
		broker_redis_beat(redis);
	}
}

static const struct link_redis_handler commands_handler = {
	.on_up = on_commands_up,
	.on_down = on_down,
};
static const struct link_redis_handler pushes_handler = {
	.on_up = on_pushes_up,
	.on_down = on_down,
	.on_push = on_push,
};

static void on_away(void *arg)
{
	struct broker_redis *redis = arg;
	redis->goes_on = true;
	broker_redis_channel_go_on(redis);
}

static void destroy(struct broker *broker)
{
	struct broker_redis *redis = (struct broker_redis *)broker;
	redis->is_dropping = true; // nobody is to be told
	broker_redis_beat_last(redis);
	link_redis_destroy(redis->commands);
	link_redis_destroy(redis->pushes);
	broker_redis_publish_finish(redis);
	broker_redis_channel_finish(redis);
	broker_redis_crowd_finish(redis);
	broker_redis_beat_finish(redis);
	loop_timer_finish(&redis->away_timer);
	resolver_destroy(redis->resolver);
	secret_file_finish(&redis->password);
	free(redis->push_prefix);
	free(redis->prefix);
	free(redis->url_text);
	free(redis);
}

static const struct broker_methods methods = {
	.name = "redis",
	.remembers = true,
	.destroy = destroy,
	.publish = broker_redis_publish,
	.join = broker_redis_join,
	.part = broker_redis_part,
	.enter = broker_redis_enter,
	.leave = broker_redis_leave,
};

static bool copy_names(struct broker_redis *redis, const struct conf_hub *conf)
{
	const char *expected;
	struct buf push = BUF_INIT;

	redis->url_text = str_copy(str_from(conf->url));
	redis->prefix = str_copy(str_from(conf->prefix));
	if (!redis->url_text || !redis->prefix ||
		!url_redis_parse(str_from(redis->url_text), &redis->url, &expected))
		return false;
	buf_printf(&push, "%s/%u", conf->prefix, redis->url.database);
	redis->push_prefix = push.is_failed ? NULL : str_copy(buf_str(&push));
	buf_finish(&push);
	return redis->push_prefix != NULL;
}

// Who we are among all machines and runs, and where our nonces begin.
static bool draw(struct broker_redis *redis)
{
	uint64_t random[2];
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return false;
	(void)snprintf(redis->machine, sizeof(redis->machine), "%016" PRIx64, random[0]);
	redis->next_nonce = random[1] >> (64 - FIRST_NONCE_BITS);
	return true;
}

static struct str first_line(struct str text)
{
	size_t length = 0;
	while (length < text.length && text.data[length] != '\n' &&
		text.data[length] != '\r')
		length++;
	return (struct str){text.data, length};
}

static bool connect_links(struct broker_redis *redis, const struct conf_resolver *conf)
{
	struct addr address;
	struct link_redis_options options = {
		.loop = redis->loop,
		.url = &redis->url,
		.password = first_line(secret_file_str(&redis->password)),
		.connect_timeout_ms = CONNECT_TIMEOUT_MS,
	};
	if (!redis->url.is_unix && !addr_parse_ip(redis->url.host, 0, &address)) {
		redis->resolver = resolver_create(redis->loop, conf);
		if (!redis->resolver)
			return false;
		options.resolver = redis->resolver;
	}
	redis->commands = link_redis_create(&options, &commands_handler, redis);
	redis->pushes = link_redis_create(&options, &pushes_handler, redis);
	return redis->commands && redis->pushes;
}

static bool init(struct broker_redis *redis, const struct conf *conf)
{
	redis->broker.methods = &methods;
	redis->max_bytes = conf->hub.max_bytes;
	redis->missing_shas = BROKER_REDIS_SCRIPT_COUNT;
	redis->local_id = now_calendar_us();
	loop_timer_init(&redis->away_timer, redis->loop, on_away, redis);
	loop_timer_set(&redis->away_timer, now_ms() + AWAY_MS);
	broker_redis_beat_init(redis);
	broker_redis_crowd_init(redis);
	broker_redis_publish_init(redis);
	return broker_redis_channel_init(redis) && copy_names(redis, &conf->hub) &&
	       draw(redis) && connect_links(redis, &conf->resolver);
}

struct broker *broker_redis_create(struct loop *loop, const struct conf *conf,
	char reterr_text[BROKER_REDIS_ERROR_SIZE])
{
	char error[SECRET_FILE_ERROR_SIZE];
	const struct conf_file *file = &conf->hub.password;
	struct broker_redis *redis = calloc(1, sizeof(*redis));

	(void)snprintf(reterr_text, BROKER_REDIS_ERROR_SIZE, "hub: out of memory");
	if (!redis)
		return NULL;
	redis->loop = loop;
	if (file->path && !secret_file_read(file->path, &redis->password, error)) {
		(void)snprintf(reterr_text, BROKER_REDIS_ERROR_SIZE, "%s: %s %s",
			file->named_at, file->path, error);
		free(redis);
		return NULL;
	}
	if (!init(redis, conf)) {
		destroy(&redis->broker);
		return NULL;
	}
	return &redis->broker;
}
