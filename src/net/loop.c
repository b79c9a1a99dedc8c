// SPDX-License-Identifier: MIT
// The event loop of one thread; see the header.
#include "wherry/net/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "loop_priv.h"

enum {
	STEPS_PER_TURN = 8
};

struct loop_posted {
	struct loop_posted *next;
	loop_post_cb fn;
	void *arg;
};

static void run_deferred(evutil_socket_t fd, short events, void *arg)
{
	struct loop *loop = arg;
	struct loop_deferred *next, *one = loop->deferred_first;
	loop->deferred_first = NULL;
	loop->deferred_last = &loop->deferred_first;
	loop->is_running_deferred = true;
	for (; one; one = next) {
		next = one->next;
		one->is_queued = false;
		one->run(one->arg);
	}
	loop->is_running_deferred = false;
	// What was deferred meanwhile waits for the next turn, so that this one ends:
	// libevent would run an event that is made active now before it polls again.
	if (loop->deferred_first &&
		event_add(loop->deferred_event, &(struct timeval){0}) != 0)
		event_active(loop->deferred_event, EV_TIMEOUT, 0);
}

static void run_posted(evutil_socket_t fd, short events, void *arg)
{
	struct loop *loop = arg;
	uint64_t count;
	ssize_t got = read(loop->posted_fd, &count, sizeof(count));
	(void)got; // EAGAIN only: the queue itself says what there is

	pthread_mutex_lock(&loop->posted_lock);
	struct loop_posted *one = loop->posted_first;
	loop->posted_first = NULL;
	loop->posted_last = &loop->posted_first;
	pthread_mutex_unlock(&loop->posted_lock);

	while (one) {
		struct loop_posted *next = one->next;
		one->fn(one->arg);
		free(one);
		one = next;
	}
}

static struct event_base *create_base(void)
{
	struct event_config *config = event_config_new();
	if (!config)
		return NULL;
	struct event_base *base = NULL;
	int flags = EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV;
	if (event_config_set_flag(config, flags) == 0)
		base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

struct loop *loop_create(void)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	if (!loop)
		return NULL;
	loop->deferred_last = &loop->deferred_first;
	loop->posted_last = &loop->posted_first;
	pthread_mutex_init(&loop->posted_lock, NULL);
	loop->posted_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	loop->scratch = malloc(LOOP_SCRATCH_SIZE + LOOP_GATHER_SIZE + LOOP_OPENED_SIZE +
			       LOOP_RECORD_SIZE + LOOP_SEALED_SIZE);
	loop->base = create_base();
	if (loop->posted_fd < 0 || !loop->scratch || !loop->base)
		goto fail;
	loop->deferred_event = event_new(loop->base, -1, 0, run_deferred, loop);
	loop->posted_event = event_new(
		loop->base, loop->posted_fd, EV_READ | EV_PERSIST, run_posted, loop);
	if (!loop->deferred_event || !loop->posted_event ||
		!loop_timer_start_retrying(loop) ||
		event_add(loop->posted_event, NULL) != 0)
		goto fail;
	return loop;
fail:
	loop_destroy(loop);
	return NULL;
}

void loop_destroy(struct loop *loop)
{
	if (!loop)
		return;
	while (loop->deferred_first)
		run_deferred(-1, 0, loop); // it frees memory
	while (loop->posted_first) {
		struct loop_posted *one = loop->posted_first;
		loop->posted_first = one->next;
		free(one);
	}
	if (loop->deferred_event)
		event_free(loop->deferred_event);
	if (loop->posted_event)
		event_free(loop->posted_event);
	if (loop->retry_event)
		event_free(loop->retry_event);
	if (loop->base)
		event_base_free(loop->base);
	if (loop->posted_fd >= 0)
		close(loop->posted_fd);
	pthread_mutex_destroy(&loop->posted_lock);
	free(loop->scratch);
	free(loop);
}

bool loop_run(struct loop *loop)
{
	return event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY) >= 0;
}

void loop_stop(struct loop *loop)
{
	(void)event_base_loopexit(loop->base, NULL); // fails only without a base
}

struct event_base *loop_base(struct loop *loop)
{
	return loop->base;
}

struct counters *loop_counters(struct loop *loop)
{
	return &loop->counters;
}

uint8_t *loop_scratch(struct loop *loop)
{
	return loop->scratch;
}

uint8_t *loop_gather(struct loop *loop)
{
	return loop->scratch + LOOP_SCRATCH_SIZE;
}

uint8_t *loop_opened(struct loop *loop)
{
	return loop_gather(loop) + LOOP_GATHER_SIZE;
}

uint8_t *loop_record(struct loop *loop)
{
	return loop_opened(loop) + LOOP_OPENED_SIZE;
}

uint8_t *loop_sealed(struct loop *loop)
{
	return loop_record(loop) + LOOP_RECORD_SIZE;
}

static void begin_turn(void *arg)
{
	struct loop *loop = arg;
	loop->steps = 0;
}

bool loop_spend_step(struct loop *loop)
{
	if (loop->steps == 0)
		loop_defer(loop, &loop->new_turn, begin_turn, loop);
	return loop->steps < STEPS_PER_TURN && ++loop->steps > 0;
}

void loop_defer(struct loop *loop, struct loop_deferred *deferred, loop_deferred_cb run,
	void *arg)
{
	deferred->run = run;
	deferred->arg = arg;
	if (deferred->is_queued)
		return;
	deferred->is_queued = true;
	deferred->next = NULL;
	if (!loop->deferred_first && !loop->is_running_deferred)
		event_active(loop->deferred_event, EV_TIMEOUT, 0);
	*loop->deferred_last = deferred;
	loop->deferred_last = &deferred->next;
}

void loop_settle(struct loop *loop)
{
	run_posted(-1, 0, loop);
	while (loop->deferred_first)
		run_deferred(-1, 0, loop);
}

bool loop_post(struct loop *loop, loop_post_cb fn, void *arg)
{
	struct loop_posted *one = malloc(sizeof(*one));
	if (!one)
		return false;
	*one = (struct loop_posted){.fn = fn, .arg = arg};
	pthread_mutex_lock(&loop->posted_lock);
	bool was_empty = !loop->posted_first;
	*loop->posted_last = one;
	loop->posted_last = &one->next;
	pthread_mutex_unlock(&loop->posted_lock);
	if (was_empty) {
		ssize_t put = write(loop->posted_fd, &(uint64_t){1}, sizeof(uint64_t));
		(void)put; // fails only at the counter's end, and then it is readable
	}
	return true;
}
