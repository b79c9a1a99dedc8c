// SPDX-License-Identifier: MIT
// The verbs of the control socket, each in the file of what it is about. arg is the
// struct server.
#pragma once

#include "server_priv.h"

// The group that a request names; NULL, refused with those that there are.
const struct upstream *server_control_find_group(
	const struct server *server, struct control_call *call, const char *name);

void server_control_connections(void *arg, struct control_call *call);
void server_control_drain(void *arg, struct control_call *call);
void server_control_kill(void *arg, struct control_call *call);
void server_control_rebalance(void *arg, struct control_call *call);
void server_control_reload(void *arg, struct control_call *call);
void server_control_server_add(void *arg, struct control_call *call);
void server_control_server_down(void *arg, struct control_call *call);
void server_control_server_list(void *arg, struct control_call *call);
void server_control_server_remove(void *arg, struct control_call *call);
void server_control_server_up(void *arg, struct control_call *call);
void server_control_server_weight(void *arg, struct control_call *call);
void server_control_status(void *arg, struct control_call *call);
void server_control_stop(void *arg, struct control_call *call);
void server_control_upgrade(void *arg, struct control_call *call);
