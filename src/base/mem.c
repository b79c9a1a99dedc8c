// SPDX-License-Identifier: MIT
// See the header.
#include "wherry/base/mem.h"

#include <stdlib.h>
#include <string.h>

void *mem_create(size_t size)
{
	void *memory = malloc(size);
	__asm__("" : "+r"(memory)); // else the compiler makes a calloc of the two
	return memory ? memset(memory, 0, size) : NULL;
}
