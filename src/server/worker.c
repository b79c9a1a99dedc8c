// SPDX-License-Identifier: MIT
// One worker; see the header.
#include "wherry/server/worker.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wherry/base/log.h"
#include "wherry/proxy/drain_plan.h"
#include "worker_priv.h"

struct worker *worker_create(const struct worker_options *options)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	if (!worker)
		return NULL;
	worker->options = *options;
	LIST_INIT(&worker->listeners);
	worker->loop = loop_create();
	if (!worker->loop) {
		free(worker);
		return NULL;
	}
	struct proxy_options proxy = {
		.snapshot = options->snapshot,
		.limits = options->limits,
		.hub = options->hub,
		.live = options->live,
		.index = options->index,
		.count = options->count,
	};
	atomic_fetch_add(&proxy.snapshot->users, 1);
	atomic_init(&worker->edition, proxy.snapshot->number);
	worker->proxy = proxy_create(worker->loop, &proxy);
	if (!worker->proxy) {
		worker_destroy(worker);
		return NULL;
	}
	return worker;
}

void worker_destroy(struct worker *worker)
{
	if (!worker)
		return;
	if (worker->proxy)
		loop_settle(worker->loop); // what was posted too late still frees itself
	worker_listen_finish(worker);
	proxy_destroy(worker->proxy);
	loop_destroy(worker->loop);
	free(worker);
}

static void tell_end(struct worker *worker)
{
	if (!worker->has_ended)
		worker->options.on_end(worker->options.arg);
	worker->has_ended = true;
}

static void *run(void *arg)
{
	struct worker *worker = arg;
	// Nobody cancels it. Said so, the C library need not prepare for it, by two
	// locked instructions, around each call that could wait.
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	(void)pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	loop_settle(worker->loop); // what was posted before
	if (!worker->is_awaited && !loop_run(worker->loop)) {
		log_error("worker %zu: its event loop failed", worker->options.index);
		tell_end(worker);
	}
	return NULL;
}

bool worker_start(struct worker *worker)
{
	worker->is_started = pthread_create(&worker->thread, NULL, run, worker) == 0;
	return worker->is_started;
}

static void stop_loop(void *arg)
{
	struct worker *worker = arg;
	worker->is_awaited = true;
	loop_stop(worker->loop);
}

void worker_join(struct worker *worker)
{
	if (worker->is_started) {
		if (!loop_post(worker->loop, stop_loop, worker))
			abort();                          // the process could never end
		(void)pthread_join(worker->thread, NULL); // fails only for no thread
	}
	worker->is_started = false;
}

const struct counters *worker_counters(struct worker *worker)
{
	return loop_counters(worker->loop);
}

uint64_t worker_edition(struct worker *worker)
{
	return atomic_load(&worker->edition);
}

struct call {
	struct worker *worker;
	worker_call_cb fn;
	void *arg;
};

static void run_call(void *arg)
{
	struct call call = *(struct call *)arg;
	free(arg);
	call.fn(call.arg, call.worker->proxy);
}

bool worker_call(struct worker *worker, worker_call_cb fn, void *arg)
{
	struct call *call = malloc(sizeof(*call));
	if (!call)
		return false;
	*call = (struct call){worker, fn, arg};
	if (loop_post(worker->loop, run_call, call))
		return true;
	free(call);
	return false;
}

struct adopt_order {
	struct worker *worker;
	struct proxy_adopt_options options;
};

static bool take_edition(struct worker *worker, const struct proxy_adopt_options *options)
{
	uint64_t number = options->snapshot->number;
	if (number <= worker_edition(worker)) { // it was told twice
		atomic_fetch_sub(&options->snapshot->users, 1);
		return false;
	}
	if (!proxy_adopt(worker->proxy, options)) {
		log_error("no memory for edition %llu: the former one stays for now",
			(unsigned long long)number);
		return false;
	}
	atomic_store(&worker->edition, number);
	return true;
}

static void adopt(void *arg)
{
	struct adopt_order order = *(struct adopt_order *)arg;
	struct proxy_adopt_options *options = &order.options;
	static const struct proxy_adoption none = {0};
	free(arg);
	if (!take_edition(order.worker, options)) {
		if (options->plan)
			drain_plan_leave(options->plan);
		if (options->done)
			options->done(options->arg, &none);
	}
	if (options->plan)
		drain_plan_unref(options->plan);
}

static void follow(void *arg)
{
	worker_listen_follow(arg);
}

bool worker_adopt(struct worker *worker, const struct proxy_adopt_options *options)
{
	struct adopt_order *order = malloc(sizeof(*order));
	if (!order)
		return false;
	*order = (struct adopt_order){worker, *options};
	atomic_fetch_add(&options->snapshot->users, 1);
	if (options->plan)
		(void)drain_plan_ref(options->plan); // until it is adopted
	if (loop_post(worker->loop, adopt, order)) {
		// Without memory for that, they follow with their next connection.
		bool is_told = loop_post(worker->loop, follow, worker);
		(void)is_told;
		return true;
	}
	atomic_fetch_sub(&options->snapshot->users, 1);
	if (options->plan)
		drain_plan_unref(options->plan);
	free(order);
	return false;
}

static void shed(void *arg)
{
	struct worker *worker = arg;
	proxy_shed(worker->proxy);
}

void worker_shed(struct worker *worker)
{
	bool is_told = loop_post(worker->loop, shed, worker);
	(void)is_told; // it is tried again soon
}

static void drain(void *arg, struct proxy *proxy)
{
	struct drain_plan *plan = arg;
	proxy_drain(proxy, plan);
	drain_plan_unref(plan);
}

bool worker_drain(struct worker *worker, struct drain_plan *plan)
{
	if (worker_call(worker, drain, drain_plan_ref(plan)))
		return true;
	drain_plan_unref(plan);
	return false;
}

struct stop_order {
	struct worker *worker;
	struct drain_plan *plan; // a reference
};

static void on_stopped(void *arg)
{
	tell_end(arg);
}

static void stop(void *arg)
{
	struct stop_order order = *(struct stop_order *)arg;
	free(arg);
	order.worker->is_stopping = true;
	worker_listen_stop(order.worker);
	proxy_stop(order.worker->proxy, order.plan, on_stopped, order.worker);
	drain_plan_unref(order.plan);
}

bool worker_stop(struct worker *worker, struct drain_plan *plan)
{
	struct stop_order *order = malloc(sizeof(*order));
	if (!order)
		return false;
	*order = (struct stop_order){worker, drain_plan_ref(plan)};
	if (loop_post(worker->loop, stop, order))
		return true;
	drain_plan_unref(plan);
	free(order);
	return false;
}
