// SPDX-License-Identifier: MIT
// Requests to live URLs as their parts see them: push_live.c (what each asks for),
// push_live_poll.c (answers) and push_page_url.c (one of many over a page's WebSocket).
#pragma once

#include "wherry/proxy/live_entry.h"
#include "wherry/proxy/push_live.h"

// Of a long-poll.
struct push_live_wait {
	uint64_t wait_ms; // 0: it is none
	uint64_t after;   // id of what its client has; 0 = not said
};

// The entry of what a subscriber is told, with one user more. is_ours: the query has
// parameters for us. PUSH_MADE, PUSH_MEMORY, or PUSH_REFUSED: it is not for sharing.
enum push_creation push_live_find(const struct push_question *question, bool is_ours,
	struct live_entry **ret_entry, struct reply *ret_reply);

// Takes over one user of the entry, also when it fails. PUSH_MADE or PUSH_MEMORY.
enum push_creation push_live_poll_create(const struct push_question *question,
	struct live_entry *entry, const struct push_live_wait *wait,
	struct push **ret_push);
