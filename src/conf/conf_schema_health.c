// SPDX-License-Identifier: MIT
// The keys of what is done about servers that fail.
#include "conf_schema_row_priv.h"
#include "conf_schema_table_priv.h"

#include "wherry/conf/conf.h"

#define CHECK_KEY(name, type, text, key_help, ...)                                       \
	KEY("upstreams.NAME.health_check." name, type, text, key_help, __VA_ARGS__)
#define CHECK(member) IN(conf_upstream, health_check.member)
#define EJECTION_KEY(name, type, text, key_help, ...)                                    \
	KEY("upstreams.NAME.ejection." name, type, text, key_help, __VA_ARGS__)
#define EJECTION(member) IN(conf_upstream, ejection.member)
#define CIRCUIT_KEY(name, type, text, key_help, ...)                                     \
	KEY("upstreams.NAME.circuit." name, type, text, key_help, __VA_ARGS__)
#define CIRCUIT(member) IN(conf_upstream, circuit.member)

const struct conf_schema_key conf_schema_health[] = {
	KEY("upstreams.NAME.health_check", MAPPING, NULL, "servers are asked",
		IN(conf_upstream, has_health_check)),
	CHECK_KEY("type", ENUM, "tcp", "how they are asked", CHECK(type),
		.words = "tcp|http|websocket"),
	CHECK_KEY("path", TARGET, "/", "path and query of the request", CHECK(target)),
	CHECK_KEY("method", METHOD, "GET", "method of the request", CHECK(method)),
	CHECK_KEY(
		"status", STATUSES, "200-399", "statuses that are good", CHECK(statuses)),
	CHECK_KEY("body", TEXT, NULL, "what must stand in the answer", CHECK(body)),
	CHECK_KEY("host", AUTHORITY, NULL, "Host of the request; else the server's own",
		CHECK(host)),
	CHECK_KEY("subprotocol", SUBPROTOCOL, NULL, "what is offered, and must be chosen",
		CHECK(subprotocol)),
	CHECK_KEY("send", TEXT, NULL, "a text message to the server", CHECK(send)),
	CHECK_KEY("expect", TEXT, NULL, "what must stand in one of its messages",
		CHECK(expect)),
	CHECK_KEY("interval", DURATION, "5s", "from the start of one check to the next",
		CHECK(interval_ms), RANGE(100, DAY)),
	CHECK_KEY("timeout", DURATION, "2s", "for a whole check", CHECK(timeout_ms),
		RANGE(10, DAY)),
	CHECK_KEY("fall", INTEGER, "3", "failures in a row that make a server down",
		CHECK(fall), RANGE(1, 1000)),
	CHECK_KEY("rise", INTEGER, "2", "successes in a row that make it up again",
		CHECK(rise), RANGE(1, 1000)),
	CHECK_KEY("jitter", INTEGER, "10", "percent by which intervals vary",
		CHECK(jitter), RANGE(0, 50)),

	KEY("upstreams.NAME.ejection", MAPPING, NULL,
		"servers that fail requests are passed over for a while"),
	EJECTION_KEY("connect_errors", INTEGER, "1", "failed connects in a row",
		EJECTION(connect_errors), RANGE(1, 1000), .words = "off"),
	EJECTION_KEY("errors", INTEGER, "5", "other failures in a row", EJECTION(errors),
		RANGE(1, 1000), .words = "off"),
	EJECTION_KEY("status_5xx", BOOL, "false", "whether such an answer is a failure",
		EJECTION(counts_5xx)),
	EJECTION_KEY("refused_handshakes", BOOL, "false",
		"whether no 101 to a WebSocket handshake is one",
		EJECTION(counts_refusals)),
	EJECTION_KEY("latency", DURATION, "off", "whether a slower answer is one",
		EJECTION(latency_ms), RANGE(1, DAY), .words = "off"),
	EJECTION_KEY("time", DURATION, "1s", "of the first ejection; each next one twice",
		EJECTION(time_ms), RANGE(1, DAY)),
	EJECTION_KEY("max_time", DURATION, "30s", "of an ejection", EJECTION(max_time_ms),
		RANGE(1, DAY)),
	EJECTION_KEY("max_percent", INTEGER, "50",
		"how much of the group may be ejected for errors", EJECTION(max_percent),
		RANGE(0, 100)),

	KEY("upstreams.NAME.retry", MAPPING, NULL, "requests that are sent again"),
	KEY("upstreams.NAME.retry.tries", INTEGER, "3", "servers that a request may try",
		IN(conf_upstream, retry.tries), RANGE(1, 10)),
	KEY("upstreams.NAME.retry.percent", INTEGER, "20",
		"share of the requests of the last 10 s that may be sent again",
		IN(conf_upstream, retry.percent), RANGE(0, 100)),
	KEY("upstreams.NAME.retry.min", INTEGER, "10",
		"how many of them may be in any case", IN(conf_upstream, retry.min),
		RANGE(0, 1000000)),

	KEY("upstreams.NAME.circuit", MAPPING, NULL, "when the group is asked no more"),
	CIRCUIT_KEY("max_requests", INTEGER, "off", "requests and WebSockets at once",
		CIRCUIT(max_requests), RANGE(1, 10000000), .words = "off"),
	CIRCUIT_KEY("max_pending", INTEGER, "off", "requests that wait for an answer",
		CIRCUIT(max_pending), RANGE(1, 10000000), .words = "off"),
	CIRCUIT_KEY("failures", INTEGER, "off", "failed requests in a row that open it",
		CIRCUIT(failures), RANGE(1, 1000000), .words = "off"),
	CIRCUIT_KEY("open", DURATION, "5s", "how long, until one is let in to try",
		CIRCUIT(open_ms), RANGE(1, DAY)),

	{.path = NULL, .more = conf_schema_routes},
};
