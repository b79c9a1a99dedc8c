// SPDX-License-Identifier: MIT
// The facts of one request that outlive its head: for the answer, the access line, and
// the relay that it may become.
#pragma once

#include "wherry/base/addr.h"
#include "wherry/base/buf.h"
#include "wherry/conf/conf.h"
#include "wherry/proto/http_message.h"

struct request {
	char *text; // owns the slices below
	struct str method;
	struct str host;
	struct str target; // of WebSockets with the values of its query masked
	struct str client; // whose request it is: the peer, or whom a trusted proxy names
	struct str fields; // of what may stay for long: that decide its route
			   // (request_facts)
	char *location;    // where a redirect to https leads; NULL = it is none
	char *user;        // whom access rules found; NULL = nobody
	const struct conf_route *route; // NULL if none was found
	const char *server; // URL of the server that had it last; NULL if none
	uint64_t started_ms;
	uint64_t expires_ms;      // by now_ms, when what let it in ends; 0 = never
	uint64_t bytes_in_before; // of the connection, when it started
	uint64_t bytes_out_before;
	unsigned status; // of the answer; 0 = none yet
	bool is_tls;   // the client's connection, here or where a PROXY header came from
	bool is_https; // as the client sees it: TLS here, or at a trusted proxy
	bool is_http10;
	bool is_keep_alive; // the client may send another one behind it
	bool wants_json;    // prefers JSON for error pages
	bool is_websocket;
	bool is_counted; // in limits, with its route
};

// False when memory is short; the request is then empty, but for its flags.
MUST_CHECK bool request_init(struct request *request, const struct http_message *message,
	const struct conf *conf, const struct addr *peer, bool is_tls);
// For a head that could not be read.
void request_init_empty(struct request *request);
void request_finish(struct request *request);

// Masks the values of the target's query, where a route takes credentials from it. Twice
// is as good as once.
void request_mask_query(struct request *request);
// The client's address; of a UNIX socket without its path; of length 0 if it has none,
// which is in no network.
void request_client_address(const struct request *request, struct addr *ret_addr);
// Takes what location holds, and finishes it. False when memory is short.
MUST_CHECK bool request_take_location(struct request *request, struct buf *location);
// Copied; a later one replaces it. False when memory is short.
MUST_CHECK bool request_set_user(struct request *request, struct str user);
