// SPDX-License-Identifier: MIT
// The ways in which the process is told to stop, by signal or by the control socket.
#include <unistd.h>

#include <jansson.h>

#include "server_control_priv.h"

enum {
	QUICK_STOP_MS = 2000
};

void server_stop(struct server *server, enum server_stop how)
{
	const struct conf_drain_pace *drain = &server->conf->drain.shutdown;
	switch (how) {
	case SERVER_STOP_DRAIN:
		server_drain(server, drain->window_ms, drain->timeout_ms);
		return;
	case SERVER_STOP_QUICK:
		server_drain(server, 0, QUICK_STOP_MS);
		return;
	case SERVER_STOP_NOW:
		server_drain(server, 0, 0);
		return;
	}
}

// Unlike the second signal, the second one asked for here is no haste.
void server_control_stop(void *arg, struct control_call *call)
{
	struct server *server = arg;
	int is_quick = 0, is_now = 0, waits = 0;
	if (!control_call_unpack(call, "{s?b, s?b, s?b}", "quick", &is_quick, "now",
		    &is_now, "wait", &waits))
		return;
	if (waits)
		control_call_keep_peer(call);
	control_call_answer(call, json_pack("{si}", "pid", (int)getpid()));
	if (is_now)
		server_stop(server, SERVER_STOP_NOW);
	else if (is_quick)
		server_stop(server, SERVER_STOP_QUICK);
	else if (!server->is_draining)
		server_stop(server, SERVER_STOP_DRAIN);
}
