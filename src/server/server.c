// SPDX-License-Identifier: MIT
// The process; see the header.
#include "wherry/server/server.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "server_priv.h"
#include "wherry/base/log.h"
#include "wherry/base/now.h"
#include "wherry/proto/ws_handshake.h"

// Descriptors are what connections cost: take all that may be had.
static void raise_descriptor_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		log_warn("RLIMIT_NOFILE could not be raised; connections stay limited");
}

// Signals go to the main thread's loop.
static void block_signals(sigset_t *ret_former)
{
	sigset_t all;
	sigfillset(&all);
	(void)pthread_sigmask(
		SIG_SETMASK, &all, ret_former); // fails only for a bad "how"
}

void server_notify_ready(const struct server *server)
{
	char status[64];
	(void)snprintf(status, sizeof(status), "wherry %s: %zu workers", WHERRY_VERSION,
		atomic_load(&server->workers_active));
	notify_ready(&server->notify, status);
}

static void tell_ready(const struct server *server)
{
	log_info("wherry %s is ready: %zu workers", WHERRY_VERSION, server->worker_count);
	server_notify_ready(server);
	if (server->ready_fd >= 0) {
		ssize_t put = write(server->ready_fd, "", 1);
		(void)put; // who waits for it may be gone
		close(server->ready_fd);
	}
}

// Until here the Wherry before has answered at the addresses of status and control.
static bool take_over(struct server *server)
{
	if (server->predecessor < 0)
		return true;
	if (!server_takeover_end(server))
		return false;
	if (server_control_serve(server) && server_status_serve(server))
		return true;
	log_error("out of memory or descriptors for status and control");
	return true; // clients come first
}

void server_start_workers(struct server *server)
{
	if (server->has_started)
		return;
	server->has_started = true;
	// A worker that is missing would leave its share of the connections waiting.
	if (!server_workers_start(server) || !take_over(server)) {
		server->has_failed = true;
		server_drain(server, 0, 0);
		if (server->workers_running == 0)
			loop_stop(server->loop);
		return;
	}
	inherited_log_unused(&server->inherited);
	inherited_finish(&server->inherited);
	server_listen_commit(server, NULL);
	tell_ready(server);
}

void server_reopen_logs(struct server *server)
{
	log_info("opening the log files anew");
	log_reopen();
}

// False, logged, with what is wrong in all files.
static bool load_files(struct server *server, struct rules **ret_rules,
	struct upstream_set **ret_upstreams, struct tls_set **ret_tls)
{
	struct conf *conf = server->conf;
	struct buf text = BUF_INIT;
	*ret_rules = rules_create(conf, &text);
	*ret_upstreams = directory_build(server->directory, conf, NULL, &text);
	bool is_good = server_tls_load(server, conf, ret_tls, &text) && *ret_rules &&
		       *ret_upstreams;
	server_log_lines(buf_str(&text), !is_good);
	buf_finish(&text);
	return is_good;
}

static bool make_first_snapshot(struct server *server)
{
	size_t listeners = server->conf->listener_count;
	struct tls_set **tls = calloc(listeners + 1, sizeof(struct tls_set *));
	struct rules *rules = NULL;
	struct upstream_set *upstreams = NULL;
	bool is_made = tls && load_files(server, &rules, &upstreams, tls);
	if (is_made && !rules_start(rules)) {
		log_error("no thread could be started for passwords");
		is_made = false;
	}
	is_made = is_made && server_publish(server, rules, upstreams, tls, NULL);
	for (size_t i = 0; tls && i < listeners; i++)
		tls_set_unref(tls[i]);
	free(tls);
	upstream_set_unref(upstreams);
	rules_unref(rules);
	return is_made;
}

static bool open_places(struct server *server)
{
	struct buf text = BUF_INIT;
	bool is_open = server_workers_prepare(server, server->conf, &text) &&
		       server_status_apply(server, server->conf, &text) &&
		       server_listen_prepare(server, server->conf, &text);
	server_workers_commit(server, server->conf);
	server_log_lines(buf_str(&text), true);
	buf_finish(&text);
	return is_open;
}

