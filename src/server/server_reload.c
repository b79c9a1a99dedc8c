// SPDX-License-Identifier: MIT
// Takes a new configuration while everything goes on: loads it and all that it names,
// waits for names that are new, and only then, when nothing can fail any more but for
// memory, publishes it. Whatever is wrong leaves the former one as it is.
#include "server_reload_priv.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "wherry/base/log.h"
#include "wherry/base/now.h"
#include "wherry/conf/conf_load.h"

enum {
	LOOK_MS = 5 // for the workers' word
};

static void free_reload(struct server_reload *reload)
{
	for (size_t i = 0; reload->tls && i < reload->conf->listener_count; i++)
		tls_set_unref(reload->tls[i]);
	free(reload->tls);
	rules_unref(reload->rules);
	conf_unref(reload->conf);
	if (reload->plan)
		drain_plan_unref(reload->plan);
	json_decref(reload->overrides_kept);
	json_decref(reload->overrides_dropped);
	json_decref(reload->listeners.added);
	json_decref(reload->listeners.removed);
	buf_finish(&reload->errors);
	loop_timer_finish(&reload->timer);
	free(reload);
}

// The one that is over makes room for the next, which may wait already.
static void end(struct server_reload *reload)
{
	struct server *server = reload->server;
	bool is_again = server->is_reload_wanted;
	server->reload = NULL;
	server->is_reload_wanted = false;
	free_reload(reload);
	if (!server->is_draining)
		server_notify_ready(server);
	if (is_again)
		server_reload(server, NULL);
}

static void fail(struct server_reload *reload)
{
	struct server *server = reload->server;
	if (reload->is_listening)
		server_listen_cancel(server);
	if (reload->asks_others &&
		!names_configure(server->names, &server->conf->resolver))
		log_error("reload: no memory to ask for names as before");
	directory_cancel(server->directory, server->snapshot->upstreams);
	server_log_lines(buf_str(&reload->errors), true);
	log_error("reload: the configuration that was in force goes on");
	server_reload_refuse(reload);
	end(reload);
}

// On the worker's thread.
static void on_adopted(void *arg, const struct proxy_adoption *adoption)
{
	struct server_reload *reload = arg;
	atomic_fetch_add(&reload->kept, adoption->kept);
	atomic_fetch_add(&reload->route_gone, adoption->route_gone);
	atomic_fetch_add(&reload->server_gone, adoption->server_gone);
	atomic_fetch_sub(&reload->waiting, 1); // the control loop may free it now
}

static void conclude(struct server_reload *reload)
{
	struct server *server = reload->server;
	size_t gone = reload->route_gone + reload->server_gone;
	if (gone > 0 && !server_drain_watch(server, reload->plan, "a reload"))
		log_warn("reload: no memory to watch the drain");
	server_reload_answer(reload);
	end(reload);
}

static void await_workers(void *arg)
{
	struct server_reload *reload = arg;
	if (atomic_load(&reload->waiting) == 0)
		conclude(reload);
	else
		loop_timer_set(&reload->timer, now_ms() + LOOK_MS);
}

static bool make_plan(struct server_reload *reload)
{
	const struct conf_drain_pace *pace = &reload->conf->drain.reload;
	struct drain_plan_options options = {
		.scope = DRAIN_PLAN_GIVEN,
		.reason = CLOSE_REASON_ROUTE_GONE,
		.window_ms = pace->window_ms,
		.timeout_ms = pace->timeout_ms,
		.shares = reload->server->worker_count,
	};
	reload->plan = drain_plan_create(&options);
	return reload->plan != NULL;
}

// The limits that are the process's.
static void change_limits(struct server *server, uint64_t former_memory)
{
	limits_adopt(server->limits, server->conf);
	server_hub_apply(server);
	if (server->conf->limits.memory == former_memory)
		return;
	server_memory_stop(server);
	server_memory_start(server);
}

// As the names are now. NULL, with the reason, also if a file of TLS can't be read.
static struct upstream_set *build(struct server_reload *reload)
{
	struct server *server = reload->server;
	struct upstream_set *set = directory_build(server->directory, reload->conf,
		server->snapshot->upstreams, &reload->errors);
	if (set)
		server_reload_list_overrides(reload);
	return set;
}

static bool publish(struct server_reload *reload, struct upstream_set *set)
{
	struct server *server = reload->server;
	struct proxy_adopt_options options = {
		.plan = reload->plan,
		.done = on_adopted,
		.arg = reload,
	};
	reload->waiting = server->worker_count;
	if (!server_publish(server, reload->rules, set, reload->tls, &options)) {
		buf_append_str(&reload->errors, STR("out of memory\n"));
		return false;
	}
	directory_settle(server->directory, set);
	return true;
}

static bool put_in_force(struct server_reload *reload)
{
	struct server *server = reload->server;
	struct upstream_set *set = build(reload);
	if (set && !make_plan(reload))
		buf_append_str(&reload->errors, STR("out of memory\n"));
	bool is_in_force = set && reload->plan && rules_start(reload->rules) &&
			   server_log_apply(server, reload->conf, &reload->errors) &&
			   server_status_apply(server, reload->conf, &reload->errors) &&
			   publish(reload, set);
	upstream_set_unref(set);
	return is_in_force;
}

