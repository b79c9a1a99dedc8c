// SPDX-License-Identifier: MIT
// Memory for what is made and freed with each connection.
#pragma once

#include <stddef.h>

#include "wherry/base/attributes.h"

// Zeroed, and freed with free(); NULL when memory is short. calloc does the same, but
// that of glibc before 2.41 has no use for the memory that its thread has just freed.
MUST_CHECK void *mem_create(size_t size);
