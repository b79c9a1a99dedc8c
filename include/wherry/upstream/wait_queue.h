// SPDX-License-Identifier: MIT
// Requests of all workers that wait for a place on one of their group's servers, first
// come first served. It hands out no places: it wakes who is first, who then tries again.
// Who has nobody to wake takes no lock.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "wherry/base/attributes.h"

struct loop;
struct wait_queue;
struct wait_ticket; // one that waits

typedef void (*wait_queue_cb)(void *arg);

// With one reference; NULL when memory is short. Any thread, as all below.
MUST_CHECK struct wait_queue *wait_queue_create(void);
struct wait_queue *wait_queue_ref(struct wait_queue *queue);
void wait_queue_unref(struct wait_queue *queue); // NULL is allowed

// Does anybody wait? Ordered after all that the caller did before: a place that was given
// back is seen by who joins, or who waits is seen here.
bool wait_queue_is_busy(struct wait_queue *queue);
// Does anybody wait who would take any place? Then who comes now waits behind them.
bool wait_queue_has_line(struct wait_queue *queue);
// A place may be free: wakes who is first. Whoever gave one back calls it when
// wait_queue_is_busy.
void wait_queue_wake(struct wait_queue *queue);

// At the end of the queue, unless max wait there already or memory is short: NULL. Who is
// bound waits for a place on one server, and passes on what it can't take. wake
// runs on loop's thread, never before this returns; then the ticket returns or leaves.
// One without a line before it is woken at once, for a place may have become free while
// it joined.
MUST_CHECK struct wait_ticket *wait_queue_join(struct wait_queue *queue, size_t max,
	bool is_bound, struct loop *loop, wait_queue_cb wake, void *arg);
// Only within wake: no place was found, and it goes on waiting where it stood. False: one
// may have become free meanwhile, so try again.
MUST_CHECK bool wait_queue_return(struct wait_ticket *ticket);
// It waits no more: the ticket is gone. On its loop's thread, at any time; who is next is
// woken, in case there are more places.
void wait_queue_leave(struct wait_ticket *ticket);
