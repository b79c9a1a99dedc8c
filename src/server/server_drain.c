// SPDX-License-Identifier: MIT
// Drains, from the control loop: has the workers do them, follows how far they are, and
// says in the log how each began and ended.
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "server_priv.h"
#include "wherry/base/log.h"
#include "wherry/base/now.h"

enum {
	LOOK_MS = 100,
};

static double seconds(uint64_t ms)
{
	return (double)ms / 1000;
}

static void log_end(const struct server_drain *drain)
{
	struct drain_plan_progress progress = drain_plan_look(drain->plan);
	log_info("drain of %s: over after %.1f s, %llu connections, %llu of them cut",
		drain->what, seconds(now_ms() - drain->started_ms),
		(unsigned long long)progress.joined, (unsigned long long)progress.cut);
}

static void answer(const struct server_drain *drain)
{
	struct drain_plan_progress progress = drain_plan_look(drain->plan);
	control_call_answer(drain->call,
		json_pack("{ss sI sI sI}", "of", drain->what, "connections",
			(json_int_t)progress.joined, "cut", (json_int_t)progress.cut,
			"took_ms", (json_int_t)(now_ms() - drain->started_ms)));
}

static void forget(struct server_drain *drain)
{
	log_end(drain);
	if (drain->call)
		answer(drain);
	LIST_REMOVE(drain, entry);
	drain_plan_unref(drain->plan);
	free(drain);
}

static void look(void *arg)
{
	struct server *server = arg;
	struct server_drain *next, *drain = LIST_FIRST(&server->drains);
	for (; drain; drain = next) {
		next = LIST_NEXT(drain, entry);
		if (drain_plan_is_over(drain->plan))
			forget(drain);
	}
	if (!LIST_EMPTY(&server->drains))
		loop_timer_set(&server->drains_timer, now_ms() + LOOK_MS);
}

void server_drain_start(struct server *server)
{
	LIST_INIT(&server->drains);
	loop_timer_init(&server->drains_timer, server->loop, look, server);
}

void server_drain_stop(struct server *server)
{
	while (!LIST_EMPTY(&server->drains))
		forget(LIST_FIRST(&server->drains));
	loop_timer_finish(&server->drains_timer);
}

struct server_drain *server_drain_watch(
	struct server *server, struct drain_plan *plan, const char *what)
{
	struct server_drain *drain = calloc(1, sizeof(*drain));
	if (!drain)
		return NULL;
	drain->plan = drain_plan_ref(plan);
	drain->started_ms = now_ms();
	(void)snprintf(drain->what, sizeof(drain->what), "%s", what);
	LIST_INSERT_HEAD(&server->drains, drain, entry);
	loop_timer_set(&server->drains_timer, now_ms() + LOOK_MS);
	return drain;
}

static void tell_workers(struct server *server, struct drain_plan *plan,
	bool (*tell)(struct worker *worker, struct drain_plan *plan))
{
	for (size_t i = 0; i < server->worker_count; i++) {
		if (tell(server->workers[i], plan))
			continue;
		drain_plan_leave(plan);
		log_error("drain: no memory to tell worker %zu", i);
	}
}

static struct server_drain *run(struct server *server,
	const struct drain_plan_options *options, const char *what,
	bool (*tell)(struct worker *worker, struct drain_plan *plan))
{
	struct drain_plan_options mine = *options;
	mine.shares = server->worker_count;
	struct drain_plan *plan = drain_plan_create(&mine);
	struct server_drain *drain = plan ? server_drain_watch(server, plan, what) : NULL;
	if (drain) {
		log_info("drain of %s: within %.1f s, and cut after %.1f s", what,
			seconds(options->window_ms), seconds(options->timeout_ms));
		tell_workers(server, plan, tell);
	}
	drain_plan_unref(plan);
	return drain;
}

struct server_drain *server_drain_run(
	struct server *server, const struct drain_plan_options *options, const char *what)
{
	return run(server, options, what, worker_drain);
}

struct server_drain *server_drain_all(
	struct server *server, const struct drain_plan_options *options)
{
	server_handover_stop(server); // it would get sockets that are closed here
	if (!server->is_succeeded && !server->has_failed)
		notify_stopping(&server->notify);
	server->is_told_to_stop = true;
	server_listen_stop(server);
	struct server_drain *drain = run(server, options, "all", worker_stop);
	server->is_draining = drain != NULL;
	if (!drain)
		log_error("drain of all: no memory");
	return drain;
}

// The second signal ends at once; one during the start has nothing to wait for.
void server_drain(struct server *server, uint64_t window_ms, uint64_t timeout_ms)
{
	if (server->is_told_to_stop || !server->has_started) {
		server->is_stopping = true;
		window_ms = timeout_ms = 0;
	}
	if (!server->has_started) {
		loop_stop(server->loop);
		return;
	}
	struct drain_plan_options options = {
		.scope = DRAIN_PLAN_ALL,
		.reason = CLOSE_REASON_SHUTDOWN,
		.window_ms = window_ms,
		.timeout_ms = timeout_ms,
	};
	if (server->is_stopping)
		log_info("stopping at once");
	struct server_drain *drain = server_drain_all(server, &options);
	(void)drain; // it has logged why there is none
}

void server_drain_succeeded(struct server *server)
{
	const struct conf_drain_pace *pace = &server->conf->drain.reload;
	struct drain_plan_options options = {
		.scope = DRAIN_PLAN_ALL,
		.reason = CLOSE_REASON_UPGRADE,
		.window_ms = pace->window_ms,
		.timeout_ms = pace->timeout_ms,
	};
	struct server_drain *drain = server_drain_all(server, &options);
	(void)drain;                     // the same
	server->is_told_to_stop = false; // by anybody: who does so may have less time
}

static json_t *report(const struct server_drain *drain)
{
	struct drain_plan_progress progress = drain_plan_look(drain->plan);
	uint64_t now = now_ms(), deadline = drain->plan->deadline_ms;
	return json_pack("{ss sI sI sI sI sI}", "of", drain->what, "connections",
		(json_int_t)progress.joined, "waiting", (json_int_t)progress.waiting,
		"left", (json_int_t)progress.left, "cut", (json_int_t)progress.cut,
		"deadline_in_ms", (json_int_t)(deadline > now ? deadline - now : 0));
}

json_t *server_drain_report(const struct server *server)
{
	json_t *all = json_array();
	const struct server_drain *drain;
	LIST_FOREACH (drain, &server->drains, entry) {
		if (!all || json_array_append_new(all, report(drain)) == 0)
			continue;
		json_decref(all);
		all = NULL;
	}
	return all;
}