// Nothing but memory, and files of servers' TLS, can be missing from here on.
static void apply(struct server_reload *reload)
{
	struct server *server = reload->server;
	uint64_t former_memory = server->conf->limits.memory;
	loop_timer_finish(&reload->timer); // it is another one from here on
	reload->is_waiting_for_names = false;
	if (!put_in_force(reload)) {
		fail(reload);
		return;
	}
	server->conf = reload->conf;
	change_limits(server, former_memory);
	server_workers_commit(server, reload->conf);
	server_listen_commit(server, &reload->listeners);
	loop_timer_init(&reload->timer, server->loop, await_workers, reload);
	await_workers(reload);
}

static void on_names_late(void *arg)
{
	struct server_reload *reload = arg;
	log_warn("reload: not all names of servers have an answer yet");
	apply(reload);
}

void server_reload_names_changed(struct server *server)
{
	struct server_reload *reload = server->reload;
	if (reload && reload->is_waiting_for_names &&
		names_unanswered(server->names) == 0)
		apply(reload);
}

static bool load_files(struct server_reload *reload)
{
	struct server *server = reload->server;
	struct conf *conf = reload->conf;
	reload->rules = rules_create(conf, &reload->errors);
	reload->tls = calloc(conf->listener_count + 1, sizeof(struct tls_set *));
	if (!reload->tls)
		buf_append_str(&reload->errors, STR("out of memory\n"));
	return reload->tls &&
	       server_tls_load(server, conf, reload->tls, &reload->errors) &&
	       reload->rules;
}

static bool prepare(struct server_reload *reload)
{
	struct server *server = reload->server;
	if (!load_files(reload))
		return false;
	reload->asks_others = names_configure(server->names, &reload->conf->resolver);
	if (!reload->asks_others || !directory_follow(server->directory, reload->conf)) {
		buf_append_str(&reload->errors,
			STR("out of memory, or resolver.servers is no list of "
			    "addresses\n"));
		return false;
	}
	reload->is_listening =
		server_workers_prepare(server, reload->conf, &reload->errors) &&
		server_workers_start(server) &&
		server_listen_prepare(server, reload->conf, &reload->errors);
	return reload->is_listening;
}

// A drain may have closed a listener, which is to come back.
static bool changes_nothing(const struct server_reload *reload)
{
	return !reload->conf->files && server_listen_is_complete(reload->server) &&
	       strcmp(reload->conf->canonical, reload->server->conf->canonical) == 0;
}

static void load(struct server_reload *reload)
{
	struct server *server = reload->server;
	struct conf_diag diag;
	conf_diag_init(&diag);
	reload->conf = conf_load_file(server->conf->path, &diag);
	buf_append_str(&reload->errors, buf_str(&diag.text));
	conf_diag_finish(&diag);
	if (reload->conf && changes_nothing(reload)) {
		server_reload_answer(reload);
		end(reload);
		return;
	}
	if (!reload->conf || !prepare(reload)) {
		fail(reload);
		return;
	}
	if (names_unanswered(server->names) == 0) {
		apply(reload);
		return;
	}
	reload->is_waiting_for_names = true;
	loop_timer_set(&reload->timer, now_ms() + reload->conf->resolver.timeout_ms);
}

// NULL, with the reason.
static struct server_reload *create(
	struct server *server, struct control_call *call, const char **reterr_text)
{
	*reterr_text = !server->conf->path    ? "it runs without a configuration file"
		       : server->is_draining  ? "it is stopping"
		       : !server->has_started ? "it has not started yet"
		       : server->reload       ? "another reload is under way"
		       : server->handover     ? "a new process is about to take over"
					      : NULL;
	if (*reterr_text)
		return NULL;
	struct server_reload *reload = calloc(1, sizeof(*reload));
	*reterr_text = "out of memory";
	if (!reload)
		return NULL;
	reload->server = server;
	reload->call = call;
	reload->listeners.added = json_array(); // without memory, the reply lacks them
	reload->listeners.removed = json_array();
	loop_timer_init(&reload->timer, server->loop, on_names_late, reload);
	return reload;
}

void server_reload(struct server *server, struct control_call *call)
{
	const char *error;
	struct server_reload *reload = create(server, call, &error);
	if (reload) {
		server->reload = reload;
		notify_reloading(&server->notify);
		load(reload);
		return;
	}
	server->is_reload_wanted |= server->reload != NULL && !call;
	if (call)
		control_call_refuse(call, "no reload: %s", error);
	else if (!server->is_reload_wanted)
		log_error("no reload: %s", error);
}

void server_reload_finish(struct server *server)
{
	struct server_reload *reload = server->reload;
	if (!reload)
		return;
	if (reload->call)
		control_call_refuse(reload->call, "the process ends");
	free_reload(reload);
}

void server_control_reload(void *arg, struct control_call *call)
{
	if (control_call_unpack(call, "{}"))
		server_reload(arg, call);
}
