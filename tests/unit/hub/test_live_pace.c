// SPDX-License-Identifier: MIT
#include "wherry/hub/live_pace.h"

#include <criterion/criterion.h>

static uint64_t next(
	struct live_pace *pace, uint64_t took_ms, uint64_t fresh_ms, bool is_changed)
{
	struct live_pace_turn turn = {1000, 1000 + took_ms, fresh_ms, is_changed};
	return live_pace_next(pace, &turn) - 1000;
}

Test(live_pace, asks_once_an_interval_from_start_to_start)
{
	struct live_pace pace = {0};
	live_pace_set(&pace, 500, 0);
	cr_expect_eq(next(&pace, 0, 0, true), 500);
	cr_expect_eq(next(&pace, 300, 0, false), 500);
	cr_expect_eq(next(&pace, 500, 0, false), 500);
}

Test(live_pace, follows_a_slow_backend)
{
	struct live_pace pace = {0};
	live_pace_set(&pace, 500, 0);
	cr_expect_eq(next(&pace, 700, 0, true), 700);
}

Test(live_pace, follows_max_age)
{
	struct live_pace pace = {0};
	live_pace_set(&pace, 500, 0);
	cr_expect_eq(next(&pace, 100, 5000, true), 5100);
	cr_expect_eq(next(&pace, 100, 100, true), 500);
}

Test(live_pace, slows_down_while_nothing_changes)
{
	struct live_pace pace = {0};
	live_pace_set(&pace, 1000, 3000);
	cr_expect_eq(next(&pace, 0, 0, true), 1000);
	cr_expect_eq(next(&pace, 0, 0, false), 1500);
	cr_expect_eq(next(&pace, 0, 0, false), 2250);
	cr_expect_eq(next(&pace, 0, 0, false), 3000);
	cr_expect_eq(next(&pace, 0, 0, false), 3000);
	cr_expect_eq(next(&pace, 0, 0, true), 1000);
}

Test(live_pace, keeps_within_new_limits)
{
	struct live_pace pace = {0};
	live_pace_set(&pace, 1000, 9000);
	for (int i = 0; i < 9; i++)
		(void)next(&pace, 0, 0, false);
	live_pace_set(&pace, 100, 2000);
	cr_expect_eq(pace.current_ms, 2000);
	live_pace_set(&pace, 5000, 0);
	cr_expect_eq(next(&pace, 0, 0, false), 5000);
}
