// SPDX-License-Identifier: MIT
// The bytes that the benchmark's messages are made of.
#include "pattern.h"

#include <stdlib.h>

#include "wire.h"

const uint8_t pattern_mask[4] = {0x37, 0xfa, 0x21, 0x3d};

bool pattern_init(struct pattern *pattern, size_t window_bytes)
{
	size_t length = PATTERN_PERIOD + window_bytes;
	pattern->plain = malloc(length);
	pattern->masked = malloc(length);
	if (pattern->plain == NULL || pattern->masked == NULL) {
		pattern_finish(pattern);
		return false;
	}
	uint64_t state = 0x9E3779B97F4A7C15; // xorshift64: the same bytes at both ends
	for (size_t i = 0; i < length; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		pattern->plain[i] = (uint8_t)(state >> 32);
	}
	wire_mask(pattern->masked, pattern->plain, length, pattern_mask, 0);
	return true;
}

void pattern_finish(struct pattern *pattern)
{
	free(pattern->plain);
	free(pattern->masked);
}
