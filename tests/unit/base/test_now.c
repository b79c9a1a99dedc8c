// SPDX-License-Identifier: MIT
// The two clocks.
#include "wherry/base/now.h"

#include <time.h>

#include <criterion/criterion.h>

Test(now, never_goes_back_and_moves)
{
	struct timespec start, exact;
	uint64_t first = now_ms();
	uint64_t last = first;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		uint64_t now = now_ms();
		cr_assert_geq(now, last);
		last = now;
		clock_gettime(CLOCK_MONOTONIC, &exact);
	} while (last == first && exact.tv_sec < start.tv_sec + 5);
	cr_expect_gt(last, first);
}

Test(now, knows_the_calendar)
{
	uint64_t seconds = (uint64_t)time(NULL);
	uint64_t now = now_calendar_ms();

	cr_expect_geq(now / 1000 + 1, seconds);
	cr_expect_leq(now / 1000, (uint64_t)time(NULL) + 1);
}
