// SPDX-License-Identifier: MIT
// Memory of one configuration, or of one tree, that is freed all at once. Failure is
// sticky, so that a loader checks once, at its end.
#pragma once

#include "wherry/base/str.h"

struct conf_arena_block;

struct conf_arena {
	struct conf_arena_block *blocks;
	bool is_failed;
};

void conf_arena_finish(struct conf_arena *arena);

// Zeroed; never NULL for no items. NULL when memory is short.
MUST_CHECK void *conf_arena_alloc(struct conf_arena *arena, size_t count, size_t size);
// NUL-terminated.
MUST_CHECK char *conf_arena_copy(struct conf_arena *arena, struct str text);
