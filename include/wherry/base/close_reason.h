// SPDX-License-Identifier: MIT
// Every way a connection can end, once: its name (logs, metrics), the WebSocket close
// code that tells it to the peer (RFC 6455 section 7.4; 0 = none is sent, or the peer's
// own is passed on), and a help text for the manual.
#pragma once

#include <stdint.h>

// X(symbol, name, close code, help)
#define CLOSE_REASONS(X)                                                                 \
	X(DONE, "done", 0, "the exchange ended as both sides wanted")                    \
	X(CLIENT_CLOSED, "client_closed", 0, "the client closed first")                  \
	X(CLIENT_RESET, "client_reset", 1001, "the client vanished or reset")            \
	X(CLIENT_TIMEOUT, "client_timeout", 1001, "the client answered no ping")         \
	X(CLIENT_STALL, "client_stall", 1001, "the client took no byte for write_stall") \
	X(CLIENT_SLOW, "client_slow", 0, "the client sent below min_rate or too late")   \
	X(CLIENT_TLS, "client_tls", 0,                                                   \
		"TLS with the client failed, in its handshake or later")                 \
	X(CLIENT_TRUNCATED, "client_truncated", 1001,                                    \
		"the client's connection ended without TLS's close_notify")              \
	X(KEEP_ALIVE, "keep_alive", 0, "no further request within keep_alive")           \
	X(BACKEND_CLOSED, "backend_closed", 0, "the backend closed first")               \
	X(BACKEND_LOST, "backend_lost", 1014, "the backend vanished or reset")           \
	X(BACKEND_TIMEOUT, "backend_timeout", 1014,                                      \
		"the backend gave no answer in time")                                    \
	X(BACKEND_STALL, "backend_stall", 1014,                                          \
		"the backend took no byte for write_stall")                              \
	X(BACKEND_REFUSED, "backend_refused", 0, "no backend could be connected")        \
	X(BACKEND_TLS, "backend_tls", 0, "TLS with the backend failed")                  \
	X(BACKEND_BAD, "backend_bad", 0, "the backend broke HTTP")                       \
	X(REFUSED, "refused", 0, "answered by Wherry itself, as its rules say")          \
	X(UNSIGNED, "unsigned", 0,                                                       \
		"a webhook whose signature is missing, wrong or too old")                \
	X(BAD_REQUEST, "bad_request", 0, "the request broke HTTP")                       \
	X(PROXY_SOURCE, "proxy_source", 0,                                               \
		"a source that proxy_protocol.from does not name")                       \
	X(PROXY_HEADER, "proxy_header", 0, "no good PROXY header came in time")          \
	X(IDLE, "idle", 1001, "no application message within idle_timeout")              \
	X(PROTOCOL, "protocol", 1002, "a frame broke RFC 6455")                          \
	X(BAD_UTF8, "bad_utf8", 1007, "a text message or close reason was not UTF-8")    \
	X(POLICY, "policy", 1008, "a rate or fragment limit was passed")                 \
	X(PRIVATE, "private", 1008, "what a live URL says is not for sharing")           \
	X(TOO_BIG, "too_big", 1009, "a frame or message was longer than allowed")        \
	X(FRAME_STALL, "frame_stall", 1008, "a frame made no progress for 30 s")         \
	X(TOKEN_EXPIRED, "token_expired", 1008,                                          \
		"the token that let it in has expired; the route names the code")        \
	X(KILLED, "killed", 1008, "ended by `wherry kill`, which names the code")        \
	X(SHUTDOWN, "shutdown", 1001, "Wherry is stopping")                              \
	X(UPGRADE, "upgrade", 1012, "a new process has taken over (wherry upgrade)")     \
	X(SERVER_DRAINED, "server_drained", 1001,                                        \
		"its server is being drained; the drain names the code")                 \
	X(LISTENER_DRAINED, "listener_drained", 1001,                                    \
		"its listener is being drained; the drain names the code")               \
	X(ROUTE_GONE, "route_gone", 1012,                                                \
		"its route or server is not in the new configuration")                   \
	X(REBALANCED, "rebalanced", 1012, "another server has fewer WebSockets")         \
	X(SUBSCRIBER_SLOW, "subscriber_slow", 1013,                                      \
		"more waited for the subscriber than its queue allows")                  \
	X(OVERLOAD, "overload", 1013, "a limit of Wherry's own was reached")             \
	X(NO_MEMORY, "no_memory", 1011, "an allocation failed")                          \
	X(INTERNAL, "internal", 1011, "a fault of Wherry's own")

enum close_reason {
#define X(symbol, name, code, help) CLOSE_REASON_##symbol,
	CLOSE_REASONS(X)
#undef X
	CLOSE_REASON_COUNT // how many there are, not a reason
};

const char *close_reason_name(enum close_reason reason);
uint16_t close_reason_code(enum close_reason reason);
