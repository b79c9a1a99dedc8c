// SPDX-License-Identifier: MIT
// The configuration as immutable data, shared by all threads and counted by reference.
// What each key means stands once, in conf_schema; this is only its shape.
#pragma once

#include "wherry/base/addr.h"
#include "wherry/base/log.h"
#include "wherry/base/rate.h"
#include "wherry/conf/conf_push.h"
#include "wherry/conf/conf_upstream.h"

// Durations are milliseconds and sizes bytes; CONF_OFF turns that one off.
#define CONF_OFF UINT64_MAX

struct conf_timeouts {
	uint64_t connect_ms;
	uint64_t response_ms;   // until the response head is complete
	uint64_t idle_ms;       // longest silence inside a response
	uint64_t keep_alive_ms; // client connection between requests
	uint64_t tls_handshake_ms;
	uint64_t write_stall_ms; // longest time a peer takes no byte of what waits for it
};

// Of everybody together, and of each source; a count of 0 is no limit.
struct conf_rate {
	struct rate_limit total;
	struct rate_limit per_source;
};

struct conf_limits {
	size_t connections; // client connections of the process; 0 = auto from
			    // RLIMIT_NOFILE
	size_t header;      // bytes of a head
	uint64_t header_timeout_ms;
	uint64_t body;         // bytes of a request body; a route may say otherwise
	uint64_t min_rate;     // bytes a second of a body, after 10 s of grace; CONF_OFF
	size_t per_source;     // client connections of one source
	size_t tls_handshakes; // under way, of each worker
	size_t tls_handshakes_per_source; // of one IPv4 /24 or IPv6 /64
	struct addr_network *exempt;      // not counted by source
	size_t exempt_count;
	uint64_t memory; // bytes; 0 = auto, CONF_OFF
	struct conf_rate connection_rate;
	struct conf_rate handshake_rate; // TLS
	struct conf_rate request_rate;
	struct conf_rate websocket_rate; // handshakes
};

struct conf_paths {
	bool allow_encoded_slash;
	bool merge_slashes;
	bool forward_canonical; // else the client's own bytes
};

struct conf_certificate {
	struct conf_file cert; // PEM, the leaf first
	struct conf_file key;
};

struct conf_tls {
	struct conf_certificate *certificates; // the first is the default
	size_t certificate_count;
	bool is_self_signed; // without certificates: one made in memory
	struct conf_file client_ca;
	bool is_client_auth_optional;
	bool refuses_unknown_names;
	bool requires_tls13;
	const char *ciphers;      // of TLS 1.2; NULL = OpenSSL's own
	const char *ciphersuites; // of TLS 1.3; NULL = OpenSSL's own
};

struct conf_proxy_protocol {
	struct addr_network *from; // who must send a header; others are refused
	size_t from_count;
	uint64_t timeout_ms; // for the whole header
};

struct conf_listener {
	struct addr address;
	const char *name; // as written
	bool has_tls;
	struct conf_tls tls;
	bool has_proxy_protocol;
	struct conf_proxy_protocol proxy_protocol;
};

struct conf_header {
	const char *name;
	const char *value; // NULL in a remove list
};

struct conf_headers {
	struct conf_header *set;
	size_t set_count;
	struct conf_header *remove;
	size_t remove_count;
};

// Of one route, besides those of all.
struct conf_route_limits {
	struct conf_rate request_rate;
	uint64_t concurrent; // requests and WebSockets at once; CONF_OFF
};

struct conf_websocket {
	struct conf_origin_rule origins;
	uint64_t max_message;
	uint64_t max_frame;
	uint64_t max_fragments;
	uint64_t control_frames_per_second;
	uint64_t messages_per_second; // of a client; CONF_OFF
	uint64_t bytes_per_second;    // the same
	uint64_t ping_ms;             // silence after which a ping is sent; CONF_OFF
	uint64_t ping_timeout_ms;
	uint64_t idle_timeout_ms; // without an application message; CONF_OFF
	bool check_utf8;
};

struct conf_match {
	const char *host; // NULL = any; "*.example.com" = one or more labels before;
			  // lower case
	const char *path; // canonical; NULL = any; ending in "/" is a prefix, else exact
	const char *method;
	struct conf_header
		*headers; // all must be there with this value; value "*" = any value
	size_t header_count;
	const char *subprotocol; // one of those offered
};

// Whose requests a route takes, by the client's address.
struct conf_access {
	struct addr_network *allow; // NULL = everybody; else nobody else
	size_t allow_count;
	struct addr_network *deny; // wins
	size_t deny_count;
};

struct conf_basic_auth {
	struct conf_file file; // htpasswd
	const char *challenge; // the whole WWW-Authenticate field
	const char *forward;   // field that carries the user's name; NULL = none
};

// A service that is asked about each request.
struct conf_forward_auth {
	struct conf_server server;
	size_t upstream;    // index of the one made for it
	const char *target; // path and query
	uint64_t timeout_ms;
	struct conf_names request_fields;  // the client's, that it sees; names NULL = all
	struct conf_names response_fields; // of its answer, that the backend sees
};

