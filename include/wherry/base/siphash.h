// SPDX-License-Identifier: MIT
// SipHash-2-4 (Aumasson and Bernstein, 2012): hashes keys that a peer may choose, with a
// seed that he does not know (SECURITY T50).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wherry/base/attributes.h"

struct siphash_seed {
	uint64_t words[2];
};

// A random one; false when the kernel has no randomness yet.
MUST_CHECK bool siphash_make_seed(struct siphash_seed *ret_seed);
uint64_t siphash(const struct siphash_seed *seed, const void *data, size_t length);
