// SPDX-License-Identifier: MIT
// Rebalancing on the control loop: runs that were asked for or triggered, and triggers.
#pragma once

#include <sys/queue.h>

#include "wherry/net/loop.h"
#include "wherry/upstream/upstream.h"

struct control_call;
struct moved_clients;
struct server;
struct server_rebalance;
struct server_trigger;
LIST_HEAD(server_rebalance_list, server_rebalance);
LIST_HEAD(server_trigger_list, server_trigger);

struct server_rebalancing {
	struct server_rebalance_list runs;
	struct loop_timer runs_timer;
	struct moved_clients *clients; // NULL until the first run
	struct server_trigger_list triggers;
	struct loop_timer triggers_timer;
};

struct server_rebalance_options {
	const char *group;
	uint64_t rate;             // a second; 0 = as configured
	bool is_dry;               // only says what it would do
	struct control_call *call; // is answered or refused; NULL: nobody asked
};

void server_rebalance_start(struct server *server);
// Once the workers are gone.
void server_rebalance_stop(struct server *server);
void server_rebalance_run(
	struct server *server, const struct server_rebalance_options *options);

// Does the server get a share of its group's WebSockets?
bool server_rebalance_takes(const struct upstream_member *member);

// server_rebalance_trigger.c
void server_rebalance_trigger_start(struct server *server);
void server_rebalance_trigger_stop(struct server *server);
// The servers may be others now: who goes and comes between two looks must be seen, too.
void server_rebalance_trigger_hint(struct server *server);
