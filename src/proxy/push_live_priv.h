// SPDX-License-Identifier: MIT
// Requests to live URLs as their two parts see them: push_live.c (what each asks for) and
// push_live_poll.c (answers).
#pragma once

#include "wherry/proxy/live_entry.h"
#include "wherry/proxy/push_live.h"

// Of a long-poll.
struct push_live_wait {
	uint64_t wait_ms; // 0: it is none
	uint64_t after;   // id of what its client has; 0 = not said
};

// Takes over one user of the entry, also when it fails. PUSH_MADE or PUSH_MEMORY.
enum push_creation push_live_poll_create(const struct push_question *question,
	struct live_entry *entry, const struct push_live_wait *wait,
	struct push **ret_push);
