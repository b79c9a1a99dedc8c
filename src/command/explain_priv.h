// SPDX-License-Identifier: MIT
// One dry run, and what its files give each other.
#pragma once

#include "wherry/command/explain.h"
#include "wherry/proxy/request.h"
#include "wherry/proxy/route.h"

// Slices of the text that was parsed.
struct explain_url {
	bool is_tls;
	bool is_websocket;
	struct str authority;
	struct str host;
	uint16_t port;     // the scheme's default if none was written
	struct str target; // without what "#" starts; empty if only the authority was
			   // written
};

struct explain {
	const struct conf *conf;
	const struct explain_question *question;
	struct explain_url url;
	struct addr peer;
	struct buf head; // what the message is slices of
	struct http_message message;
	struct request request;
	struct route_choice choice;
	json_t *root;
	bool is_failed; // memory was short
};

MUST_CHECK bool explain_url_parse(
	struct str text, struct explain_url *ret_url, const char **reterr_text);

// The request of the question, made a WebSocket handshake or not. False: *reterr_status
// and *reterr_text say how it is refused. *ret_message is slices of *head.
MUST_CHECK bool explain_read_head(const struct explain *explain, bool is_websocket,
	struct buf *head, struct http_message *ret_message, unsigned *reterr_status,
	const char **reterr_text);

// Members of an object or list (NULL: a failed one, nothing happens). What is no
// printable ASCII becomes "?".
json_t *explain_add_object(struct explain *explain, json_t *to, const char *name);
json_t *explain_add_list(struct explain *explain, json_t *to, const char *name);
void explain_add(struct explain *explain, json_t *to, const char *name,
	const char *format, ...) PRINTF_LIKE(4, 5);
void explain_add_number(
	struct explain *explain, json_t *to, const char *name, uint64_t value);
void explain_add_bool(struct explain *explain, json_t *to, const char *name, bool value);
// All plain values below a path of the table of keys, as the item has them.
void explain_add_settings(
	struct explain *explain, json_t *to, const char *path, const void *item);

// Parts of the answer.
void explain_listener(struct explain *explain);
void explain_routes(struct explain *explain);
void explain_outcome(struct explain *explain);
void explain_websocket(struct explain *explain);
// Of a route that publishes or subscribes: what it does; of one that is live, what it
// does beside forwarding; and before that what stands against the request (NULL:
// nothing).
void explain_push(struct explain *explain, json_t *to, const struct conf_route *route);
void explain_live(struct explain *explain, json_t *to, const struct conf_route *route);
const char *explain_push_refusal(const struct explain *explain,
	const struct http_message *message, const struct conf_route *route,
	unsigned *ret_status);
void explain_upstream(struct explain *explain);