enum conf_token_place_kind {
	CONF_TOKEN_AUTHORIZATION,
	CONF_TOKEN_COOKIE,
	CONF_TOKEN_QUERY,
	CONF_TOKEN_SUBPROTOCOL
};

struct conf_token_place {
	enum conf_token_place_kind kind;
	const char *name; // of the cookie, the parameter, or the subprotocol; or empty
};

struct conf_claim {
	const char *name;
	const char *value;
};

// What a token must be to let a request in.
struct conf_jwt {
	struct conf_file jwks;
	struct conf_names algorithms; // none = all
	struct conf_names issuers;    // none = any
	struct conf_names audiences;  // none = it must be for nobody
	uint64_t leeway_ms;
	bool requires_expiry;
	struct conf_token_place *places; // looked at in this order
	size_t place_count;
	const char *subprotocol;   // of the place of that kind; NULL = there is none
	bool is_in_query;          // one place is a parameter
	struct conf_claim *claims; // all must be there
	size_t claim_count;
	struct conf_headers forward; // set: header, and the claim it gets
	const char *realm;
	unsigned close_code; // of a WebSocket whose token has expired
};

enum conf_action {
	CONF_FORWARD,
	CONF_REDIRECT,
	CONF_LIVE, // forwards what can't be shared
	CONF_SUBSCRIBE,
	CONF_PUBLISH,
};
enum conf_host {
	CONF_HOST_PASS,
	CONF_HOST_BACKEND,
	CONF_HOST_NAME
};

struct conf_route {
	const char *name; // for logs: "routes[2]", or the route's own name
	size_t line;      // of the file
	struct conf_match match;
	enum conf_action action;
	size_t upstream; // index, for CONF_FORWARD and CONF_LIVE
	struct conf_access access;
	struct conf_route_limits limits;
	bool has_basic_auth;
	struct conf_basic_auth basic_auth;
	bool has_forward_auth;
	struct conf_forward_auth forward_auth;
	bool has_jwt;
	struct conf_jwt jwt;
	struct conf_names added_fields; // that access rules add to requests: the client's
					// own are dropped, in any spelling with "_"
	bool has_websocket;
	struct conf_websocket websocket;
	struct conf_live live; // for CONF_LIVE, as the next two for theirs
	struct conf_subscribe subscribe;
	struct conf_publish publish;
	const char *path_strip; // NULL or without trailing "/"
	const char *path_add;
	enum conf_host host;
	const char *host_name;
	struct conf_headers request_headers;
	struct conf_headers response_headers;
	uint64_t response_timeout_ms; // resolved: the route's own, or the common one
	uint64_t idle_timeout_ms;
	uint64_t body; // bytes
	const char *redirect_to;
	bool redirects_to_https; // the same host, path and query; redirect_to is NULL
	unsigned redirect_port;  // for that
	unsigned redirect_status;
};

struct conf_resolver {
	const char *servers; // "ip[:port],..." for c-ares; NULL = the system's
	uint64_t timeout_ms;
	uint64_t max_ttl_ms; // an answer is asked for again after at most this
};

// Who else on this machine may steer the process.
struct conf_control {
	bool is_off;
	struct addr address; // a UNIX socket; of length 0: where there is a place for one
};

// What the process gives up for good when it starts.
struct conf_sandbox {
	bool no_new_privs;
	bool seccomp;
	bool landlock;
	bool core_dumps; // may be written, and the process traced by its user
};

struct conf {
	const char *path;      // of its file; NULL = it came from none
	const char *canonical; // what it says: the same for files that say the same
	const char *warnings;  // what is hardly meant, one line each (conf_lint)
	const struct conf_file_link *files; // that it names
	unsigned workers;                   // 0 = one per CPU
	const char *user; // to serve as, if root starts it; NULL = not said
	struct conf_sandbox sandbox;
	struct log_options log;
	struct addr_network *trusted_proxies;
	size_t trusted_proxy_count;
	struct conf_control control;
	bool has_status;
	struct addr status;
	struct conf_listener *listeners;
	size_t listener_count;
	struct conf_route *routes;
	size_t route_count;
	struct conf_upstream *upstreams;
	size_t upstream_count; // the auth services', without names of their own, are last
	struct conf_timeouts timeouts;
	struct conf_limits limits;
	struct conf_paths paths;
	struct conf_drain drain;
	struct conf_hub hub;
	struct conf_resolver resolver;
};

// Does the route ask a backend?
static inline bool conf_route_forwards(const struct conf_route *route)
{
	return route->action == CONF_FORWARD || route->action == CONF_LIVE;
}

// Is it answered by Wherry's own hub?
static inline bool conf_route_pushes(const struct conf_route *route)
{
	return route->action == CONF_SUBSCRIBE || route->action == CONF_PUBLISH;
}

// Does one of its servers speak TLS?
bool conf_has_https(const struct conf_upstream *upstream);

// Any thread. The last conf_unref frees it and all it points to; NULL is allowed.
struct conf *conf_ref(struct conf *conf);
void conf_unref(struct conf *conf);
