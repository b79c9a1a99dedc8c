// SPDX-License-Identifier: MIT
// Requests to routes with `publish`: the body is collected, its sender verified, and what
// it says published; the answer tells that it is in the hub's history, and how many
// subscribers there are.
#pragma once

#include "wherry/proxy/push.h"

// As push_create. 405 for all but POST.
MUST_CHECK enum push_creation push_publish_create(const struct push_question *question,
	struct push **ret_push, struct reply *ret_reply);