static bool start(struct server *server)
{
	server->loop = loop_create();
	server->limits = limits_create(server->conf);
	server->checker = health_checker_create(server->loop);
	if (!server->loop || !server->limits || !server->checker ||
		!server_names_create(server)) {
		log_error("out of memory or descriptors");
		return false;
	}
	if (!server_hub_create(server))
		return false;
	server_snapshot_init(server);
	server_listen_init(server);
	if (!make_first_snapshot(server))
		return false;
	if (!server_control_start(server) || !open_places(server))
		return false;
	server_memory_start(server);
	server_report_start(server);
	server_drain_start(server);
	server_rebalance_start(server);
	if (!server_signals_start(server) || !server_names_start(server)) {
		log_error("out of memory, or resolver.servers is no list of addresses");
		return false;
	}
	return true;
}

static void finish(struct server *server)
{
	server_handover_stop(server);
	server_listen_stop(server);
	server_workers_join(server);
	server_snapshot_stop(server); // before the loops that it answers to go
	server_drain_stop(server);
	server_control_finish(server);
	server_status_stop(server);
	server_names_stop(server);
	server_memory_stop(server);
	server_report_stop(server);
	server_signals_stop(server);
	server_tls_stop(server);
	server_workers_destroy(server);
	if (server->loop)
		loop_settle(server->loop); // what they have posted frees itself
	server_rebalance_stop(server);
	server_reload_finish(server);
	server_hub_destroy(server);
	health_checker_destroy(server->checker);
	server_snapshot_finish(server);
	server_names_finish(server);
	limits_destroy(server->limits);
	loop_destroy(server->loop);
}

static bool inherit(struct server *server, bool takes_over)
{
	return takes_over ? server_takeover_begin(server)
			  : inherited_read_environment(&server->inherited);
}

// Before the log, whose threads are the first.
static bool enter_sandbox(struct server *server, bool takes_over)
{
	raise_descriptor_limit();
	// libcrypto reads openssl.cnf and loads what it names: later that is refused.
	if (!ws_handshake_prepare()) {
		log_error("out of memory");
		return false;
	}
	server_control_prepare(server);
	notify_open(&server->notify);
	if (!inherit(server, takes_over) || !server_tls_load_early(server) ||
		!sandbox_enter(server->conf, &server->control_address, &server->sandbox))
		return false;
	if (!log_start(&server->conf->log)) {
		log_error("log.events %s or log.access %s: %m (expected what user %s may "
			  "write)",
			server->conf->log.events, server->conf->log.access,
			server->sandbox.privileges.user);
		return false;
	}
	sandbox_log(&server->sandbox);
	return true;
}

static bool serve(struct server *server)
{
	sigset_t former;
	block_signals(&former);
	bool is_started = start(server);
	if (is_started) {
		(void)pthread_sigmask(SIG_SETMASK, &former, NULL);
		is_started = loop_run(server->loop) && !server->has_failed;
		block_signals(&former); // one more has nothing to hasten any more
	}
	finish(server);
	if (is_started)
		log_info("stopped");
	log_stop();
	return is_started;
}

enum server_result server_run(const struct server_options *options)
{
	struct server server = {
		.started_conf = options->conf,
		.conf = options->conf,
		.started_ms = now_ms(),
		.memory.use = {.use_fd = -1, .stat_fd = -1},
		.notify = {-1},
		.predecessor = -1,
		.ready_fd = options->ready_fd,
	};
	bool is_served = false;
	if (enter_sandbox(&server, options->takes_over))
		is_served = serve(&server);
	else
		server_tls_stop(&server);
	inherited_finish(&server.inherited);
	notify_close(&server.notify);
	if (server.predecessor >= 0)
		close(server.predecessor); // it goes on
	return is_served ? SERVER_OK : SERVER_NOT_STARTED;
}
