// SPDX-License-Identifier: MIT
// Moves WebSockets of a group to servers that have too few: asks each worker what there
// is, plans, and has the workers give away what is too much, in one drain.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "server_priv.h"
#include "wherry/base/log.h"
#include "wherry/base/now.h"
#include "wherry/proxy/moves.h"
#include "wherry/upstream/rebalance.h"

enum {
	LOOK_MS = 10, // at the workers
};

// Only ids and copies: the set may change meanwhile.
struct server_rebalance {
	LIST_ENTRY(server_rebalance) entry;
	struct server *server;
	struct control_call *call;
	char group[SERVER_DRAIN_TEXT_SIZE];
	uint64_t rate;
	bool is_dry;
	size_t server_count;
	struct rebalance_server *servers;
	uint64_t *moves; // of each server
	char (*names)[SERVER_DRAIN_TEXT_SIZE];
	uint64_t total;
	size_t part_count; // as many as there were workers
	struct moves *parts;
};

static void destroy(struct server_rebalance *run)
{
	for (size_t i = 0; i < run->part_count && run->parts; i++)
		free(run->parts[i].servers);
	free(run->parts);
	free(run->servers);
	free(run->moves);
	free(run->names);
	free(run);
}

static json_t *report_servers(const struct server_rebalance *run)
{
	json_t *all = json_array();
	for (size_t i = 0; i < run->server_count; i++) {
		const struct rebalance_server *one = &run->servers[i];
		json_t *item = json_pack("{ss sb sI sI sI}", "server", run->names[i],
			"usable", one->is_usable, "weight", (json_int_t)one->weight,
			"websockets", (json_int_t)one->live, "moves",
			(json_int_t)run->moves[i]);
		if (all && json_array_append_new(all, item) == 0)
			continue;
		json_decref(all);
		return NULL;
	}
	return all;
}

static void end(struct server_rebalance *run)
{
	LIST_REMOVE(run, entry);
	if (run->call)
		control_call_answer(run->call,
			json_pack("{ss sI sI sb so}", "group", run->group, "moves",
				(json_int_t)run->total, "rate", (json_int_t)run->rate,
				"dry_run", run->is_dry, "servers", report_servers(run)));
	destroy(run);
}

static void take_part(void *arg, struct proxy *proxy)
{
	proxy_move(proxy, arg);
}

// A worker that can't be told has nothing to give.
static void tell_workers(struct server_rebalance *run)
{
	for (size_t i = 0; i < run->part_count; i++) {
		struct moves *part = &run->parts[i];
		atomic_store(&part->is_done, false);
		if (worker_call(run->server->workers[i], take_part, part))
			continue;
		if (part->plan)
			drain_plan_leave(part->plan);
		atomic_store(&part->is_done, true);
	}
	loop_timer_set(&run->server->rebalancing.runs_timer, now_ms() + LOOK_MS);
}

static bool are_parts_done(struct server_rebalance *run)
{
	for (size_t i = 0; i < run->part_count; i++) {
		if (!atomic_load_explicit(&run->parts[i].is_done, memory_order_acquire))
			return false;
	}
	return true;
}

static void add_up(struct server_rebalance *run)
{
	for (size_t i = 0; i < run->server_count; i++) {
		struct rebalance_server *one = &run->servers[i];
		uint64_t movable = 0;
		for (size_t j = 0; j < run->part_count; j++) {
			const struct moves_server *part = &run->parts[j].servers[i];
			one->live += part->live;
			for (size_t age = 0; age < MOVES_AGES; age++)
				movable += part->movable[age];
		}
		one->bound = one->live - movable;
	}
}

// What each worker counted becomes what it gives: the most silent ones first.
static void share_out(struct server_rebalance *run, size_t server)
{
	uint64_t left = run->moves[server];
	for (size_t age = MOVES_AGES; age-- > 0;) {
		for (size_t i = 0; i < run->part_count; i++) {
			uint64_t *movable = &run->parts[i].servers[server].movable[age];
			if (*movable > left)
				*movable = left;
			left -= *movable;
		}
	}
}

static bool move(struct server_rebalance *run)
{
	struct server *server = run->server;
	char what[SERVER_DRAIN_TEXT_SIZE + 8];
	uint64_t window_ms = run->total * 1000 / run->rate;
	struct drain_plan_options options = {
		.scope = DRAIN_PLAN_MOVED,
		.reason = CLOSE_REASON_REBALANCED,
		.window_ms = window_ms,
		.timeout_ms = window_ms + server->conf->drain.server.timeout_ms,
		.shares = run->part_count,
	};
	struct drain_plan *plan = drain_plan_create(&options);
	(void)snprintf(what, sizeof(what), "group %s", run->group);
	struct server_drain *drain = plan ? server_drain_watch(server, plan, what) : NULL;
	if (!drain) {
		drain_plan_unref(plan);
		return false;
	}
	for (size_t i = 0; i < run->server_count; i++)
		share_out(run, i);
	for (size_t i = 0; i < run->part_count; i++)
		run->parts[i].plan = plan; // the drain's reference holds it
	tell_workers(run);
	drain_plan_unref(plan);
	return true;
}

static void plan(struct server_rebalance *run, unsigned tolerance)
{
	add_up(run);
	run->total =
		rebalance_plan(run->servers, run->server_count, tolerance, run->moves);
	if (!run->is_dry && run->total > 0)
		log_info("rebalance of %s: %llu WebSockets move, %llu a second",
			run->group, (unsigned long long)run->total,
			(unsigned long long)run->rate);
}

