// SPDX-License-Identifier: MIT
// Zeroed memory.
#include "wherry/base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

Test(mem, is_zeroed_after_it_was_used)
{
	enum {
		SIZE = 448
	};
	static const uint8_t zeros[SIZE];
	for (int i = 0; i < 3; i++) {
		uint8_t *memory = mem_create(SIZE);
		cr_assert_not_null(memory);
		cr_expect_arr_eq(memory, zeros, SIZE);
		memset(memory, 0xff, SIZE);
		free(memory);
	}
}
