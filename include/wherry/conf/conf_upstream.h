// SPDX-License-Identifier: MIT
// The part of the configuration that tells of groups of servers: pure data, as in conf.h.
#pragma once

#include "wherry/base/url.h"
#include "wherry/conf/conf_drain.h"
#include "wherry/conf/conf_file.h"
#include "wherry/conf/conf_health.h"

struct conf_header;

struct conf_server {
	const char *text;     // the URL as written, for logs and metrics
	struct url url;       // slices of text
	const char *named_at; // "wherry.yaml:12:5"
	unsigned weight;
	uint64_t max_connections; // over all workers; CONF_OFF
	bool is_backup;           // taken only when all others are out
	bool is_down;             // takes nothing
	struct conf_header *labels;
	size_t label_count;
};

enum conf_balance {
	CONF_BALANCE_ROUND_ROBIN,
	CONF_BALANCE_LEAST_CONNECTIONS,
	CONF_BALANCE_RANDOM_TWO,
	CONF_BALANCE_STICKY, // least_connections for who brings no cookie of ours
	CONF_BALANCE_HASH
};

// What of a request is hashed.
enum conf_hash_kind {
	CONF_HASH_IP,
	CONF_HASH_PATH,
	CONF_HASH_HEADER,
	CONF_HASH_COOKIE,
	CONF_HASH_QUERY
};

struct conf_hash {
	enum conf_hash_kind kind;
	const char *name; // of the header, cookie or parameter; else empty
};

enum conf_same_site {
	CONF_SAME_SITE_LAX,
	CONF_SAME_SITE_STRICT,
	CONF_SAME_SITE_NONE
};

struct conf_sticky {
	const char *cookie;      // its name
	struct conf_file secret; // NULL = a random one of this process
	uint64_t max_age_ms;     // CONF_OFF: as long as the browser runs
	enum conf_same_site same_site;
};

// Which sessions of the servers own are kept together.
enum conf_session_kind {
	CONF_SESSION_OFF,
	CONF_SESSION_ENGINE_IO, // and so Socket.IO
	CONF_SESSION_SIGNALR,
	CONF_SESSION_SOCKJS,
	CONF_SESSION_QUERY // an id of the client's choice
};

struct conf_session {
	enum conf_session_kind kind;
	const char *parameter; // for CONF_SESSION_QUERY
};

// Requests that wait for a place on one of the servers.
struct conf_queue {
	uint64_t size; // over all workers
	uint64_t timeout_ms;
};

enum conf_proxy_header {
	CONF_PROXY_HEADER_OFF,
	CONF_PROXY_HEADER_V1,
	CONF_PROXY_HEADER_V2
};

struct conf_upstream_tls {
	struct conf_file ca;     // PEM; NULL = the system's authorities
	const char *server_name; // for SNI and the check; NULL = the URL's host
	bool skips_check;        // of the certificates
	struct conf_file cert;   // of our own, PEM; NULL = none
	struct conf_file key;
};

struct conf_upstream {
	const char *name;
	enum conf_balance balance;
	struct conf_hash hash; // of CONF_BALANCE_HASH
	struct conf_sticky sticky;
	struct conf_session session;
	uint64_t slow_start_ms; // CONF_OFF
	struct conf_queue queue;
	struct conf_server *servers;
	size_t server_count;
	uint64_t pool_idle_ms;
	size_t pool_size; // kept-alive connections per worker and server
	enum conf_proxy_header proxy_header; // what its connections begin with
	struct conf_upstream_tls tls;        // of https servers
	bool has_health_check;
	struct conf_health_check health_check;
	struct conf_ejection ejection;
	struct conf_retry retry;
	struct conf_circuit circuit;
	struct conf_rebalance rebalance;
};
