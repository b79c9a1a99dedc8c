// SPDX-License-Identifier: MIT
// One worker's share of a drain: the connections that are told to close at the plan's
// pace, those that were told and have not ended, and the deadline that cuts them. Several
// may run at once; a connection is in at most one, whose deadline comes first. The only
// way in which a live connection is ended for the operator's sake. For the worker's own
// thread.
#pragma once

#include "wherry/proxy/drain_plan.h"
#include "wherry/proxy/site.h"

struct drain;

// Takes in what the plan's scope covers. It frees itself when its last connection has
// ended, but not in this turn of the loop: until then drain_add may still give it more.
// NULL when memory is short; then the plan is left.
struct drain *drain_start(struct site *site, struct drain_plan *plan);
// Stops watching; the connections stay as they are.
void drain_destroy(struct drain *drain);

// Held, it stays while it is empty, so that more can be added in later turns.
void drain_hold(struct drain *drain, bool is_held);
const struct drain_plan *drain_get_plan(const struct drain *drain);

// The connection closes when it is its turn: now if it is idle, after the current
// response if there is one, and a WebSocket at the end of the current message. Nothing if
// it is in a drain with an earlier deadline.
void drain_add(struct drain *drain, struct conn *conn);
// The connection is new, or now with a server: it joins the drains that cover it.
void drain_meet(struct conn *conn);
// It has ended.
void drain_leave(struct conn *conn);
