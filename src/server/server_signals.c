// SPDX-License-Identifier: MIT
// Signals, on the control loop: SIGTERM drains, SIGINT stops quickly, SIGUSR1 reopens
// logs, SIGHUP takes the configuration anew as well.
#include <signal.h>

#include "server_priv.h"

static void on_term(evutil_socket_t number, short events, void *arg)
{
	server_stop(arg, SERVER_STOP_DRAIN);
}

static void on_int(evutil_socket_t number, short events, void *arg)
{
	server_stop(arg, SERVER_STOP_QUICK);
}

static void on_usr1(evutil_socket_t number, short events, void *arg)
{
	server_reopen_logs(arg);
}

static void on_hup(evutil_socket_t number, short events, void *arg)
{
	server_reopen_logs(arg);
	server_reload(arg, NULL);
}

bool server_signals_start(struct server *server)
{
	static const struct {
		int number;
		event_callback_fn run;
	} table[SERVER_SIGNALS] = {
		{SIGTERM, on_term},
		{SIGINT, on_int},
		{SIGUSR1, on_usr1},
		{SIGHUP, on_hup},
	};
	struct event_base *base = loop_base(server->loop);
	for (size_t i = 0; i < SERVER_SIGNALS; i++) {
		server->signals[i] = event_new(base, table[i].number,
			EV_SIGNAL | EV_PERSIST, table[i].run, server);
		if (!server->signals[i] || event_add(server->signals[i], NULL) != 0)
			return false;
	}
	return true;
}

void server_signals_stop(struct server *server)
{
	for (size_t i = 0; i < SERVER_SIGNALS; i++) {
		if (server->signals[i])
			event_free(server->signals[i]);
		server->signals[i] = NULL;
	}
}
