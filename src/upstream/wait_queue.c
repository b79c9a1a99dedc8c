// SPDX-License-Identifier: MIT
// A list under a lock, and a count beside it that says whether the lock is worth taking.
#include "wherry/upstream/wait_queue.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "wherry/net/loop.h"

enum wait_state {
	WAITING,
	CALLED, // posted to its loop
	AWAKE,  // within wake
	GONE,   // left while it was CALLED, and the list: what was posted frees it
};

struct wait_ticket {
	TAILQ_ENTRY(wait_ticket) entry;
	struct wait_queue *queue; // holds a reference
	struct loop *loop;
	wait_queue_cb wake;
	void *arg;
	bool is_bound;
	enum wait_state state;
	uint64_t wakes; // of the queue, when it woke
};

TAILQ_HEAD(wait_list, wait_ticket);

struct wait_queue {
	atomic_size_t references;
	atomic_size_t count;       // of all that have not left; changed under the lock
	atomic_size_t bound_count; // of them, those that are bound
	pthread_mutex_t lock;
	struct wait_list list; // in order, also those that are awake
	uint64_t wakes;        // so far
};

struct wait_queue *wait_queue_create(void)
{
	struct wait_queue *queue = calloc(1, sizeof(*queue));
	if (!queue)
		return NULL;
	atomic_init(&queue->references, 1);
	pthread_mutex_init(&queue->lock, NULL);
	TAILQ_INIT(&queue->list);
	return queue;
}

struct wait_queue *wait_queue_ref(struct wait_queue *queue)
{
	(void)atomic_fetch_add_explicit(&queue->references, 1, memory_order_relaxed);
	return queue;
}

void wait_queue_unref(struct wait_queue *queue)
{
	if (!queue || atomic_fetch_sub_explicit(
			      &queue->references, 1, memory_order_acq_rel) != 1)
		return;
	pthread_mutex_destroy(&queue->lock);
	free(queue);
}

bool wait_queue_is_busy(struct wait_queue *queue)
{
	return atomic_load(&queue->count) > 0;
}

bool wait_queue_has_line(struct wait_queue *queue)
{
	return atomic_load(&queue->count) > atomic_load(&queue->bound_count);
}

static void destroy_ticket(struct wait_ticket *ticket)
{
	wait_queue_unref(ticket->queue);
	free(ticket);
}

static void on_call(void *arg)
{
	struct wait_ticket *ticket = arg;
	pthread_mutex_lock(&ticket->queue->lock);
	bool is_gone = ticket->state == GONE;
	ticket->state = AWAKE;
	ticket->wakes = ticket->queue->wakes;
	pthread_mutex_unlock(&ticket->queue->lock);
	if (is_gone)
		destroy_ticket(ticket);
	else
		ticket->wake(ticket->arg);
}

// Under the lock: the first one from there on that is not awake. Those that are see by
// the count of wakes that they have missed one. Without memory it goes on waiting.
static void call(struct wait_queue *queue, struct wait_ticket *from)
{
	struct wait_ticket *ticket = from;
	queue->wakes++;
	while (ticket && ticket->state != WAITING)
		ticket = TAILQ_NEXT(ticket, entry);
	if (ticket && loop_post(ticket->loop, on_call, ticket))
		ticket->state = CALLED; // on_call waits for the lock
}

void wait_queue_wake(struct wait_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	call(queue, TAILQ_FIRST(&queue->list));
	pthread_mutex_unlock(&queue->lock);
}

struct wait_ticket *wait_queue_join(struct wait_queue *queue, size_t max, bool is_bound,
	struct loop *loop, wait_queue_cb wake, void *arg)
{
	struct wait_ticket *ticket = malloc(sizeof(*ticket));
	if (!ticket)
		return NULL;
	*ticket = (struct wait_ticket){.queue = wait_queue_ref(queue),
		.loop = loop,
		.wake = wake,
		.arg = arg,
		.is_bound = is_bound,
		.state = WAITING};
	pthread_mutex_lock(&queue->lock);
	size_t count = atomic_load(&queue->count);
	if (count < max) {
		TAILQ_INSERT_TAIL(&queue->list, ticket, entry);
		bool has_line = wait_queue_has_line(queue);
		atomic_store(&queue->count, count + 1);
		atomic_store(
			&queue->bound_count, atomic_load(&queue->bound_count) + is_bound);
		if (!has_line)
			call(queue, ticket);
	}
	pthread_mutex_unlock(&queue->lock);
	if (count < max)
		return ticket;
	destroy_ticket(ticket);
	return NULL;
}

bool wait_queue_return(struct wait_ticket *ticket)
{
	struct wait_queue *queue = ticket->queue;
	pthread_mutex_lock(&queue->lock);
	bool has_missed = queue->wakes != ticket->wakes;
	ticket->wakes = queue->wakes;
	if (!has_missed) {
		ticket->state = WAITING;
		if (ticket->is_bound)
			call(queue, TAILQ_NEXT(ticket, entry));
	}
	pthread_mutex_unlock(&queue->lock);
	return !has_missed;
}

void wait_queue_leave(struct wait_ticket *ticket)
{
	struct wait_queue *queue = ticket->queue;
	pthread_mutex_lock(&queue->lock);
	bool is_called = ticket->state == CALLED;
	if (is_called)
		ticket->state = GONE;
	TAILQ_REMOVE(&queue->list, ticket, entry);
	(void)atomic_fetch_sub(&queue->count, 1);
	(void)atomic_fetch_sub(&queue->bound_count, ticket->is_bound);
	call(queue, TAILQ_FIRST(&queue->list));
	pthread_mutex_unlock(&queue->lock);
	if (!is_called)
		destroy_ticket(ticket);
}
