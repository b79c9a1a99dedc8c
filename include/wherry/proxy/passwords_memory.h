// SPDX-License-Identifier: MIT
// What was found right a short while ago: a table of fixed size, keyed by an HMAC with a
// key of this process, so that what lies in memory tells nothing. The caller locks.
#pragma once

#include "wherry/base/str.h"

struct passwords_memory;

enum {
	PASSWORDS_TAG_SIZE = 32
};

// NULL when memory or randomness is short.
MUST_CHECK struct passwords_memory *passwords_memory_create(void);
// Wipes it.
void passwords_memory_destroy(struct passwords_memory *memory);

// Any thread, without the lock. password may be empty, for a tag of the user alone.
// False when memory is short.
MUST_CHECK bool passwords_memory_tag(const struct passwords_memory *memory, size_t file,
	struct str user, struct str password, uint8_t ret_tag[PASSWORDS_TAG_SIZE]);
// In constant time.
bool passwords_memory_has(const struct passwords_memory *memory,
	const uint8_t tag[PASSWORDS_TAG_SIZE], uint64_t now);
// In place of what is over, or else of what would be first.
void passwords_memory_add(struct passwords_memory *memory,
	const uint8_t tag[PASSWORDS_TAG_SIZE], uint64_t until_ms);
