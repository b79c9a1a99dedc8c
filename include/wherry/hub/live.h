// SPDX-License-Identifier: MIT
// The home of live URLs: for each key that somebody polls or follows, when the backend is
// asked, by which worker, and what came of it. Each key is asked by one worker at a time,
// one that has clients for it; all of them are told. Owned by the control loop, and for
// its thread; workers meet it through live_port.
#pragma once

#include "wherry/hub/live_pace.h"
#include "wherry/hub/live_snapshot.h"
#include "wherry/net/loop.h"

struct live;

// NULL when memory is short.
MUST_CHECK struct live *live_create(struct loop *loop);
// Once all ports are destroyed. NULL is allowed.
void live_destroy(struct live *live);
// Of all snapshots together. Those that nobody asks for make room.
void live_set_limit(struct live *live, uint64_t max_bytes);

// How a key is kept.
struct live_rules {
	uint64_t interval_ms, max_interval_ms;
	uint64_t max_stale_ms; // kept that long when nobody asks for it any more
	size_t max_keys;       // of its route there may be, this one included
};

enum live_state {
	LIVE_GOOD,
	LIVE_DOWN,    // the backend can't be asked, or has no answer
	LIVE_PRIVATE, // what it answers is not for sharing: for a while all pass
};

// What there is to know of a key.
struct live_news {
	enum live_state state;
	struct live_snapshot *snapshot; // the last that was there, lent; may be NULL
	uint64_t checked_ms;            // now_ms, when the backend last said so
	unsigned status;                // of LIVE_DOWN: what clients are told
	const char *reason;             // static; NULL when LIVE_GOOD
	bool is_final;                  // no others follow: the key could not be taken in
};

enum live_outcome {
	LIVE_NEW,    // another snapshot
	LIVE_SAME,   // the one that was given is still good
	LIVE_FAILED, // LIVE_DOWN
	LIVE_UNSHARED,
	LIVE_UNWANTED, // nobody asks for it here any more: the backend was not asked
};

// What a worker reports of having asked.
struct live_result {
	enum live_outcome outcome;
	struct live_snapshot *snapshot; // of LIVE_NEW; a reference is taken
	struct live_pace_turn turn;
	unsigned status;    // of LIVE_FAILED
	const char *reason; // of LIVE_FAILED and LIVE_UNSHARED; static
};

enum {
	LIVE_PRIVATE_MS = 10 * 1000 // all pass that long; then it is looked at again
};
