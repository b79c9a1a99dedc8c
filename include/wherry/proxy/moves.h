// SPDX-License-Identifier: MIT
// One worker's part in moving WebSockets away from servers that have too many: first it
// counts what there is, by how long each has been silent; then it gives as many as it is
// told to a drain. Which and how many is the control loop's choice.
#pragma once

#include <stdatomic.h>

#include "wherry/proxy/conn_walk.h"
#include "wherry/proxy/drain.h"
#include "wherry/proxy/moved_clients.h"

enum {
	MOVES_AGES = 16 // silent for less than 1 s, 2 s, 4 s, ... and longer
};

struct moves_server {
	uint64_t id;
	uint64_t live;                // WebSockets that were not told to close
	uint64_t movable[MOVES_AGES]; // of them, by their age; then, how many go
};

// Of the control loop, but the worker's from moves_start until is_done.
struct moves {
	struct moves_server *servers;
	size_t server_count;
	struct moved_clients *clients; // shared by all workers, as is the plan
	uint64_t cooldown_ms;
	uint64_t at_ms;          // ages are counted from here
	struct drain_plan *plan; // NULL: count. Else a share of it is done
	_Atomic bool is_done;
	struct conn_walk walk; // the rest is the worker's alone
	struct drain *drain;
	bool takes_any_age; // since some have spoken meanwhile
};

// On the worker's thread. If the worker ends first, it is never done.
void moves_start(struct moves *moves, struct site *site);
