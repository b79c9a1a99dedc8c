// SPDX-License-Identifier: MIT
// What a route asks of the channels that it names: pure data. Where several routes name
// one channel, the most that any of them asks for is remembered.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// How much is remembered; the first of the three that is reached bounds it.
struct history_limits {
	uint64_t messages; // 0 = nothing is
	uint64_t age_ms;
	uint64_t bytes;
};

enum channel_presence {
	CHANNEL_PRESENCE_OFF,
	CHANNEL_PRESENCE_COUNT, // events tell how many there are
	CHANNEL_PRESENCE_LIST,  // and who came or went
};

// What becomes of a subscriber for whom messages come too fast.
enum channel_slow {
	CHANNEL_SLOW_CLOSE,
	CHANNEL_SLOW_DROP_OLDEST, // it gets a gap, and goes on with what is there
	CHANNEL_SLOW_LATEST,      // of what it missed, the newest of each key
};

struct channel_rules {
	struct history_limits history;
	struct history_limits queue; // how far a subscriber may lag behind
	enum channel_slow slow;
	enum channel_presence presence;
	size_t max_subscribers; // of one channel, in this process
	bool is_local_allowed;  // goes on without the broker, among those of this process
};
