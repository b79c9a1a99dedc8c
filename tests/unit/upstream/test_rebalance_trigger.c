// SPDX-License-Identifier: MIT
// What begins a rebalancing, and how seldom.
#include "wherry/upstream/rebalance_trigger.h"

#include <criterion/criterion.h>

enum {
	SECOND = 1000,
	SETTLE = 10 * SECOND,
	REST = 300 * SECOND,
};

static const uint64_t two[] = {1, 2}, three[] = {1, 2, 3}, four[] = {1, 2, 3, 4};

static bool look(struct rebalance_trigger *trigger, uint64_t second, const uint64_t *ids,
	size_t count)
{
	return rebalance_trigger_look(trigger, second * SECOND, ids, count, SETTLE, REST);
}

Test(rebalance_trigger, begins_nothing_when_all_start)
{
	struct rebalance_trigger *trigger = rebalance_trigger_create();
	for (uint64_t second = 1; second < 1000; second++)
		cr_expect_not(look(trigger, second, two, 2));
	rebalance_trigger_destroy(trigger);
}

Test(rebalance_trigger, begins_once_when_a_server_has_settled)
{
	struct rebalance_trigger *trigger = rebalance_trigger_create();
	cr_expect_not(look(trigger, 1, two, 2));
	cr_expect_not(look(trigger, 2, three, 3));
	cr_expect_not(look(trigger, 11, three, 3));
	cr_expect(look(trigger, 12, three, 3));
	for (uint64_t second = 13; second < 1000; second++)
		cr_expect_not(look(trigger, second, three, 3));
	rebalance_trigger_destroy(trigger);
}

Test(rebalance_trigger, takes_one_that_comes_back_for_new)
{
	struct rebalance_trigger *trigger = rebalance_trigger_create();
	cr_expect_not(look(trigger, 1, three, 3));
	cr_expect_not(look(trigger, 2, two, 2));
	cr_expect_not(look(trigger, 3, three, 3));
	cr_expect(look(trigger, 13, three, 3));
	rebalance_trigger_destroy(trigger);
}

Test(rebalance_trigger, waits_for_the_rest_to_end)
{
	struct rebalance_trigger *trigger = rebalance_trigger_create();
	cr_expect_not(look(trigger, 1, two, 2));
	cr_expect_not(look(trigger, 2, three, 3));
	cr_expect(look(trigger, 12, three, 3));
	cr_expect_not(look(trigger, 20, four, 4));
	cr_expect_not(look(trigger, 311, four, 4));
	cr_expect(look(trigger, 312, four, 4), "the fourth is not forgotten");
	rebalance_trigger_destroy(trigger);
}

Test(rebalance_trigger, is_not_begun_by_a_server_that_flaps)
{
	struct rebalance_trigger *trigger = rebalance_trigger_create();
	for (uint64_t second = 1; second < 3600; second++)
		cr_expect_not(look(trigger, second, three, second % 10 < 9 ? 3 : 2));
	rebalance_trigger_destroy(trigger);
}

Test(rebalance_trigger, is_begun_seldom_by_a_server_that_flaps_slowly)
{
	struct rebalance_trigger *trigger = rebalance_trigger_create();
	size_t count = 0;
	for (uint64_t second = 1; second < 3600; second++)
		count += look(trigger, second, three, second % 40 < 20 ? 2 : 3);
	cr_expect_leq(count, 3600 / 300 + 1, "%zu in an hour", count);
	cr_expect_geq(count, 6, "%zu in an hour", count);
	rebalance_trigger_destroy(trigger);
}
