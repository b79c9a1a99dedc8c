// SPDX-License-Identifier: MIT
// Timers that are moved, forgotten and finished, and what that costs.
#include "wherry/net/loop.h"

#include <stdlib.h>

#include <criterion/criterion.h>

#include "wherry/base/now.h"

enum {
	DEADLINE_MS = 10 * 1000,
	SLACK_MS = 5 * 1000, // for a busy machine
};

// A timer that notes when it fired.
struct alarm {
	struct loop_timer timer;
	uint64_t fired_ms;
	size_t count;
	size_t repeats; // sets itself anew so often
	bool stops;     // the loop
};

static void on_fire(void *arg)
{
	struct alarm *alarm = arg;

	alarm->fired_ms = now_ms();
	alarm->count++;
	if (alarm->count <= alarm->repeats)
		loop_timer_set(&alarm->timer, now_ms());
	if (alarm->stops)
		loop_stop(alarm->timer.loop);
}

static void start(struct alarm *alarm, struct loop *loop)
{
	*alarm = (struct alarm){0};
	loop_timer_init(&alarm->timer, loop, on_fire, alarm);
}

static void run_until(struct loop *loop, uint64_t at_ms)
{
	struct alarm last;

	start(&last, loop);
	last.stops = true;
	loop_timer_set(&last.timer, at_ms);
	cr_assert(loop_run(loop));
	loop_timer_finish(&last.timer);
}

static void turn(struct loop *loop)
{
	cr_assert_geq(event_base_loop(loop_base(loop), EVLOOP_ONCE | EVLOOP_NONBLOCK), 0);
}

Test(loop_timer, fires_once_and_not_early)
{
	struct loop *loop = loop_create();
	struct alarm alarm;
	uint64_t began_ms = now_ms();

	start(&alarm, loop);
	loop_timer_set(&alarm.timer, began_ms + 30);
	run_until(loop, began_ms + 60);
	cr_expect_eq(alarm.count, 1);
	cr_expect_geq(alarm.fired_ms, began_ms + 30);
	run_until(loop, now_ms() + 40);
	cr_expect_eq(alarm.count, 1, "it fired again");
	loop_timer_finish(&alarm.timer);
	loop_destroy(loop);
}

Test(loop_timer, moves_later_by_storing_a_number)
{
	struct loop *loop = loop_create();
	struct alarm alarm;
	uint64_t began_ms = now_ms();

	start(&alarm, loop);
	loop_timer_set(&alarm.timer, began_ms + 20);
	uint64_t armed_ms = alarm.timer.armed_ms;
	loop_timer_set(&alarm.timer, began_ms + 80);
	cr_expect_eq(alarm.timer.armed_ms, armed_ms);
	alarm.stops = true;
	cr_assert(loop_run(loop));
	cr_expect_geq(alarm.fired_ms, began_ms + 80);
	loop_timer_finish(&alarm.timer);
	loop_destroy(loop);
}

Test(loop_timer, moves_earlier)
{
	struct loop *loop = loop_create();
	struct alarm alarm;
	uint64_t began_ms = now_ms();

	start(&alarm, loop);
	alarm.stops = true;
	loop_timer_set(&alarm.timer, began_ms + DEADLINE_MS);
	loop_timer_set(&alarm.timer, began_ms + 20);
	cr_assert(loop_run(loop));
	cr_expect_geq(alarm.fired_ms, began_ms + 20);
	cr_expect_lt(alarm.fired_ms, began_ms + 20 + SLACK_MS);
	loop_timer_finish(&alarm.timer);
	loop_destroy(loop);
}

Test(loop_timer, forgets_a_deadline_and_takes_another)
{
	struct loop *loop = loop_create();
	struct alarm alarm;

	start(&alarm, loop);
	loop_timer_set(&alarm.timer, now_ms() + 10);
	loop_timer_clear(&alarm.timer);
	run_until(loop, now_ms() + 40);
	cr_expect_eq(alarm.count, 0);
	loop_timer_set(&alarm.timer, now_ms() + 10);
	run_until(loop, now_ms() + 40);
	cr_expect_eq(alarm.count, 1);
	loop_timer_finish(&alarm.timer);
	loop_destroy(loop);
}

Test(loop_timer, takes_an_earlier_deadline_after_a_forgotten_one)
{
	struct loop *loop = loop_create();
	struct alarm alarm;
	uint64_t began_ms = now_ms();

	start(&alarm, loop);
	alarm.stops = true;
	loop_timer_set(&alarm.timer, began_ms + DEADLINE_MS);
	loop_timer_clear(&alarm.timer);
	loop_timer_set(&alarm.timer, began_ms + 10);
	cr_assert(loop_run(loop));
	cr_expect_lt(alarm.fired_ms, began_ms + 10 + SLACK_MS);
	loop_timer_finish(&alarm.timer);
	loop_destroy(loop);
}

Test(loop_timer, fires_in_the_next_turn_when_its_time_has_gone_by)
{
	struct loop *loop = loop_create();
	struct alarm alarm;

	start(&alarm, loop);
	loop_timer_set(&alarm.timer, 1);
	cr_expect_eq(alarm.count, 0, "it fired inside the call");
	turn(loop);
	cr_expect_eq(alarm.count, 1);
	loop_timer_finish(&alarm.timer);
	loop_destroy(loop);
}

Test(loop_timer, may_be_set_again_by_what_it_fires)
{
	struct loop *loop = loop_create();
	struct alarm alarm;

	start(&alarm, loop);
	alarm.repeats = 2;
	loop_timer_set(&alarm.timer, 1);
	turn(loop);
	cr_expect_eq(alarm.count, 1, "it held the turn up");
	turn(loop);
	turn(loop);
	turn(loop);
	cr_expect_eq(alarm.count, 3);
	loop_timer_finish(&alarm.timer);
	loop_destroy(loop);
}

Test(loop_timer, never_fires_once_finished)
{
	struct loop *loop = loop_create();
	struct loop_timer zeroed = {0};
	struct alarm alarm;

	loop_timer_finish(&zeroed);
	start(&alarm, loop);
	loop_timer_finish(&alarm.timer); // was never set
	loop_timer_set(&alarm.timer, 1);
	loop_timer_finish(&alarm.timer);
	loop_timer_finish(&alarm.timer);
	turn(loop);
	cr_expect_eq(alarm.count, 0);
	loop_destroy(loop);
}

static bool is_memory_short;

static void *reallocate(void *old, size_t size)
{
	return is_memory_short ? NULL : realloc(old, size);
}

Test(loop_timer, fires_though_memory_was_short_when_it_was_set)
{
	struct alarm alarms[64];

	event_set_mem_functions(malloc, reallocate, free);
	struct loop *loop = loop_create();
	is_memory_short = true;
	for (size_t i = 0; i < 64; i++) {
		start(&alarms[i], loop);
		loop_timer_set(&alarms[i].timer, now_ms() + 10);
	}
	loop_timer_finish(&alarms[60].timer);
	loop_timer_clear(&alarms[61].timer);
	loop_timer_set(&alarms[62].timer, now_ms() + 20);
	for (size_t i = 0; i < 4; i++)
		turn(loop);
	is_memory_short = false;
	run_until(loop, now_ms() + 1000);
	for (size_t i = 0; i < 64; i++)
		cr_expect_eq(alarms[i].count, i == 60 || i == 61 ? 0 : 1, "%zu", i);
	for (size_t i = 0; i < 64; i++)
		loop_timer_finish(&alarms[i].timer);
	loop_destroy(loop);
}
