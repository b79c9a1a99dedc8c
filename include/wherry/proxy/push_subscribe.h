// SPDX-License-Identifier: MIT
// Requests to routes with `subscribe`: which transport each asks for.
#pragma once

#include "wherry/proxy/push.h"

// As push_create: WebSocket for an upgrade, an event stream for who accepts one, else a
// long-poll; of these what the route has.
MUST_CHECK enum push_creation push_subscribe_create(const struct push_question *question,
	struct push **ret_push, struct reply *ret_reply);
