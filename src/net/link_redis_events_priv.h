// SPDX-License-Identifier: MIT
// The descriptor of a hiredis connection on the loop.
#pragma once

#include <stdbool.h>

#include "wherry/net/loop.h"

struct redisAsyncContext;

// Tells hiredis from now on when it may read and write, until it frees the connection.
// False when memory is short.
MUST_CHECK bool link_redis_events_attach(
	struct redisAsyncContext *context, struct loop *loop);
