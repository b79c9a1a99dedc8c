// SPDX-License-Identifier: MIT
// `wherry drain`: of a server, a listener, or all.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "server_control_priv.h"
#include "wherry/conf/conf_value.h"
#include "wherry/upstream/directory_change.h"

enum {
	CODE_GOING_AWAY = 1001, // RFC 6455 section 7.4.1
	CODE_SERVICE_RESTART = 1012,
};

struct order {
	const char *target, *window, *timeout, *reason;
	int code, waits;
	struct drain_plan_options plan;
};

static bool take_duration(struct control_call *call, const char *name, const char *text,
	uint64_t *duration_ms)
{
	if (!text || (conf_value_parse_duration(str_from(text), duration_ms) &&
			     *duration_ms <= UINT32_MAX))
		return true;
	control_call_refuse(
		call, "%s: bad duration \"%s\" (expected one such as 60s)", name, text);
	return false;
}

// False: the call was refused.
static bool take_pace(struct control_call *call, struct order *order,
	const struct conf_drain_pace *pace)
{
	struct drain_plan_options *plan = &order->plan;
	char window[CONF_VALUE_TEXT_SIZE], timeout[CONF_VALUE_TEXT_SIZE];
	plan->window_ms = pace->window_ms;
	plan->timeout_ms = pace->timeout_ms;
	if (!take_duration(call, "window", order->window, &plan->window_ms) ||
		!take_duration(call, "timeout", order->timeout, &plan->timeout_ms))
		return false;
	if (plan->window_ms <= plan->timeout_ms)
		return true;
	control_call_refuse(call,
		"window: %s is longer than the timeout of %s (expected a longer "
		"timeout, too)",
		conf_value_format_duration(plan->window_ms, window),
		conf_value_format_duration(plan->timeout_ms, timeout));
	return false;
}

static bool take_words(struct control_call *call, struct order *order)
{
	struct drain_plan_options *plan = &order->plan;
	plan->code = (uint16_t)order->code;
	plan->text = order->reason;
	if (order->code != 0 && order->code != CODE_GOING_AWAY &&
		order->code != CODE_SERVICE_RESTART)
		control_call_refuse(
			call, "code: %d (expected 1001 or 1012)", order->code);
	else if (order->reason && strlen(order->reason) >= DRAIN_PLAN_TEXT_SIZE)
		control_call_refuse(call, "reason: too long (expected at most %d bytes)",
			DRAIN_PLAN_TEXT_SIZE - 1);
	else
		return true;
	return false;
}

static const struct addr *find_listener(const struct conf *conf, const char *target)
{
	struct addr addr;
	bool is_address = addr_parse(str_from(target), &addr);
	for (size_t i = 0; i < conf->listener_count; i++) {
		const struct conf_listener *listener = &conf->listeners[i];
		if (strcmp(listener->name, target) == 0 ||
			(is_address && addr_equal(&listener->address, &addr)))
			return &listener->address;
	}
	return NULL;
}

static bool is_named(const struct upstream_server *server, const char *target)
{
	return strcmp(server->text, target) == 0 || strcmp(server->name, target) == 0;
}

// The ids of those that target names, in all groups; ids may be NULL.
static size_t find_servers(
	const struct upstream_set *set, const char *target, uint64_t *ids)
{
	size_t count = 0;
	for (size_t i = 0; i < set->upstream_count; i++) {
		const struct upstream *upstream = &set->upstreams[i];
		for (size_t j = 0; j < upstream->member_count; j++) {
			const struct upstream_server *server =
				upstream->members[j].server;
			if (!is_named(server, target))
				continue;
			if (ids)
				ids[count] = server->id;
			count++;
		}
	}
	return count;
}

static bool take_down(struct server *server, const char *group, const char *target,
	struct buf *reterr_text)
{
	struct directory_order order = {
		.verb = DIRECTORY_DOWN,
		.group = str_from(group),
		.url = str_from(target),
	};
	const char *text;
	if (!directory_change_make(server->directory, server->snapshot->upstreams, &order,
		    &text, reterr_text))
		return false;
	if (server_names_publish(server, reterr_text)) {
		directory_settle(server->directory, server->snapshot->upstreams);
		return true;
	}
	directory_change_undo(server->directory);
	return false;
}

