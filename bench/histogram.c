// SPDX-License-Identifier: MIT
// Latencies in nanoseconds, counted in buckets of a constant relative width.
#include "histogram.h"

#include <stddef.h>
#include <string.h>

enum {
	HALF = 1 << HISTOGRAM_PRECISION_BITS
};

// Bucket i < HALF holds the value i; after that each doubling of the value has HALF
// buckets.
static size_t bucket_of(uint64_t value)
{
	if (value >> HISTOGRAM_RANGE_BITS != 0)
		return HISTOGRAM_BUCKETS - 1;
	if (value < HALF)
		return value;
	unsigned shift = 63 - (unsigned)__builtin_clzll(value) - HISTOGRAM_PRECISION_BITS;
	return (size_t)shift * HALF + (value >> shift);
}

static uint64_t middle_of(size_t bucket)
{
	if (bucket < HALF)
		return bucket;
	unsigned shift = (unsigned)(bucket / HALF) - 1;
	return ((uint64_t)(bucket % HALF + HALF) << shift) + ((uint64_t)1 << shift) / 2;
}

void histogram_reset(struct histogram *histogram)
{
	memset(histogram, 0, sizeof(*histogram));
}

void histogram_add(struct histogram *histogram, uint64_t nanoseconds)
{
	histogram->total++;
	histogram->counts[bucket_of(nanoseconds)]++;
}

uint64_t histogram_quantile(const struct histogram *histogram, double fraction)
{
	uint64_t wanted = (uint64_t)((double)histogram->total * fraction);
	uint64_t seen = 0;
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += histogram->counts[i];
		if (seen > wanted)
			return middle_of(i);
	}
	return 0;
}
