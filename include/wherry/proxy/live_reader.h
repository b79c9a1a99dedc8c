// SPDX-License-Identifier: MIT
// One who is told what a live URL says: the snapshot first, then each change, of which a
// slow one gets the newest; and what becomes of its backend. The counterpart of a
// subscriber to channels, with the same handler. All for the worker's own thread.
#pragma once

#include "wherry/hub/subscriber.h"
#include "wherry/proxy/live_entry.h"

// Embedded; zeroed, it follows nothing.
struct live_reader {
	struct live_follower follower;
	const struct subscriber_handler *handler;
	void *arg;
	struct live_entry *entry; // one of its users
	uint64_t delivered_id;    // of the snapshot that was taken
	const char *told;         // of the backend; static
	bool *gone;               // set when it is finished, while it calls
	bool wants_patches;
	bool is_started, is_full;
};

// Takes over one user of the entry: it is to be finished.
void live_reader_init(struct live_reader *reader, struct live_entry *entry);
// after: the id of what it has; 0 = nothing. handler's functions run from the next turn
// on. on_end: what the URL says is not for sharing (any more).
void live_reader_start(struct live_reader *reader, uint64_t after,
	const struct subscriber_handler *handler, void *arg);
// What was FULL has room.
void live_reader_resume(struct live_reader *reader);
// Allowed at any time, also from its own callbacks, twice, and on a zeroed one.
void live_reader_finish(struct live_reader *reader);
