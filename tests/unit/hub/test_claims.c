// SPDX-License-Identifier: MIT
// Claims are known for their life, and no longer.
#include "wherry/hub/claims.h"

#include <stdio.h>

#include <criterion/criterion.h>

Test(claims, are_known_until_their_life_ends)
{
	struct claims *claims = claims_create();
	cr_expect_eq(claims_make(claims, STR("a"), 100, 1000), CLAIMS_OK);
	cr_expect_eq(claims_make(claims, STR("b"), 10, 1000), CLAIMS_OK);
	cr_expect_eq(claims_make(claims, STR("a"), 100, 1099), CLAIMS_KNOWN);
	cr_expect_eq(claims_make(claims, STR("b"), 100, 1009), CLAIMS_KNOWN);
	cr_expect_eq(claims_make(claims, STR("b"), 10, 1010), CLAIMS_OK); // behind a
	cr_expect_eq(claims_make(claims, STR("a"), 100, 1100), CLAIMS_OK);
	cr_expect_eq(claims_make(claims, STR("b"), 10, 1100), CLAIMS_OK);
	claims_destroy(claims);
	claims_destroy(NULL);
}

Test(claims, are_refused_when_there_are_too_many)
{
	struct claims *claims = claims_create();
	char name[16];
	for (size_t i = 0; i < CLAIMS_MAX; i++) {
		int length = snprintf(name, sizeof(name), "%zu", i);
		struct str claim = {name, (size_t)length};
		cr_assert_eq(claims_make(claims, claim, 100, 1000), CLAIMS_OK);
	}
	cr_expect_eq(claims_make(claims, STR("more"), 100, 1000), CLAIMS_FULL);
	cr_expect_eq(claims_make(claims, STR("7"), 100, 1000), CLAIMS_KNOWN);
	cr_expect_eq(claims_make(claims, STR("more"), 100, 1100), CLAIMS_OK);
	claims_destroy(claims);
}
