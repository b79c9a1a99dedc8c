// SPDX-License-Identifier: MIT
// Allocations that fail. free is left alone: what was given came from the real ones.
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>

#include "control.h"

enum {
	EARLY_BYTES = 4096
};

void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *old, size_t size);

static void *(*real_malloc)(size_t size);
static void *(*real_calloc)(size_t count, size_t size);
static void *(*real_realloc)(void *old, size_t size);
static bool is_looking;

// What dlsym itself asks for; never freed.
static void *give_early(size_t size)
{
	static _Alignas(max_align_t) char bytes[EARLY_BYTES];
	static size_t used;
	size_t from = used;
	used += (size + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1);
	return used <= EARLY_BYTES ? bytes + from : NULL;
}

static bool is_ready(void)
{
	if (real_realloc)
		return true;
	if (is_looking)
		return false;
	is_looking = true;
	*(void **)&real_malloc = dlsym(RTLD_NEXT, "malloc");
	*(void **)&real_calloc = dlsym(RTLD_NEXT, "calloc");
	*(void **)&real_realloc = dlsym(RTLD_NEXT, "realloc");
	is_looking = false;
	return true;
}

static bool must_fail(const void *caller)
{
	struct control_fault fault;
	if (control_is_spared(caller) || !control_decide(CONTROL_ALLOC, &fault))
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	if (!is_ready())
		return give_early(size);
	return must_fail(__builtin_return_address(0)) ? NULL : real_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	if (!is_ready())
		return give_early(count * size); // of static bytes, zero and used once
	return must_fail(__builtin_return_address(0)) ? NULL : real_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	if (!is_ready())
		return NULL;
	return must_fail(__builtin_return_address(0)) ? NULL : real_realloc(old, size);
}
