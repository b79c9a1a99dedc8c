// SPDX-License-Identifier: MIT
// The workers: made when they are needed and ended with the process. One that is not
// active gets no new connections, and keeps the ones that it has for as long as they
// live.
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "server_priv.h"
#include "wherry/base/log.h"

static size_t count_wanted(const struct conf *conf)
{
	if (conf->workers != 0)
		return conf->workers;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	return cpus < 1                    ? 1
	       : cpus > SERVER_WORKERS_MAX ? SERVER_WORKERS_MAX
					   : (size_t)cpus;
}

static void on_worker_ended(void *arg)
{
	struct server *server = arg;
	if (--server->workers_running == 0)
		loop_stop(server->loop);
}

// On the worker's thread.
static void on_worker_end(void *arg)
{
	struct server *server = arg;
	if (!loop_post(server->loop, on_worker_ended, server))
		abort(); // the process could never end, and its supervisor would wait
}

// Signals go to the main thread's loop: its threads inherit that they are blocked.
static bool start_quietly(struct worker *worker)
{
	sigset_t all, former;
	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &former); // fails only for a bad "how"
	bool is_started = worker_start(worker);
	(void)pthread_sigmask(SIG_SETMASK, &former, NULL);
	return is_started;
}

static bool make_one(struct server *server)
{
	struct worker_options options = {
		.snapshot = server->snapshot,
		.limits = server->limits,
		.hub = server->hub,
		.live = server->live,
		.index = server->worker_count,
		.count = SERVER_WORKERS_MAX,
		.workers = server->workers,
		.active = &server->workers_active,
		.on_end = on_worker_end,
		.arg = server,
	};
	struct worker *worker = worker_create(&options);
	if (!worker)
		return false;
	if (server->has_started && !start_quietly(worker)) {
		worker_destroy(worker);
		return false;
	}
	server->workers_running += server->has_started;
	server->workers[server->worker_count++] = worker;
	return true;
}

bool server_workers_prepare(
	struct server *server, const struct conf *conf, struct buf *reterr_text)
{
	while (server->worker_count < count_wanted(conf)) {
		if (make_one(server))
			continue;
		buf_printf(reterr_text,
			"worker %zu can't be made: out of memory, descriptors or "
			"threads\n",
			server->worker_count);
		return false;
	}
	return true;
}

void server_workers_commit(struct server *server, const struct conf *conf)
{
	atomic_store_explicit(
		&server->workers_active, count_wanted(conf), memory_order_release);
}

bool server_workers_start(struct server *server)
{
	while (server->workers_running < server->worker_count) {
		if (!start_quietly(server->workers[server->workers_running])) {
			log_error("worker %zu: no thread could be started",
				server->workers_running);
			return false;
		}
		server->workers_running++;
	}
	return true;
}

void server_workers_join(struct server *server)
{
	for (size_t i = 0; i < server->worker_count; i++)
		worker_join(server->workers[i]);
}

void server_workers_destroy(struct server *server)
{
	for (size_t i = 0; i < server->worker_count; i++)
		worker_destroy(server->workers[i]);
	server->worker_count = 0;
}
