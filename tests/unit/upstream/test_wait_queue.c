// SPDX-License-Identifier: MIT
// Who waits is woken in order, on its own thread, and no place is lost on the way.
#include "wherry/upstream/wait_queue.h"

#include <pthread.h>
#include <stdatomic.h>

#include <criterion/criterion.h>

#include "wherry/net/loop.h"

struct waiter {
	struct wait_ticket *ticket;
	unsigned wakes;
};

static void count_wake(void *arg)
{
	struct waiter *waiter = arg;
	waiter->wakes++;
}

static void join(
	struct waiter *waiter, struct wait_queue *queue, bool is_bound, struct loop *loop)
{
	waiter->ticket = wait_queue_join(queue, 10, is_bound, loop, count_wake, waiter);
	cr_assert_not_null(waiter->ticket);
}

struct fixture {
	struct loop *loop;
	struct wait_queue *queue;
	struct waiter waiters[3];
};

// Three wait; the first one has found no place at its first try.
static void set_up(struct fixture *fixture)
{
	*fixture = (struct fixture){.loop = loop_create(), .queue = wait_queue_create()};
	cr_assert(fixture->loop && fixture->queue);
	cr_expect_not(wait_queue_is_busy(fixture->queue));
	for (size_t i = 0; i < 3; i++)
		join(&fixture->waiters[i], fixture->queue, false, fixture->loop);
	cr_expect(wait_queue_is_busy(fixture->queue));
	cr_expect_eq(fixture->waiters[0].wakes, 0, "not before join returns");
	loop_settle(fixture->loop);
	cr_expect_eq(fixture->waiters[0].wakes, 1);
	cr_expect_eq(fixture->waiters[1].wakes, 0);
	cr_expect(wait_queue_return(fixture->waiters[0].ticket));
}

static void tear_down(struct fixture *fixture)
{
	loop_settle(fixture->loop);
	wait_queue_unref(fixture->queue);
	loop_destroy(fixture->loop);
}

static void expect_wakes(struct fixture *fixture, unsigned a, unsigned b, unsigned c)
{
	loop_settle(fixture->loop);
	cr_expect_eq(fixture->waiters[0].wakes, a);
	cr_expect_eq(fixture->waiters[1].wakes, b);
	cr_expect_eq(fixture->waiters[2].wakes, c);
}

Test(wait_queue, wakes_in_order_and_the_next_behind_each)
{
	struct fixture fixture;
	set_up(&fixture);
	wait_queue_wake(fixture.queue);
	expect_wakes(&fixture, 2, 0, 0);
	wait_queue_leave(fixture.waiters[0].ticket); // it has found a place
	expect_wakes(&fixture, 2, 1, 0);
	cr_expect(wait_queue_return(fixture.waiters[1].ticket));
	wait_queue_wake(fixture.queue);
	expect_wakes(&fixture, 2, 2, 0);
	wait_queue_leave(fixture.waiters[1].ticket);
	expect_wakes(&fixture, 2, 2, 1);
	wait_queue_leave(fixture.waiters[2].ticket);
	cr_expect_not(wait_queue_is_busy(fixture.queue));
	tear_down(&fixture);
}

Test(wait_queue, wakes_the_next_for_one_that_left_meanwhile)
{
	struct fixture fixture;
	set_up(&fixture);
	wait_queue_wake(fixture.queue);
	wait_queue_leave(fixture.waiters[0].ticket);
	expect_wakes(&fixture, 1, 1, 0);
	wait_queue_leave(fixture.waiters[2].ticket); // waits in the middle
	wait_queue_leave(fixture.waiters[1].ticket);
	tear_down(&fixture);
}

Test(wait_queue, has_one_try_again_for_a_wake_that_found_nobody)
{
	struct fixture fixture;
	set_up(&fixture);
	wait_queue_leave(fixture.waiters[2].ticket);
	wait_queue_leave(fixture.waiters[1].ticket);
	wait_queue_wake(fixture.queue);
	loop_settle(fixture.loop);
	wait_queue_wake(fixture.queue); // while the only one is awake
	cr_expect_not(wait_queue_return(fixture.waiters[0].ticket));
	cr_expect(wait_queue_return(fixture.waiters[0].ticket));
	wait_queue_leave(fixture.waiters[0].ticket);
	tear_down(&fixture);
}

// The first two are bound to one server each.
Test(wait_queue, lets_by_what_the_bound_can_not_take)
{
	struct fixture fixture = {.loop = loop_create(), .queue = wait_queue_create()};
	cr_assert(fixture.loop && fixture.queue);
	for (size_t i = 0; i < 3; i++) {
		cr_expect_not(wait_queue_has_line(fixture.queue));
		join(&fixture.waiters[i], fixture.queue, i < 2, fixture.loop);
		expect_wakes(&fixture, 1, i > 0, i > 1);
		cr_expect(wait_queue_return(fixture.waiters[i].ticket));
	}
	cr_expect(wait_queue_is_busy(fixture.queue));
	cr_expect(wait_queue_has_line(fixture.queue));
	wait_queue_wake(fixture.queue);
	expect_wakes(&fixture, 2, 1, 1);
	cr_expect(wait_queue_return(fixture.waiters[0].ticket));
	expect_wakes(&fixture, 2, 2, 1);
	cr_expect(wait_queue_return(fixture.waiters[1].ticket));
	expect_wakes(&fixture, 2, 2, 2);
	cr_expect(wait_queue_return(fixture.waiters[2].ticket));
	for (size_t i = 0; i < 3; i++)
		wait_queue_leave(fixture.waiters[i].ticket);
	tear_down(&fixture);
}

