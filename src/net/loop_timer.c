// SPDX-License-Identifier: MIT
// Timers of the loop; see the header. One that finds no memory waits in a list until
// there is some, so that no deadline is ever lost.
#include "loop_priv.h"

#include "wherry/base/now.h"

enum {
	RETRY_MS = 100,
	RETRY_IDLE_S = 3600,
};
#define UNARMED UINT64_MAX // armed_ms of a timer that waits for memory

static void retry_unarmed(evutil_socket_t fd, short events, void *arg)
{
	struct loop *loop = arg;
	struct loop_timer *next, *timer = loop->unarmed;
	(void)event_add(loop->retry_event, &(struct timeval){.tv_sec = RETRY_IDLE_S});
	loop->unarmed = NULL;
	for (; timer; timer = next) {
		next = timer->next_unarmed;
		timer->armed_ms = 0;
		if (timer->at_ms != 0)
			loop_timer_set(timer, timer->at_ms);
	}
}

bool loop_timer_start_retrying(struct loop *loop)
{
	loop->retry_event = event_new(loop->base, -1, 0, retry_unarmed, loop);
	return loop->retry_event &&
	       event_add(loop->retry_event, &(struct timeval){.tv_sec = RETRY_IDLE_S}) ==
		       0;
}

static void add_unarmed(struct loop_timer *timer)
{
	struct loop *loop = timer->loop;
	timer->armed_ms = UNARMED;
	timer->next_unarmed = loop->unarmed;
	loop->unarmed = timer;
	// It has its place in the heap.
	(void)event_add(loop->retry_event, &(struct timeval){.tv_usec = RETRY_MS * 1000});
}

static void remove_unarmed(struct loop_timer *timer)
{
	struct loop_timer **place = &timer->loop->unarmed;
	while (*place && *place != timer)
		place = &(*place)->next_unarmed;
	if (*place)
		*place = timer->next_unarmed;
}

static void arm_timer(struct loop_timer *timer, uint64_t now)
{
	uint64_t wait = timer->at_ms > now ? timer->at_ms - now : 0;
	struct timeval after = {
		.tv_sec = (time_t)(wait / 1000),
		.tv_usec = (suseconds_t)(wait % 1000) * 1000,
	};
	// It fails only when the heap can't grow, so not for a timer that is in it.
	if (event_add(&timer->event, &after) == 0)
		timer->armed_ms = now + wait;
	else
		add_unarmed(timer);
}

static void on_timer(evutil_socket_t fd, short events, void *arg)
{
	struct loop_timer *timer = arg;
	timer->armed_ms = 0;
	if (timer->at_ms == 0)
		return;
	uint64_t now = now_ms();
	if (timer->at_ms > now) {
		arm_timer(timer, now);
		return;
	}
	timer->at_ms = 0;
	timer->fire(timer->arg);
}

void loop_timer_init(
	struct loop_timer *timer, struct loop *loop, loop_timer_cb fire, void *arg)
{
	*timer = (struct loop_timer){.loop = loop, .fire = fire, .arg = arg};
	(void)event_assign(&timer->event, loop->base, -1, 0, on_timer, timer);
}

void loop_timer_set(struct loop_timer *timer, uint64_t at_ms)
{
	timer->at_ms = at_ms;
	if (timer->armed_ms == UNARMED)
		return; // it will be set when there is memory
	if (timer->armed_ms != 0 && timer->armed_ms <= at_ms)
		return;
	arm_timer(timer, now_ms());
}

void loop_timer_clear(struct loop_timer *timer)
{
	timer->at_ms = 0;
}

void loop_timer_finish(struct loop_timer *timer)
{
	if (timer->loop && timer->armed_ms == UNARMED)
		remove_unarmed(timer);
	else if (timer->loop && timer->armed_ms != 0)
		(void)event_del(&timer->event);
	timer->at_ms = timer->armed_ms = 0;
}
