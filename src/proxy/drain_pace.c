// SPDX-License-Identifier: MIT
// The moments of a drain; see the header.
#include "wherry/proxy/drain_pace.h"

enum {
	MS_US = 1000,
	// What a worker that comes late may still make up for; the rest is spread over
	// what is left of the window, for it would come as a burst.
	LATE_US = 40 * MS_US,
};

void drain_pace_init(struct drain_pace *pace, uint64_t now, uint64_t window_ms)
{
	pace->window_us = window_ms * MS_US;
	pace->end_us = now * MS_US + pace->window_us;
	atomic_init(&pace->last_us, 0);
	atomic_init(&pace->joined, 0);
	atomic_init(&pace->left, 0);
}

void drain_pace_join(struct drain_pace *pace)
{
	(void)atomic_fetch_add_explicit(&pace->joined, 1, memory_order_relaxed);
	(void)atomic_fetch_add_explicit(&pace->left, 1, memory_order_relaxed);
}

void drain_pace_leave(struct drain_pace *pace)
{
	(void)atomic_fetch_sub_explicit(&pace->left, 1, memory_order_relaxed);
}

// The first goes at once. Each step is what is left of the window by those that are left,
// but no shorter than 10/11 of an even one.
static uint64_t find_due(struct drain_pace *pace, uint64_t last_us)
{
	if (last_us == 0)
		return 0;
	uint64_t joined = atomic_load_explicit(&pace->joined, memory_order_relaxed);
	uint64_t left = atomic_load_explicit(&pace->left, memory_order_relaxed);
	uint64_t rest_us = pace->end_us > last_us ? pace->end_us - last_us : 0;
	uint64_t step_us = rest_us / (left + 1);
	uint64_t least_us = pace->window_us * 10 / ((joined + 1) * 11);
	return last_us + (step_us > least_us ? step_us : least_us);
}

bool drain_pace_take(struct drain_pace *pace, uint64_t now)
{
	uint64_t now_us = now * MS_US, drawn_us;
	uint64_t last_us = atomic_load_explicit(&pace->last_us, memory_order_relaxed);
	do {
		uint64_t due_us = find_due(pace, last_us);
		if (due_us > now_us)
			return false;
		bool is_late = due_us + LATE_US < now_us;
		drawn_us = is_late ? now_us - LATE_US : due_us;
		if (last_us == 0)
			drawn_us = now_us;
	} while (!atomic_compare_exchange_weak_explicit(&pace->last_us, &last_us,
		drawn_us, memory_order_relaxed, memory_order_relaxed));
	drain_pace_leave(pace);
	return true;
}

uint64_t drain_pace_next_ms(struct drain_pace *pace)
{
	uint64_t last_us = atomic_load_explicit(&pace->last_us, memory_order_relaxed);
	return (find_due(pace, last_us) + MS_US - 1) / MS_US;
}