static void go_on(struct server_rebalance *run)
{
	const struct upstream *upstream =
		upstream_find_group(run->server->snapshot->upstreams, run->group);
	bool is_counted = !run->parts[0].plan;
	if (is_counted && upstream) {
		plan(run, upstream->conf->rebalance.tolerance);
		if (!run->is_dry && run->total > 0 && move(run))
			return;
	}
	end(run);
}

static void look(void *arg)
{
	struct server *server = arg;
	struct server_rebalance *next, *run = LIST_FIRST(&server->rebalancing.runs);
	for (; run; run = next) {
		next = LIST_NEXT(run, entry);
		if (are_parts_done(run))
			go_on(run);
	}
	if (!LIST_EMPTY(&server->rebalancing.runs))
		loop_timer_set(&server->rebalancing.runs_timer, now_ms() + LOOK_MS);
}

static bool make_parts(struct server_rebalance *run, const struct upstream *upstream)
{
	for (size_t i = 0; i < run->part_count; i++) {
		struct moves *part = &run->parts[i];
		part->clients = run->server->rebalancing.clients;
		part->cooldown_ms = upstream->conf->rebalance.cooldown_ms;
		part->at_ms = now_ms();
		part->server_count = run->server_count;
		part->servers = calloc(run->server_count, sizeof(*part->servers));
		if (!part->servers)
			return false;
		for (size_t j = 0; j < run->server_count; j++)
			part->servers[j].id = upstream->members[j].server->id;
	}
	return true;
}

bool server_rebalance_takes(const struct upstream_member *member)
{
	return upstream_takes_traffic(member) && !member->conf->is_backup &&
	       upstream_is_healthy(member->server, now_ms());
}

static void describe_servers(
	struct server_rebalance *run, const struct upstream *upstream)
{
	for (size_t i = 0; i < run->server_count; i++) {
		const struct upstream_member *member = &upstream->members[i];
		run->servers[i] = (struct rebalance_server){
			.weight = member->weight,
			.max = member->conf->max_connections,
			.is_usable = server_rebalance_takes(member),
		};
		(void)snprintf(
			run->names[i], sizeof(run->names[i]), "%s", member->server->name);
	}
}

static bool prepare(struct server_rebalance *run, const struct upstream *upstream)
{
	size_t servers = upstream->member_count;
	struct server_rebalancing *all = &run->server->rebalancing;
	if (!all->clients)
		all->clients = moved_clients_create();
	run->server_count = servers;
	run->part_count = run->server->worker_count;
	run->servers = calloc(servers, sizeof(*run->servers));
	run->moves = calloc(servers, sizeof(*run->moves));
	run->names = calloc(servers, sizeof(*run->names));
	run->parts = calloc(run->part_count, sizeof(*run->parts));
	if (!all->clients || !run->servers || !run->moves || !run->names || !run->parts ||
		!make_parts(run, upstream))
		return false;
	describe_servers(run, upstream);
	return true;
}

// NULL, or why the group can't be rebalanced now.
static const char *find_hindrance(
	const struct server *server, const char *group, const struct upstream *upstream)
{
	const struct server_rebalance *run;
	if (!upstream)
		return "there is no such group";
	if (upstream->conf->balance == CONF_BALANCE_HASH ||
		upstream->conf->balance == CONF_BALANCE_STICKY ||
		upstream->conf->session.kind == CONF_SESSION_QUERY)
		return "its clients would come back to the servers that they had";
	if (upstream->member_count == 0)
		return "it has no servers";
	if (server->is_draining)
		return "all is being drained";
	LIST_FOREACH (run, &server->rebalancing.runs, entry) {
		if (strcmp(run->group, group) == 0)
			return "it is being rebalanced already";
	}
	return NULL;
}

void server_rebalance_run(
	struct server *server, const struct server_rebalance_options *options)
{
	const struct upstream *upstream =
		upstream_find_group(server->snapshot->upstreams, options->group);
	const char *why_not = find_hindrance(server, options->group, upstream);
	struct server_rebalance *run = why_not ? NULL : calloc(1, sizeof(*run));
	if (run) {
		run->server = server;
		run->call = options->call;
		run->rate = options->rate != 0 ? options->rate
					       : upstream->conf->rebalance.rate;
		run->is_dry = options->is_dry;
		(void)snprintf(run->group, sizeof(run->group), "%s", options->group);
	}
	if (run && prepare(run, upstream)) {
		LIST_INSERT_HEAD(&server->rebalancing.runs, run, entry);
		tell_workers(run);
		return;
	}
	if (run)
		destroy(run);
	why_not = why_not ? why_not : "out of memory";
	if (options->call)
		control_call_refuse(options->call, "%s: %s", options->group, why_not);
	else
		log_warn("rebalance of %s: %s", options->group, why_not);
}

void server_rebalance_start(struct server *server)
{
	struct server_rebalancing *all = &server->rebalancing;
	LIST_INIT(&all->runs);
	loop_timer_init(&all->runs_timer, server->loop, look, server);
	server_rebalance_trigger_start(server);
}

void server_rebalance_stop(struct server *server)
{
	struct server_rebalancing *all = &server->rebalancing;
	if (!all->runs_timer.loop)
		return; // it was not started
	while (!LIST_EMPTY(&all->runs))
		end(LIST_FIRST(&all->runs));
	loop_timer_finish(&all->runs_timer);
	server_rebalance_trigger_stop(server);
	moved_clients_destroy(all->clients);
}
