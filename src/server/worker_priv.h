// SPDX-License-Identifier: MIT
// A worker from inside: worker.c (its thread and what it is told) and worker_listen.c
// (its listening sockets).
#pragma once

#include <pthread.h>
#include <sys/queue.h>

#include "wherry/server/worker.h"

struct worker_listener;
LIST_HEAD(worker_listeners, worker_listener);

struct worker {
	struct worker_options options;
	struct loop *loop;
	struct proxy *proxy;
	struct worker_listeners listeners;
	_Atomic uint64_t edition; // its number
	pthread_t thread;
	bool is_started;
	bool is_stopping;
	bool has_ended;  // on_end ran
	bool is_awaited; // by worker_join
};

// On the worker's thread. Goes on by the newest edition, where that has the address.
void worker_listen_follow(struct worker *worker);
// Accepts what waits, and closes all sockets.
void worker_listen_stop(struct worker *worker);
// Lets go of what is left, when the thread has ended.
void worker_listen_finish(struct worker *worker);
