// SPDX-License-Identifier: MIT
// One worker: a thread, its loop, its listeners and its proxy. Made and joined by the
// main thread; between worker_start and worker_join all else goes through worker_* posts.
#pragma once

#include <stdatomic.h>

#include "wherry/proxy/proxy.h"

struct drain_plan;
struct hub;
struct worker;

struct worker_options {
	struct snapshot *snapshot; // one more user is counted
	struct limits *limits;
	struct hub *hub;         // outlives it
	struct live *live;       // the same
	size_t index, count;     // of workers, at most
	struct worker **workers; // all of them; they outlive its thread
	_Atomic size_t *active;  // how many of them, from the first on, get connections
	// Runs on the worker's thread, once: it was stopped, and its last connection has
	// ended. It goes on taking calls until it is joined.
	void (*on_end)(void *arg);
	void *arg;
};

// NULL when memory or descriptors are short.
MUST_CHECK struct worker *worker_create(const struct worker_options *options);
void worker_destroy(struct worker *worker);

MUST_CHECK bool worker_start(struct worker *worker);
// Ends the thread, and waits for that.
void worker_join(struct worker *worker);

const struct counters *worker_counters(struct worker *worker);
// Number of the newest edition that it has adopted. From any thread.
uint64_t worker_edition(struct worker *worker);

// From the main thread, at any time. Without memory for the message, nothing happens
// (false).
// Runs on the worker's thread; before worker_start, with the first turn. The same.
typedef void (*worker_call_cb)(void *arg, struct proxy *proxy);
MUST_CHECK bool worker_call(struct worker *worker, worker_call_cb fn, void *arg);
// Hands over the newest snapshot, of which one more user is counted. done runs on the
// worker's thread, in any case. The same.
MUST_CHECK bool worker_adopt(
	struct worker *worker, const struct proxy_adopt_options *options);
// Accepts from a listening socket, by a descriptor of its own, for the configuration's
// listener of this address. The caller's descriptor names the socket from then on; told
// of again, only is_dealt changes: whether its connections go to all active workers in
// turn. The same.
MUST_CHECK bool worker_listen(
	struct worker *worker, int socket, const struct addr *address, bool is_dealt);
enum worker_parting {
	WORKER_LEAVES, // to others: what waits in its queue is theirs
	WORKER_CLOSES, // after what waits was accepted, and what is about to; no other
		       // has it
};
// Accepts from it no more. The same.
MUST_CHECK bool worker_part(
	struct worker *worker, int socket, enum worker_parting parting);
// Memory is short: gives some connections up; nothing, without memory for the message.
void worker_shed(struct worker *worker);
// Does its share of the plan.
MUST_CHECK bool worker_drain(struct worker *worker, struct drain_plan *plan);
// Stops accepting, does its share of the plan for all, and ends the loop.
MUST_CHECK bool worker_stop(struct worker *worker, struct drain_plan *plan);