Test(wait_queue, is_bounded)
{
	struct fixture fixture;
	set_up(&fixture);
	cr_expect_null(wait_queue_join(
		fixture.queue, 3, false, fixture.loop, count_wake, &fixture.waiters[0]));
	for (size_t i = 0; i < 3; i++)
		wait_queue_leave(fixture.waiters[i].ticket);
	cr_expect_null(wait_queue_join(
		fixture.queue, 0, false, fixture.loop, count_wake, &fixture.waiters[0]));
	tear_down(&fixture);
}

Test(wait_queue, lives_until_the_last_has_left)
{
	struct fixture fixture;
	set_up(&fixture);
	wait_queue_unref(wait_queue_ref(fixture.queue));
	struct wait_queue *queue = fixture.queue;
	fixture.queue = NULL;
	wait_queue_unref(queue);
	for (size_t i = 0; i < 3; i++)
		wait_queue_leave(fixture.waiters[i].ticket);
	tear_down(&fixture);
}

// Two places for four threads of twenty waiters each, who take one a thousand times.
enum {
	PLACES = 2,
	THREADS = 4,
	WAITERS = 20,
	ROUNDS = 50
};

struct contest {
	struct wait_queue *queue;
	_Atomic uint64_t taken;
};

struct runner {
	struct contest *contest;
	struct team *team;
	struct wait_ticket *ticket;
	unsigned rounds;
	bool has_place;
	struct loop_deferred deferred;
};

struct team {
	struct loop *loop;
	struct runner runners[WAITERS];
	unsigned finished;
};

static bool take(struct contest *contest)
{
	uint64_t taken = atomic_load(&contest->taken);
	while (taken < PLACES) {
		if (atomic_compare_exchange_weak(&contest->taken, &taken, taken + 1))
			return true;
	}
	return false;
}

static void run(void *arg);

static void work(struct runner *runner)
{
	runner->has_place = true;
	loop_defer(runner->team->loop, &runner->deferred, run, runner);
}

static void on_wake(void *arg)
{
	struct runner *runner = arg;
	do {
		if (!take(runner->contest))
			continue;
		wait_queue_leave(runner->ticket);
		work(runner);
		return;
	} while (!wait_queue_return(runner->ticket));
}

static void give_back(struct runner *runner)
{
	struct contest *contest = runner->contest;
	runner->has_place = false;
	(void)atomic_fetch_sub(&contest->taken, 1);
	if (wait_queue_is_busy(contest->queue))
		wait_queue_wake(contest->queue);
}

static void run(void *arg)
{
	struct runner *runner = arg;
	if (runner->has_place) {
		give_back(runner);
		if (++runner->rounds == ROUNDS) {
			if (++runner->team->finished == WAITERS)
				loop_stop(runner->team->loop);
			return;
		}
	}
	if (!wait_queue_is_busy(runner->contest->queue) && take(runner->contest)) {
		work(runner);
		return;
	}
	runner->ticket = wait_queue_join(runner->contest->queue, THREADS * WAITERS, false,
		runner->team->loop, on_wake, runner);
	cr_assert_not_null(runner->ticket);
}

static void *run_team(void *arg)
{
	struct team *team = arg;
	for (size_t i = 0; i < WAITERS; i++)
		loop_defer(
			team->loop, &team->runners[i].deferred, run, &team->runners[i]);
	cr_assert(loop_run(team->loop));
	return NULL;
}

Test(wait_queue, lets_everybody_have_a_turn_over_many_threads, .timeout = 60)
{
	static struct team teams[THREADS];
	struct contest contest = {.queue = wait_queue_create()};
	pthread_t threads[THREADS];
	for (size_t i = 0; i < THREADS; i++) {
		teams[i].loop = loop_create();
		cr_assert_not_null(teams[i].loop);
		for (size_t j = 0; j < WAITERS; j++)
			teams[i].runners[j] =
				(struct runner){.contest = &contest, .team = &teams[i]};
	}
	for (size_t i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, run_team, &teams[i]), 0);
	for (size_t i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_join(threads[i], NULL), 0);
	cr_expect_eq(contest.taken, 0);
	cr_expect_not(wait_queue_is_busy(contest.queue));
	for (size_t i = 0; i < THREADS; i++)
		loop_destroy(teams[i].loop);
	wait_queue_unref(contest.queue);
}
