// SPDX-License-Identifier: MIT
// Latencies in nanoseconds, counted in buckets no wider than 1/128 of their value, so
// that a quantile is right to 0.8 % whatever its size.
#pragma once

#include <stdint.h>

enum {
	HISTOGRAM_PRECISION_BITS = 7,
	HISTOGRAM_RANGE_BITS = 40, // 18 minutes; what is longer counts as that
	HISTOGRAM_BUCKETS = (HISTOGRAM_RANGE_BITS - HISTOGRAM_PRECISION_BITS + 1)
			    << HISTOGRAM_PRECISION_BITS,
};

struct histogram {
	uint64_t total;
	uint64_t counts[HISTOGRAM_BUCKETS];
};

void histogram_reset(struct histogram *histogram);
void histogram_add(struct histogram *histogram, uint64_t nanoseconds);

// The middle of the bucket below which `fraction` of all values lie; 0 if there are none.
uint64_t histogram_quantile(const struct histogram *histogram, double fraction);
