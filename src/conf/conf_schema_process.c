// SPDX-License-Identifier: MIT
// The keys of the process as a whole. A mapping or list stands before what is inside it.
#include "conf_schema_row_priv.h"
#include "conf_schema_table_priv.h"

#include "wherry/conf/conf.h"

// One of the three occasions.
#define DRAIN(name, key_help, member)                                                    \
	KEY("drain." name, MAPPING, NULL, key_help),                                     \
		KEY("drain." name ".window", DURATION, NULL,                             \
			"over which closes are spread then",                             \
			IN(conf, drain.member.window_ms), RANGE(0, DAY),                 \
			.default_from = "drain.window"),                                 \
		KEY("drain." name ".timeout", DURATION, NULL,                            \
			"after which the rest is cut then",                              \
			IN(conf, drain.member.timeout_ms), RANGE(0, DAY),                \
			.default_from = "drain.timeout")

const struct conf_schema_key conf_schema_process[] = {
	KEY("workers", INTEGER, "auto",
		"threads, each with its own event loop; auto is one for each CPU",
		IN(conf, workers), RANGE(1, 256), .words = "auto"),

	KEY("user", NAME, NULL,
		"user to serve as when root starts it; else wherry, or nobody",
		IN(conf, user)),

	KEY("sandbox", MAPPING, NULL, "what the process gives up when it starts"),
	KEY("sandbox.no_new_privs", BOOL, "true", "no program it runs gains privileges",
		IN(conf, sandbox.no_new_privs)),
	KEY("sandbox.seccomp", BOOL, "true", "only the system calls that a proxy needs",
		IN(conf, sandbox.seccomp)),
	KEY("sandbox.landlock", BOOL, "true",
		"only the files and folders that the configuration names",
		IN(conf, sandbox.landlock)),
	KEY("sandbox.core_dumps", BOOL, "false",
		"whether a crash may leave a core file, with keys in it",
		IN(conf, sandbox.core_dumps)),

	KEY("log", MAPPING, NULL, "what is logged, and where"),
	KEY("log.level", ENUM, "info", "the least important event that is logged",
		IN(conf, log.level), .words = "error|warn|info|debug"),
	KEY("log.format", ENUM, "text", "form of events and access lines",
		IN(conf, log.format), .words = "text|json"),
	KEY("log.events", OUTPUT, "stderr", "where events go", IN(conf, log.events),
		.words = "stderr|stdout"),
	KEY("log.access", OUTPUT, "stdout", "where access lines go", IN(conf, log.access),
		.words = "stdout|stderr|off"),

	KEY("trusted_proxies", NETWORKS, "",
		"proxies whose X-Forwarded-* and Forwarded headers are kept",
		IN(conf, trusted_proxies), EXTRA(conf, trusted_proxy_count)),
	KEY("control", ADDRESS, "auto",
		"UNIX socket for wherry status, stop and the like; auto is "
		"/run/wherry/control.sock",
		IN(conf, control.address), .words = "auto|off"),
	KEY("status", ADDRESS, "off",
		"address of /ready, /status and /metrics; loopback or a UNIX socket",
		IN(conf, status), .words = "off"),

	KEY("timeouts", MAPPING, NULL, "how long is waited"),
	KEY("timeouts.connect", DURATION, "5s", "to connect to a server",
		IN(conf, timeouts.connect_ms), RANGE(1, DAY)),
	KEY("timeouts.response", DURATION, "60s", "for the head of a response",
		IN(conf, timeouts.response_ms), RANGE(1, DAY)),
	KEY("timeouts.idle", DURATION, "60s",
		"longest silence inside a response; text/event-stream is exempt",
		IN(conf, timeouts.idle_ms), RANGE(1, DAY)),
	KEY("timeouts.keep_alive", DURATION, "60s",
		"for the next request on a client's connection",
		IN(conf, timeouts.keep_alive_ms), RANGE(1, DAY)),
	KEY("timeouts.tls_handshake", DURATION, "10s",
		"for a client's TLS handshake, from its connection on",
		IN(conf, timeouts.tls_handshake_ms), RANGE(1, DAY)),
	KEY("timeouts.write_stall", DURATION, "30s",
		"for a side that takes nothing of what waits for it",
		IN(conf, timeouts.write_stall_ms), RANGE(1, DAY)),

	KEY("limits", MAPPING, NULL, "what clients may use"),
	KEY("limits.connections", INTEGER, "auto",
		"client connections of the process; auto follows from RLIMIT_NOFILE",
		IN(conf, limits.connections), RANGE(1, 10000000), .words = "auto"),
	KEY("limits.header", SIZE, "32KiB", "head of a request or response",
		IN(conf, limits.header), RANGE(KIB, 256 * KIB)),
	KEY("limits.header_timeout", DURATION, "10s",
		"from the first byte of a head to its end",
		IN(conf, limits.header_timeout_ms), RANGE(1, DAY)),
	KEY("limits.body", SIZE, "100MiB", "body of a request", IN(conf, limits.body),
		RANGE(0, 1024 * TIB)),
	KEY("limits.min_rate", SIZE, "240B", "slowest a body may come, in bytes a second",
		IN(conf, limits.min_rate), RANGE(1, 1024 * MIB), .words = "off"),
	KEY("limits.per_source", INTEGER, "1024",
		"client connections of one IPv4 address or IPv6 /64",
		IN(conf, limits.per_source), RANGE(1, 10000000)),
	KEY("limits.tls_handshakes", INTEGER, "512",
		"TLS handshakes under way in each worker",
		IN(conf, limits.tls_handshakes), RANGE(1, 1000000)),
	KEY("limits.tls_handshakes_per_source", INTEGER, "16",
		"TLS handshakes under way of one IPv4 /24 or IPv6 /64",
		IN(conf, limits.tls_handshakes_per_source), RANGE(1, 1000000)),
	KEY("limits.exempt", NETWORKS, "127.0.0.0/8, ::1",
		"sources that no limit by source counts", IN(conf, limits.exempt),
		EXTRA(conf, limits.exempt_count)),
	KEY("limits.memory", SIZE, "auto",
		"beyond which new connections are refused; auto is 80 % of what there is",
		IN(conf, limits.memory), RANGE(MIB, 1024 * TIB), .words = "auto|off"),
	KEY("limits.rates", MAPPING, NULL, "how often clients may come"),
	RATE("limits.rates.connections", limits.connection_rate.total,
		"new client connections of the process"),
	RATE("limits.rates.connections_per_source", limits.connection_rate.per_source,
		"new connections of one source"),
	RATE("limits.rates.tls_handshakes", limits.handshake_rate.total,
		"TLS handshakes"),
	RATE("limits.rates.tls_handshakes_per_source", limits.handshake_rate.per_source,
		"TLS handshakes of one source"),
	RATE("limits.rates.requests", limits.request_rate.total,
		"requests, WebSocket handshakes included"),
	RATE("limits.rates.requests_per_source", limits.request_rate.per_source,
		"requests of one client"),
	RATE("limits.rates.websockets", limits.websocket_rate.total,
		"WebSocket handshakes"),
	RATE("limits.rates.websockets_per_source", limits.websocket_rate.per_source,
		"WebSocket handshakes of one client"),

	KEY("paths", MAPPING, NULL, "how request paths are read"),
	KEY("paths.encoded_slash", ENUM, "refuse", "%2F and %5C in a path",
		IN(conf, paths.allow_encoded_slash), .words = "refuse|allow"),
	KEY("paths.merge_slashes", BOOL, "false",
		"whether // counts as / when routes are compared",
		IN(conf, paths.merge_slashes)),
	KEY("paths.forward", ENUM, "raw", "which form of the path the backend gets",
		IN(conf, paths.forward_canonical), .words = "raw|canonical"),

	KEY("drain", MAPPING, NULL, "how live connections are closed"),
	KEY("drain.window", DURATION, "30s", "over which closes are spread",
		IN(conf, drain.common.window_ms), RANGE(0, DAY)),
	KEY("drain.timeout", DURATION, "60s",
		"after which the rest is cut, counted from the start",
		IN(conf, drain.common.timeout_ms), RANGE(0, DAY)),
	DRAIN("reload", "when a reload took their route or server away", reload),
	DRAIN("shutdown", "when Wherry stops", shutdown),
	DRAIN("server", "when wherry drain names their server or listener", server),

	KEY("resolver", MAPPING, NULL, "how names are looked up"),
	KEY("resolver.servers", RESOLVERS, "",
		"name servers; an empty list is the system's",
		IN(conf, resolver.servers)),
	KEY("resolver.timeout", DURATION, "5s", "for one look-up",
		IN(conf, resolver.timeout_ms), RANGE(1, DAY)),
	KEY("resolver.max_ttl", DURATION, "60s",
		"after which an answer is asked for again at the latest",
		IN(conf, resolver.max_ttl_ms), RANGE(SECOND, DAY)),

	{.path = NULL, .more = conf_schema_listeners},
};
