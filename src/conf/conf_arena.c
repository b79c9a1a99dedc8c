// SPDX-License-Identifier: MIT
// One heap block per piece, chained: the sanitizers then see the bounds of each.
#include "conf_arena_priv.h"

#include <stdlib.h>
#include <string.h>

struct conf_arena_block {
	struct conf_arena_block *next;
	_Alignas(max_align_t) unsigned char data[];
};

void conf_arena_finish(struct conf_arena *arena)
{
	while (arena->blocks) {
		struct conf_arena_block *block = arena->blocks;
		arena->blocks = block->next;
		free(block);
	}
	arena->is_failed = false;
}

void *conf_arena_alloc(struct conf_arena *arena, size_t count, size_t size)
{
	struct conf_arena_block *block = NULL;
	size_t bytes;
	if (!__builtin_mul_overflow(count, size, &bytes) &&
		!__builtin_add_overflow(bytes, sizeof(*block), &bytes))
		block = calloc(1, bytes);
	if (!block) {
		arena->is_failed = true;
		return NULL;
	}
	block->next = arena->blocks;
	arena->blocks = block;
	return block->data;
}

char *conf_arena_copy(struct conf_arena *arena, struct str text)
{
	char *copy = conf_arena_alloc(arena, text.length + 1, 1);
	if (copy && text.length > 0)
		memcpy(copy, text.data, text.length);
	return copy;
}
