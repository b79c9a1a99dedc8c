// SPDX-License-Identifier: MIT
// Which route a request takes: pure, first match wins (DESIGN: paths). A request whose
// path a backend could read as another route's is refused.
#pragma once

#include "wherry/conf/conf.h"
#include "wherry/proto/http_message.h"

struct buf;

enum {
	ROUTE_PATH_SIZE = 8 * 1024
}; // http_scan lets no longer line through

struct route_choice {
	const struct conf_route *route; // NULL unless status is 0
	unsigned status;                // 0, 400 or 404
	const char *error;              // what was wrong; static
	struct str path; // canonical; a slice of storage, or of the message
	char storage[ROUTE_PATH_SIZE];
};

// is_secure: the client came by TLS; then a route that sends it to https is passed over.
void route_choose(const struct conf *conf, const struct http_message *request,
	bool is_secure, struct route_choice *ret_choice);

// What a route asks of a request, in the order in which it is looked at.
enum route_condition {
	ROUTE_CONDITION_NONE = 0, // all hold
	ROUTE_CONDITION_PLAIN,    // not to have come by TLS: it would send it there
	ROUTE_CONDITION_PATH,
	ROUTE_CONDITION_HOST,
	ROUTE_CONDITION_METHOD,
	ROUTE_CONDITION_SUBPROTOCOL,
	ROUTE_CONDITION_FIELD,
};

// The first condition of the route that the request does not meet, its path being read
// as this one; and of its fields the first that is not met, NULL if they all are.
enum route_condition route_find_unmet(const struct conf_route *route,
	const struct http_message *request, bool is_secure, struct str path,
	const struct conf_header **ret_field);

// The URL that a route with `redirect: { to: https }` sends the request to.
void route_write_https(struct buf *out, const struct conf_route *route,
	const struct http_message *request);

// The target for the backend: the client's own bytes (or the canonical path, as
// configured), with the route's prefix stripped and added, and the query.
void route_write_target(struct buf *out, const struct conf *conf,
	const struct route_choice *choice, const struct http_message *request);

// A path of the backend's as the client must see it: the added prefix removed, the
// stripped one put back. Paths outside the mapping stay as they are.
void route_write_path_back(
	struct buf *out, const struct conf_route *route, struct str path);
