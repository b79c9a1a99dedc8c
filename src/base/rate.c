// SPDX-License-Identifier: MIT
// Token buckets; see the header. This is the "virtual scheduling" form of the leaky
// bucket (ITU-T I.371): taking moves the moment of being full later, and what would move
// it too far ahead is refused.
#include "wherry/base/rate.h"

enum {
	// Of a millisecond: fine enough for ten million a second, coarse enough for a
	// century of uptime.
	UNIT_BITS = 22,
};

static uint64_t to_units(uint64_t ms)
{
	return ms << UNIT_BITS;
}

// How long it takes for that much to flow in; what is longer than decades, is decades.
// Millions an hour don't fit in between: then what one takes is enough to count with,
// less than a millionth too short.
static uint64_t find_span(const struct rate_limit *limit, uint64_t amount)
{
	uint64_t span, period = to_units(limit->period_ms);
	if (!__builtin_mul_overflow(amount, period, &span))
		return span / limit->count;
	if (!__builtin_mul_overflow(amount, period / limit->count, &span) &&
		span < UINT64_MAX / 4)
		return span;
	return UINT64_MAX / 4;
}

// Gives the wait in ms, or 0 and what full_at becomes.
static uint64_t plan(uint64_t full_at, const struct rate_limit *limit, uint64_t now_ms,
	uint64_t amount, uint64_t *ret_full_at)
{
	uint64_t now = to_units(now_ms);
	uint64_t from = full_at > now ? full_at : now;
	uint64_t depth = find_span(limit, limit->burst) + to_units(RATE_CLOCK_STEP_MS);
	uint64_t ahead = from - now + find_span(limit, amount);
	*ret_full_at = now + ahead;
	if (ahead <= depth)
		return 0;
	uint64_t wait = ahead - depth;
	if (wait > from - now) // it can't be more than full
		wait = from > now ? from - now : 1;
	return ((wait - 1) >> UNIT_BITS) + 1;
}

uint64_t rate_take(struct rate *rate, const struct rate_limit *limit, uint64_t now_ms,
	uint64_t amount)
{
	uint64_t full_at;
	uint64_t wait = plan(rate->full_at, limit, now_ms, amount, &full_at);
	if (wait == 0)
		rate->full_at = full_at;
	return wait;
}

uint64_t rate_take_shared(struct rate_shared *rate, const struct rate_limit *limit,
	uint64_t now_ms, uint64_t amount)
{
	uint64_t full_at;
	uint64_t before = atomic_load_explicit(&rate->full_at, memory_order_relaxed);
	for (;;) {
		uint64_t wait = plan(before, limit, now_ms, amount, &full_at);
		// It stands for nothing but itself, so no order with other memory is
		// needed.
		if (wait != 0 ||
			atomic_compare_exchange_weak_explicit(&rate->full_at, &before,
				full_at, memory_order_relaxed, memory_order_relaxed))
			return wait;
	}
}
