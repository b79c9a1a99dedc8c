// SPDX-License-Identifier: MIT
// The loop as its timers see it.
#pragma once

#include <pthread.h>

#include "wherry/net/loop.h"

struct loop_posted;

struct loop {
	struct event_base *base;
	struct event *retry_event;  // always in libevent's heap, so that adding it again
				    // needs no memory
	struct loop_timer *unarmed; // timers that wait for memory
	struct event *deferred_event; // activated by hand, never waits
	struct loop_deferred *deferred_first, **deferred_last;
	bool is_running_deferred;
	struct event *posted_event;
	int posted_fd; // eventfd
	pthread_mutex_t posted_lock;
	struct loop_posted *posted_first, **posted_last;
	struct counters counters;
	uint8_t *scratch; // then gather, opened, record and sealed
	unsigned steps;   // spent in this turn
	struct loop_deferred new_turn;
};

// False: no memory.
MUST_CHECK bool loop_timer_start_retrying(struct loop *loop);