// Else its clients would come back to it. One address of a name is not down by itself:
// it is drained when the name does not lead there any more. False: the call was refused.
static bool take_all_down(
	struct server *server, struct control_call *call, const char *target)
{
	struct buf error = BUF_INIT;
	bool is_down = true;
	if (server->reload)
		buf_append_str(&error, STR("a reload is under way"));
	for (size_t i = 0; i < server->snapshot->upstreams->upstream_count; i++) {
		const struct upstream *upstream =
			&server->snapshot->upstreams->upstreams[i];
		if (error.length == 0 && upstream_has_text(upstream, target))
			is_down &=
				take_down(server, upstream->conf->name, target, &error);
	}
	is_down &= error.length == 0;
	if (!is_down)
		control_call_refuse(call, "%.*s", STR_ARG(buf_str(&error)));
	buf_finish(&error);
	return is_down;
}

static struct server_drain *run_all(
	struct server *server, struct control_call *call, struct order *order)
{
	order->plan.scope = DRAIN_PLAN_ALL;
	order->plan.reason = CLOSE_REASON_SHUTDOWN;
	if (!take_pace(call, order, &server->conf->drain.shutdown))
		return NULL;
	if (server->is_draining || !server->has_started) {
		control_call_refuse(call, "all: it is %s",
			server->is_draining ? "being drained already" : "starting");
		return NULL;
	}
	struct server_drain *drain = server_drain_all(server, &order->plan);
	if (!drain)
		control_call_refuse(call, "out of memory");
	return drain;
}

static struct server_drain *run_one(struct server *server, struct control_call *call,
	struct order *order, const char *kind)
{
	char what[SERVER_DRAIN_TEXT_SIZE];
	(void)snprintf(what, sizeof(what), "%s %s", kind, order->target);
	struct server_drain *drain = server_drain_run(server, &order->plan, what);
	if (!drain)
		control_call_refuse(call, "out of memory");
	return drain;
}

static struct server_drain *run_servers(
	struct server *server, struct control_call *call, struct order *order)
{
	if (!take_all_down(server, call, order->target))
		return NULL;
	const struct upstream_set *set = server->snapshot->upstreams; // the new one
	size_t count = find_servers(set, order->target, NULL);
	uint64_t *ids = calloc(count + 1, sizeof(*ids));
	if (!ids) {
		control_call_refuse(call, "out of memory");
		return NULL;
	}
	order->plan.scope = DRAIN_PLAN_SERVERS;
	order->plan.reason = CLOSE_REASON_SERVER_DRAINED;
	order->plan.servers = ids;
	order->plan.server_count = find_servers(set, order->target, ids);
	struct server_drain *drain = run_one(server, call, order, "server");
	free(ids);
	return drain;
}

// NULL: the call was refused.
static struct server_drain *run(
	struct server *server, struct control_call *call, struct order *order)
{
	if (strcmp(order->target, "all") == 0)
		return run_all(server, call, order);
	if (!take_pace(call, order, &server->conf->drain.server))
		return NULL;
	order->plan.listener = find_listener(server->conf, order->target);
	if (order->plan.listener && server->handover) { // its sockets are another's, too
		control_call_refuse(call, "a new process is about to take over");
		return NULL;
	}
	if (order->plan.listener) {
		order->plan.scope = DRAIN_PLAN_LISTENER;
		order->plan.reason = CLOSE_REASON_LISTENER_DRAINED;
		server_listen_close(server, order->plan.listener);
		return run_one(server, call, order, "listener");
	}
	if (find_servers(server->snapshot->upstreams, order->target, NULL) > 0)
		return run_servers(server, call, order);
	control_call_refuse(call,
		"%s: not found (expected the URL of a server, the address of a listener, "
		"or all)",
		order->target);
	return NULL;
}

void server_control_drain(void *arg, struct control_call *call)
{
	struct order order = {0};
	if (!control_call_unpack(call, "{ss, s?s, s?s, s?i, s?s, s?b}", "target",
		    &order.target, "window", &order.window, "timeout", &order.timeout,
		    "code", &order.code, "reason", &order.reason, "wait", &order.waits) ||
		!take_words(call, &order))
		return;
	struct server_drain *drain = run(arg, call, &order);
	if (drain && order.waits)
		drain->call = call;
	else if (drain)
		control_call_answer(
			call, json_pack("{ss sI sI}", "of", drain->what, "window_ms",
				      (json_int_t)order.plan.window_ms, "timeout_ms",
				      (json_int_t)order.plan.timeout_ms));
}
