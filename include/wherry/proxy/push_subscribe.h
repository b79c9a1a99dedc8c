// SPDX-License-Identifier: MIT
// Requests to routes with `subscribe`: which transport each asks for.
#pragma once

#include "wherry/proxy/push.h"

// What the request asks for, of what the route has. 0: *ret_reply says why not, and its
// texts are static. is_https is how the client sees the connection, for its Origin.
MUST_CHECK enum conf_transport push_subscribe_choose(const struct conf_subscribe *rules,
	const struct http_message *message, bool is_https, struct reply *ret_reply);
// As push_create: WebSocket for an upgrade, an event stream for who accepts one, else a
// long-poll; of these what the route has.
MUST_CHECK enum push_creation push_subscribe_create(const struct push_question *question,
	struct push **ret_push, struct reply *ret_reply);
