// SPDX-License-Identifier: MIT
// Requests to routes with `live`: those that can be answered with what others got, too.
#pragma once

#include "wherry/proxy/push.h"

// As push_create. A poll is answered from the worker's own snapshot, without a look at
// anything but the head; a long-poll when that changes; and a subscription follows it.
MUST_CHECK enum push_creation push_live_create(const struct push_question *question,
	struct push **ret_push, struct reply *ret_reply);
