// SPDX-License-Identifier: MIT
// How things are pushed: routes that are live, that publish and that subscribe, and the
// hub between them. Pure data, as all of the configuration.
#pragma once

#include "wherry/base/rate.h"
#include "wherry/base/template.h"
#include "wherry/conf/conf_file.h"
#include "wherry/conf/conf_names.h"

enum conf_origins {
	CONF_ORIGINS_SAME_HOST,
	CONF_ORIGINS_ANY,
	CONF_ORIGINS_LIST
};

// Whose pages may use a route.
struct conf_origin_rule {
	enum conf_origins kind;
	const char **list; // "scheme://host[:port]", lower case
	size_t count;
};

enum {
	CONF_MAX_CHANNELS = 16 // of one subscription
};

struct conf_templates {
	struct template *list;
	size_t count;
};

// How much of a channel is remembered; the first of the three that is reached bounds it.
struct conf_history {
	uint64_t messages; // 0 = nothing is
	uint64_t age_ms;
	uint64_t bytes;
};

enum conf_presence {
	CONF_PRESENCE_OFF,
	CONF_PRESENCE_COUNT, // events tell how many there are
	CONF_PRESENCE_LIST,  // and who came or went
};

// What becomes of a subscriber for whom messages come too fast.
enum conf_slow {
	CONF_SLOW_CLOSE,
	CONF_SLOW_DROP_OLDEST, // it gets a gap, and goes on with what is there
	CONF_SLOW_LATEST,      // of what it missed, the newest of each key
};

// What a route asks of the channels that it names. Where several routes name one, the
// most that any of them asks for is remembered.
struct conf_channel {
	struct conf_history history;
	struct conf_history queue; // how far a subscriber may lag behind; age is not
				   // looked at
	enum conf_slow slow;
	enum conf_presence presence;
	size_t max_subscribers; // of one channel, in this process
	bool is_local_allowed;  // goes on without the broker, among those of this process
};

enum conf_transport {
	CONF_TRANSPORT_WEBSOCKET = 1,
	CONF_TRANSPORT_SSE = 2,
	CONF_TRANSPORT_LONG_POLL = 4,
};

struct conf_subscribe {
	struct conf_templates channels;
	struct conf_channel channel;
	struct conf_names transport_names; // none = all
	unsigned transports;               // of enum conf_transport
	bool starts_with_history;          // else with what comes next
	bool may_publish;                  // WebSocket clients
	uint64_t max_message;              // that they publish
	struct rate_limit rate;            // of each of them; count 0 = none
	struct conf_origin_rule origins;
	uint64_t keep_alive_ms; // silence after which SSE gets a comment
	uint64_t ping_ms;       // silence after which a WebSocket gets a Ping
	uint64_t ping_timeout_ms;
	uint64_t wait_ms; // longest of a long-poll
};

enum conf_webhook_scheme {
	CONF_WEBHOOK_STANDARD,
	CONF_WEBHOOK_GITHUB,
	CONF_WEBHOOK_HMAC_SHA256,
};

// How a webhook's sender proves who it is.
struct conf_verify {
	enum conf_webhook_scheme scheme;
	struct conf_file secret;   // one a line; any of them will do
	const char *header;        // the signature; NULL = the scheme's own
	const struct template *id; // of a delivery; NULL = the scheme's own
	uint64_t tolerance_ms;     // of its timestamp, where there is one
	uint64_t replay_ms;        // how long deliveries are remembered
};

struct conf_publish {
	const struct template *channel;
	const struct template *payload; // NULL = the body
	const char *payload_at;         // "wherry.yaml:12:16"
	const struct template *key;     // NULL = none
	struct conf_history history;
	bool is_local_allowed;
	uint64_t max_message;
	struct rate_limit rate; // of the route; count 0 = none
	struct conf_origin_rule origins;
	bool has_verify;
	struct conf_verify verify;
};

struct conf_live {
	uint64_t interval_ms;
	uint64_t max_interval_ms; // slowest pace while nothing changes; CONF_OFF = no
				  // slowing down
	bool is_public;           // shared whoever asks
	struct conf_names vary;   // fields that are part of the key
	uint64_t max_stale_ms;    // age of what is served while the backend is down
	uint64_t max_snapshot;    // bytes of a body
	uint64_t max_keys;        // of the route
	uint64_t max_waiters;     // for a first answer, in each worker
	bool merges_patches;      // JSON merge patches to those who ask for them
	uint64_t wait_ms;         // longest of a long-poll
	struct conf_origin_rule origins;
};

enum conf_broker {
	CONF_BROKER_LOCAL,
	CONF_BROKER_REDIS
};

struct conf_hub {
	enum conf_broker broker;
	const char *url; // of Redis; NULL = none
	const char *prefix;
	struct conf_file password; // of Redis
	uint64_t max_channels;
	uint64_t max_bytes; // of all that is remembered
};
