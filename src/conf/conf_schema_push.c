// SPDX-License-Identifier: MIT
// The keys of what is pushed: routes that are live, subscribe or publish, and the hub.
#include "conf_schema_row_priv.h"
#include "conf_schema_table_priv.h"

#include "wherry/conf/conf.h"

#define LIVE_KEY(name, type, text, key_help, ...)                                        \
	KEY("routes[].live." name, type, text, key_help, __VA_ARGS__)
#define LIVE(member) IN(conf_route, live.member)
#define SUBSCRIBE_KEY(name, type, text, key_help, ...)                                   \
	KEY("routes[].subscribe." name, type, text, key_help, __VA_ARGS__)
#define SUBSCRIBE(member) IN(conf_route, subscribe.member)
#define PUBLISH_KEY(name, type, text, key_help, ...)                                     \
	KEY("routes[].publish." name, type, text, key_help, __VA_ARGS__)
#define PUBLISH(member) IN(conf_route, publish.member)
#define HISTORY(parent, member)                                                          \
	KEY(parent ".history", MAPPING, NULL, "how much of a channel is remembered"),    \
		KEY(parent ".history.messages", INTEGER, "100", "most messages",         \
			IN(conf_route, member.messages), RANGE(0, 1000000)),             \
		KEY(parent ".history.age", DURATION, "10m", "how long each is kept",     \
			IN(conf_route, member.age_ms), RANGE(1, DAY)),                   \
		KEY(parent ".history.bytes", SIZE, "1MiB", "most bytes of them",         \
			IN(conf_route, member.bytes), RANGE(0, TIB))
#define ORIGIN_WORDS .words = "same-host|any"
#define HEAD_PLACES "{path}|{path.N}|{query.NAME}|{header.NAME}|{claim.NAME}"

