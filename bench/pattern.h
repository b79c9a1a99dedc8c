// SPDX-License-Identifier: MIT
// The bytes that the benchmark's messages are made of: one fixed pseudo-random run, of
// which each message is a window that moves from message to message. A lost, repeated or
// swapped message thus never compares equal, and making one costs nothing.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PATTERN_PERIOD = 4096,
	PATTERN_STEP = 4, // windows start at multiples of a mask's length
	PATTERN_WINDOWS = PATTERN_PERIOD / PATTERN_STEP,
};

struct pattern {
	uint8_t *plain;
	uint8_t *masked; // plain under pattern_mask, valid at every window
};

extern const uint8_t pattern_mask[4];

// Windows of up to window_bytes can be taken. False: out of memory.
bool pattern_init(struct pattern *pattern, size_t window_bytes);
void pattern_finish(struct pattern *pattern);

// Where the window of a connection's message begins.
static inline size_t pattern_offset(uint32_t connection, uint64_t message)
{
	return (connection * 389 + message * 61) % PATTERN_WINDOWS * PATTERN_STEP;
}
