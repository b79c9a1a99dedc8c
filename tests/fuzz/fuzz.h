// SPDX-License-Identifier: MIT
// What every fuzz target shares: libFuzzer's entry point, a check that stays in each
// build, and the ways to hand a stream of bytes over in pieces.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_REQUIRE(condition)                                                          \
	do {                                                                             \
		if (!(condition)) {                                                      \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__,       \
				#condition);                                             \
			abort();                                                         \
		}                                                                        \
	} while (0)

// How many bytes are there after the next arrival, when `there` of size are by now.
struct fuzz_pieces {
	size_t first;  // length of the first piece
	size_t others; // and of each further one; at least 1
};

static inline size_t fuzz_next_end(struct fuzz_pieces pieces, size_t there, size_t size)
{
	size_t piece = there == 0 && pieces.first > 0 ? pieces.first : pieces.others;
	return size - there < piece ? size : there + piece;
}

// FNV-1a, to compare streams without keeping them.
static inline uint64_t fuzz_hash(uint64_t hash, const void *data, size_t length)
{
	const uint8_t *bytes = data;
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
	return hash;
}

// Calls compare for the bytes one by one, and for two pieces split at a few points, which
// the bytes themselves choose: all points are the unit tests' task.
static inline void fuzz_some_splits(const uint8_t *data, size_t size,
	void (*compare)(struct fuzz_pieces pieces, void *arg), void *arg)
{
	enum {
		SPLITS = 6
	};
	uint64_t hash = fuzz_hash(size, data, size);
	compare((struct fuzz_pieces){1, 1}, arg);
	for (size_t i = 0; i < SPLITS && size > 1; i++) {
		hash = fuzz_hash(hash, &i, sizeof(i));
		compare((struct fuzz_pieces){1 + hash % (size - 1), size}, arg);
	}
}