const struct conf_schema_key conf_schema_push[] = {
	KEY("routes[].live", MAPPING, NULL,
		"GETs of one URL share one answer, and changes are pushed"),
	LIVE_KEY("interval", DURATION, "1s", "how often the backend is asked",
		LIVE(interval_ms), RANGE(10, DAY)),
	LIVE_KEY("max_interval", DURATION, "off",
		"how slowly, at most, while nothing changes", LIVE(max_interval_ms),
		RANGE(10, DAY), .words = "off"),
	LIVE_KEY("share", ENUM, "auto",
		"auto: not what comes with Cookie or Authorization; public: all",
		LIVE(is_public), .words = "auto|public"),
	LIVE_KEY(
		"vary", FIELD_NAMES, NULL, "headers that tell answers apart", LIVE(vary)),
	LIVE_KEY("max_stale", DURATION, "30s",
		"how old an answer may get while the backend is down", LIVE(max_stale_ms),
		RANGE(0, DAY)),
	LIVE_KEY("snapshot", SIZE, "1MiB", "longest body that is shared",
		LIVE(max_snapshot), RANGE(1, 16 * MIB)),
	LIVE_KEY("keys", INTEGER, "10000", "most URLs that are live at once",
		LIVE(max_keys), RANGE(1, 1000000)),
	LIVE_KEY("waiters", INTEGER, "10000",
		"most requests that wait for a first answer, in each worker",
		LIVE(max_waiters), RANGE(1, 1000000)),
	LIVE_KEY("patch", ENUM, "off", "whether JSON merge patches are sent on demand",
		LIVE(merges_patches), .words = "off|merge"),
	LIVE_KEY("wait", DURATION, "30s", "longest of a long-poll", LIVE(wait_ms),
		RANGE(1, 3600 * SECOND)),
	LIVE_KEY("origins", ORIGINS, "same-host", "whose pages may subscribe",
		LIVE(origins), ORIGIN_WORDS),

	KEY("routes[].subscribe", MAPPING, NULL,
		"clients get what is published in channels"),
	SUBSCRIBE_KEY("channel", TEMPLATES, NULL, "which: templates", SUBSCRIBE(channels),
		.is_required = true, .words = HEAD_PLACES),
	HISTORY("routes[].subscribe", subscribe.channel.history),
	KEY("routes[].subscribe.queue", MAPPING, NULL, "how far a client may lag behind"),
	SUBSCRIBE_KEY("queue.messages", INTEGER, "256", "in messages of a channel",
		SUBSCRIBE(channel.queue.messages), RANGE(1, 1000000)),
	SUBSCRIBE_KEY("queue.bytes", SIZE, "1MiB", "in bytes of them",
		SUBSCRIBE(channel.queue.bytes), RANGE(1, TIB)),
	SUBSCRIBE_KEY("slow", ENUM, "close", "what becomes of one that lags further",
		SUBSCRIBE(channel.slow), .words = "close|drop_oldest|latest"),
	SUBSCRIBE_KEY("start", ENUM, "new", "where one begins that does not resume",
		SUBSCRIBE(starts_with_history), .words = "new|history"),
	SUBSCRIBE_KEY("presence", ENUM, "off", "whether clients are told of each other",
		SUBSCRIBE(channel.presence), .words = "off|count|list"),
	SUBSCRIBE_KEY("transports", WORDS, NULL, "how clients may connect; else all",
		SUBSCRIBE(transport_names), .words = "websocket|sse|long_poll"),
	SUBSCRIBE_KEY("publish", BOOL, "false", "whether WebSocket clients may publish",
		SUBSCRIBE(may_publish)),
	SUBSCRIBE_KEY("max_message", SIZE, "64KiB", "longest that a client publishes",
		SUBSCRIBE(max_message), RANGE(1, 8 * MIB)),
	RATE_IN(conf_route, "routes[].subscribe.rate", subscribe.rate,
		"messages that a client publishes"),
	SUBSCRIBE_KEY("origins", ORIGINS, "same-host", "whose pages may subscribe",
		SUBSCRIBE(origins), ORIGIN_WORDS),
	SUBSCRIBE_KEY("subscribers", INTEGER, "100000",
		"most of one channel, in this process",
		SUBSCRIBE(channel.max_subscribers), RANGE(1, 10000000)),
	SUBSCRIBE_KEY("keep_alive", DURATION, "15s",
		"silence after which an event stream gets a comment",
		SUBSCRIBE(keep_alive_ms), RANGE(10, DAY)),
	SUBSCRIBE_KEY("ping", DURATION, "30s",
		"silence after which a WebSocket gets a ping", SUBSCRIBE(ping_ms),
		RANGE(10, DAY), .words = "off"),
	SUBSCRIBE_KEY("ping_timeout", DURATION, "10s", "time for a sign of life then",
		SUBSCRIBE(ping_timeout_ms), RANGE(10, 3600 * SECOND)),
	SUBSCRIBE_KEY("wait", DURATION, "30s", "longest of a long-poll",
		SUBSCRIBE(wait_ms), RANGE(1, 3600 * SECOND)),
	SUBSCRIBE_KEY("local", BOOL, "false",
		"whether it goes on within this process while Redis is away",
		SUBSCRIBE(channel.is_local_allowed)),

	KEY("routes[].publish", MAPPING, NULL, "POSTs are published in a channel"),
	PUBLISH_KEY("channel", TEMPLATE, NULL, "which: a template", PUBLISH(channel),
		.is_required = true, .words = HEAD_PLACES "|{json.NAME}"),
	PUBLISH_KEY("payload", TEMPLATE, NULL, "what: a template; else the body",
		PUBLISH(payload), EXTRA(conf_route, publish.payload_at),
		.words = HEAD_PLACES "|{json.NAME}|{body}"),
	PUBLISH_KEY("key", TEMPLATE, NULL, "what it is the newest of, for slow: latest",
		PUBLISH(key), .words = HEAD_PLACES "|{json.NAME}"),
	HISTORY("routes[].publish", publish.history),
	PUBLISH_KEY("max_message", SIZE, "1MiB", "longest body", PUBLISH(max_message),
		RANGE(1, 16 * MIB)),
	RATE_IN(conf_route, "routes[].publish.rate", publish.rate, "messages"),
	PUBLISH_KEY("origins", ORIGINS, "same-host", "whose pages may publish",
		PUBLISH(origins), ORIGIN_WORDS),
	PUBLISH_KEY("local", BOOL, "false",
		"whether it goes on within this process while Redis is away",
		PUBLISH(is_local_allowed)),
	KEY("routes[].publish.verify", MAPPING, NULL, "only webhooks that are signed",
		PUBLISH(has_verify)),
	PUBLISH_KEY("verify.scheme", ENUM, NULL, "how they are signed",
		PUBLISH(verify.scheme), .words = "standard-webhooks|github|hmac-sha256",
		.is_required = true),
	PUBLISH_KEY("verify.secret_file", FILE, NULL, "file with one secret in each line",
		PUBLISH(verify.secret), .is_required = true),
	PUBLISH_KEY("verify.header", FIELD_NAME, NULL,
		"header with the signature; else the scheme's own",
		PUBLISH(verify.header)),
	PUBLISH_KEY("verify.id", TEMPLATE, NULL,
		"template of what a delivery is known by; else the scheme's own",
		PUBLISH(verify.id), .words = HEAD_PLACES "|{json.NAME}"),
	PUBLISH_KEY("verify.tolerance", DURATION, "5m", "for its timestamp",
		PUBLISH(verify.tolerance_ms), RANGE(1 * SECOND, DAY)),
	PUBLISH_KEY("verify.replay", DURATION, "10m", "how long deliveries are known",
		PUBLISH(verify.replay_ms), RANGE(1 * SECOND, DAY)),

	KEY("hub", MAPPING, NULL, "the channels of this process"),
	KEY("hub.broker", ENUM, "local", "where they are kept: here, or for all machines",
		IN(conf, hub.broker), .words = "local|redis"),
	KEY("hub.url", TEXT, NULL, "redis://[user@]host[:port][/database] or unix:/path",
		IN(conf, hub.url)),
	KEY("hub.prefix", NAME, "wherry", "what names in Redis begin with",
		IN(conf, hub.prefix)),
	KEY("hub.password_file", FILE, NULL, "file with the password of Redis",
		IN(conf, hub.password)),
	KEY("hub.channels", INTEGER, "100000", "most channels",
		IN(conf, hub.max_channels), RANGE(1, 10000000)),
	KEY("hub.memory", SIZE, "256MiB", "most bytes that are remembered",
		IN(conf, hub.max_bytes), RANGE(64 * KIB, TIB)),

	{.path = NULL},
};
