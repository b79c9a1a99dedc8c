// SPDX-License-Identifier: MIT
// What the status address tells of the process.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "server_control_priv.h"
#include "wherry/admin/metrics.h"
#include "wherry/base/log.h"
#include "wherry/base/now.h"

// Who balances load should send nothing where new connections are refused.
static const char *name_hindrance(const struct server *server)
{
	if (!server->has_started)
		return "starting";
	if (server->is_draining)
		return "draining";
	return server->memory.level != LIMITS_MEMORY_ENOUGH ? "short of memory" : NULL;
}

static const char *find_hindrance(void *arg)
{
	return name_hindrance(arg);
}

static void write_metrics(void *arg, struct buf *out)
{
	const struct server *server = arg;
	const struct counters *counters[SERVER_WORKERS_MAX];
	for (size_t i = 0; i < server->worker_count; i++)
		counters[i] = worker_counters(server->workers[i]);
	struct metrics_source source = {
		.counters = counters,
		.counters_count = server->worker_count,
		.set = server->snapshot->upstreams,
		.started_ms = server->started_ms,
	};
	metrics_write(out, &source);
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

json_t *server_status_report(const struct server *server)
{
	uint64_t connections = 0, websockets = 0;
	for (size_t i = 0; i < server->worker_count; i++) {
		const struct counters *counters = worker_counters(server->workers[i]);
		connections += atomic_load_explicit(
			&counters->client_connections, memory_order_relaxed);
		websockets +=
			atomic_load_explicit(&counters->websockets, memory_order_relaxed);
	}
	const char *hindrance = name_hindrance(server);
	const char *state = hindrance ? hindrance : "ready";
	return json_pack("{ss si ss sI si sI sI so}", "version", WHERRY_VERSION, "pid",
		(int)getpid(), "state", state, "uptime_seconds",
		(json_int_t)((now_ms() - server->started_ms) / 1000), "workers",
		(int)server->worker_count, "connections", (json_int_t)connections,
		"websockets", (json_int_t)websockets, "hardening",
		report_hardening(&server->sandbox));
}

static void write_report(void *arg, struct buf *out)
{
	json_t *root = server_status_report(arg);
	char *text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;
	if (text) {
		buf_append_str(out, str_from(text));
		buf_append_str(out, STR("\n"));
	} else {
		out->is_failed = true;
	}
	free(text);
	json_decref(root);
}

void server_control_status(void *arg, struct control_call *call)
{
	if (control_call_unpack(call, "{}"))
		control_call_answer(call, server_status_report(arg));
}

bool server_status_start(struct server *server)
{
	if (!server->conf->has_status)
		return true;
	struct status_source source = {
		find_hindrance, write_metrics, write_report, server};
	int error = 0;
	server->status =
		status_create(server->loop, &server->conf->status, &source, &error);
	if (!server->status) {
		char text[ADDR_TEXT_SIZE];
		log_error("status on %s: %s (expected a free address)",
			addr_format(&server->conf->status, text), strerrordesc_np(error));
	}
	return server->status != NULL;
}
