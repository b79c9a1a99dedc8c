// SPDX-License-Identifier: MIT
// When a group is to be rebalanced by itself: once a server that joined has been there
// for a while. One that comes and goes never has, or else begins it once within the rest
// that the group gets after each time. Pure.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wherry/base/attributes.h"

struct rebalance_trigger;

// NULL when memory is short.
MUST_CHECK struct rebalance_trigger *rebalance_trigger_create(void);
void rebalance_trigger_destroy(struct rebalance_trigger *trigger);

// Looks at the servers that are usable now, by their ids; those of the first look have
// always been there. True if it is time: then the group rests. To be called about once a
// second; without memory for what is new it is as if the look had not been.
MUST_CHECK bool rebalance_trigger_look(struct rebalance_trigger *trigger, uint64_t now,
	const uint64_t *ids, size_t count, uint64_t settle_ms, uint64_t rest_ms);
