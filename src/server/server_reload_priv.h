// SPDX-License-Identifier: MIT
// A reload under way, as its parts see it: server_reload.c (its stations) and
// server_reload_report.c (what is said of it).
#pragma once

#include "server_control_priv.h"

struct server_reload {
	struct server *server;
	struct control_call *call; // NULL: a signal asked for it
	struct conf *conf;         // the next one; NULL = it could not be loaded
	struct rules *rules;
	struct tls_set **tls;
	struct drain_plan *plan; // closes what can't be kept
	struct buf errors;
	struct loop_timer timer;
	bool is_waiting_for_names;
	bool asks_others;  // for names: whom the next configuration says
	bool is_listening; // sockets of the next configuration are open
	struct server_listen_changes listeners;
	// Servers that were changed by command: as they are still, or as the file says
	// now.
	struct json_t *overrides_kept, *overrides_dropped;
	_Atomic size_t waiting; // workers that have not looked at their connections
	_Atomic size_t kept, route_gone, server_gone; // WebSockets
};

// Between the build of the next set and its settling.
void server_reload_list_overrides(struct server_reload *reload);
// Says how it went: to the log, and to who asked. It is in force, or changes nothing.
void server_reload_answer(struct server_reload *reload);
// Why it is not in force.
void server_reload_refuse(struct server_reload *reload);
