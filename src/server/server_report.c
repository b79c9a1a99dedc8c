// SPDX-License-Identifier: MIT
// The report on the process, as `wherry status` and the status address give it.
#include <unistd.h>

#include <jansson.h>

#include "server_priv.h"
#include "wherry/base/now.h"
#include "wherry/upstream/health.h"

enum {
	RATES_MS = 1000
};

static const size_t rate_offsets[SERVER_RATES] = {
	offsetof(struct counters, accepted),
	offsetof(struct counters, requests),
	offsetof(struct counters, websockets_opened),
};

static uint64_t sum(const struct server *server, size_t offset)
{
	uint64_t total = 0;
	for (size_t i = 0; i < server->worker_count; i++) {
		const char *counters = (const char *)worker_counters(server->workers[i]);
		total += atomic_load_explicit(
			(const _Atomic uint64_t *)(counters + offset),
			memory_order_relaxed);
	}
	return total;
}

static void take_sample(void *arg)
{
	struct server *server = arg;
	struct server_rates *rates = &server->rates;
	struct server_sample *sample =
		&rates->samples[rates->count++ % SERVER_RATES_SAMPLES];
	sample->at_ms = now_ms();
	for (size_t i = 0; i < SERVER_RATES; i++)
		sample->totals[i] = sum(server, rate_offsets[i]);
	loop_timer_set(&rates->timer, now_ms() + RATES_MS);
}

void server_report_start(struct server *server)
{
	loop_timer_init(&server->rates.timer, server->loop, take_sample, server);
	take_sample(server);
}

void server_report_stop(struct server *server)
{
	loop_timer_finish(&server->rates.timer);
}

// Since the oldest sample, which is some ten seconds old.
static json_t *report_rates(const struct server *server)
{
	const struct server_rates *rates = &server->rates;
	size_t oldest = rates->count > SERVER_RATES_SAMPLES ? rates->count : 0;
	const struct server_sample *from = &rates->samples[oldest % SERVER_RATES_SAMPLES];
	double per_second[SERVER_RATES] = {0};
	double gone = (double)(now_ms() - from->at_ms) / 1000;
	for (size_t i = 0; i < SERVER_RATES && gone >= 1; i++) {
		uint64_t grown = sum(server, rate_offsets[i]) - from->totals[i];
		per_second[i] = (double)(uint64_t)((double)grown / gone * 10) / 10;
	}
	return json_pack("{sf sf sf}", "connections", per_second[0], "requests",
		per_second[1], "websockets", per_second[2]);
}

static const char *name_health(struct upstream_server *server)
{
	if (ejection_is_on(&server->ejection, now_ms()))
		return "ejected";
	return health_state_name((enum health_state)atomic_load_explicit(
		&server->health, memory_order_relaxed));
}

static json_t *report_server(const struct upstream *upstream, size_t index)
{
	const struct upstream_member *member = &upstream->members[index];
	struct upstream_server *server = member->server;
	uint64_t active = atomic_load_explicit(&server->active, memory_order_relaxed);
	return json_pack("{ss ss ss ss si sI}", "upstream", upstream->conf->name,
		"server", server->name, "state", upstream_state_name(member), "health",
		name_health(server), "weight", (int)member->weight, "connections",
		(json_int_t)active);
}

static json_t *report_servers(const struct upstream_set *set)
{
	json_t *all = json_array();
	for (size_t i = 0; i < set->upstream_count; i++) {
		const struct upstream *upstream = &set->upstreams[i];
		for (size_t j = 0; j < upstream->member_count; j++) {
			if (!upstream_is_forgotten(&upstream->members[j]))
				(void)json_array_append_new(
					all, report_server(upstream, j));
		}
	}
	return all;
}

static json_t *report_listeners(const struct conf *conf)
{
	json_t *all = json_array();
	for (size_t i = 0; i < conf->listener_count; i++) {
		const struct conf_listener *listener = &conf->listeners[i];
		(void)json_array_append_new(
			all, json_pack("{ss sb}", "address", listener->name, "tls",
				     listener->has_tls));
	}
	return all;
}

// How many the workers go by: the newest, and those that requests began with.
static size_t count_editions(const struct server *server)
{
	size_t count = 0;
	for (const struct snapshot *one = server->snapshot; one; one = one->next)
		count++;
	return count;
}

static uint64_t measure_memory(void)
{
	struct memory_use use;
	memory_use_open_process(&use, "");
	uint64_t bytes = memory_use_read(&use);
	memory_use_close(&use);
	return bytes;
}

static json_t *report_hardening(const struct sandbox *sandbox)
{
	return json_pack("{ss sb ss ss ss ss}", "user", sandbox->privileges.user,
		"may_bind_low_ports", sandbox->privileges.may_bind, "no_new_privs",
		sandbox_state_text(&sandbox->no_new_privs), "no_core_dumps",
		sandbox_state_text(&sandbox->no_core_dumps), "seccomp",
		sandbox_state_text(&sandbox->seccomp), "landlock",
		sandbox_state_text(&sandbox->landlock));
}

json_t *server_report(const struct server *server)
{
	const char *hindrance = server_name_hindrance(server);
	size_t connections = sum(server, offsetof(struct counters, client_connections));
	size_t websockets = sum(server, offsetof(struct counters, websockets));
	return json_pack("{ss si ss sI ss? sI si si sI sI sI sI so so so so so so}",
		"version", WHERRY_VERSION, "pid", (int)getpid(), "state",
		hindrance ? hindrance : "ready", "uptime_seconds",
		(json_int_t)((now_ms() - server->started_ms) / 1000), "configuration",
		server->conf->path, "edition", (json_int_t)server->edition,
		"editions_in_use", (int)count_editions(server), "workers",
		(int)atomic_load(&server->workers_active), "memory_bytes",
		(json_int_t)measure_memory(), "memory_budget_bytes",
		(json_int_t)server->memory.budget, "connections", (json_int_t)connections,
		"websockets", (json_int_t)websockets, "new_each_second",
		report_rates(server), "listeners", report_listeners(server->conf),
		"servers", report_servers(server->snapshot->upstreams), "hub",
		server_hub_report(server), "drains", server_drain_report(server),
		"hardening", report_hardening(&server->sandbox));
}
