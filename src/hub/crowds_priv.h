// SPDX-License-Identifier: MIT
// How many subscribers the channels of this process have, and who they are where that is
// told: at most ten times a second for each channel.
#pragma once

#include "wherry/base/str.h"
#include "wherry/conf/conf_push.h"
#include "wherry/net/loop.h"

struct crowds;

// A channel's crowd has changed: this is to be told.
typedef void (*crowds_cb)(void *arg, struct str channel, struct str event);

// NULL when memory is short.
MUST_CHECK struct crowds *crowds_create(struct loop *loop, crowds_cb tell, void *arg);
void crowds_destroy(struct crowds *crowds);
// Someone came, or left; how many there are now. Without memory, that is not told.
void crowds_change(struct crowds *crowds, struct str channel, struct str member,
	bool is_coming, enum conf_presence presence, size_t subscribers);
