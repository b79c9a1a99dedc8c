// SPDX-License-Identifier: MIT
// A hash has one set of its own; what many threads do in them is tested where they are
// used.
#include "wherry/base/locked_sets.h"

#include <string.h>

#include <criterion/criterion.h>

enum {
	COUNT = 2 * LOCKED_SETS_MIN
};

Test(locked_sets, gives_each_hash_a_set)
{
	struct locked_sets sets;
	cr_assert(locked_sets_init(&sets, COUNT, sizeof(uint64_t)));
	for (uint64_t hash = 0; hash < COUNT; hash++) {
		uint64_t *number = locked_sets_enter(&sets, hash);
		cr_expect_eq(*number, 0);
		*number = hash + 1;
		locked_sets_leave(&sets, hash);
	}
	for (uint64_t hash = 0; hash < 2 * COUNT; hash++) {
		const uint64_t *number = locked_sets_enter(&sets, hash);
		cr_expect_eq(*number, hash % COUNT + 1);
		locked_sets_leave(&sets, hash);
	}
	locked_sets_finish(&sets);
}

Test(locked_sets, hashes_as_nobody_can_foresee)
{
	struct locked_sets a, b;
	cr_assert(locked_sets_init(&a, COUNT, 1));
	cr_assert(locked_sets_init(&b, COUNT, 1));
	cr_expect_eq(locked_sets_hash(&a, "key", 3), locked_sets_hash(&a, "key", 3));
	cr_expect_neq(locked_sets_hash(&a, "key", 3), locked_sets_hash(&b, "key", 3));
	locked_sets_finish(&a);
	locked_sets_finish(&b);
}
