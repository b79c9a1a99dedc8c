// SPDX-License-Identifier: MIT
// A worker's share of a drain; see the header.
#include "wherry/proxy/drain.h"

#include <stdlib.h>

#include "conn_priv.h"
#include "wherry/base/now.h"

enum {
	STEP_MS = 20,
};

struct drain {
	LIST_ENTRY(drain) entry;
	struct site *site;
	struct drain_plan *plan; // a reference
	struct conn_list waiting, told;
	struct loop_timer timer;
	bool is_held;
};

static bool is_empty(const struct drain *drain)
{
	return LIST_EMPTY(&drain->waiting) && LIST_EMPTY(&drain->told);
}

static void tell(struct drain *drain, struct conn *conn)
{
	LIST_REMOVE(conn, drain_entry);
	LIST_INSERT_HEAD(&drain->told, conn, drain_entry);
	conn->is_told = true;
	conn_drain(conn);
}

static void cut_all(struct drain *drain, struct conn_list *list)
{
	while (!LIST_EMPTY(list)) {
		(void)atomic_fetch_add_explicit(
			&drain->plan->cut, 1, memory_order_relaxed);
		conn_cut(LIST_FIRST(list)); // leaves the list
	}
}

static void look(void *arg)
{
	struct drain *drain = arg;
	struct drain_plan *plan = drain->plan;
	uint64_t now = now_ms(), at = plan->deadline_ms;
	if (now >= plan->deadline_ms) {
		cut_all(drain, &drain->waiting);
		cut_all(drain, &drain->told);
	}
	while (!LIST_EMPTY(&drain->waiting) && drain_pace_take(&plan->pace, now))
		tell(drain, LIST_FIRST(&drain->waiting));
	if (is_empty(drain) && !drain->is_held) {
		drain_destroy(drain);
		return;
	}
	uint64_t next = drain_pace_next_ms(&plan->pace);
	if (next < now + STEP_MS)
		next = now + STEP_MS;
	if (!LIST_EMPTY(&drain->waiting) && next < at)
		at = next;
	loop_timer_set(&drain->timer, at);
}

static struct upstream_server *find_server(const struct conn *conn)
{
	if (conn->state == CONN_RELAY)
		return conn->server;
	return conn->state == CONN_FORWARD ? conn->forward->exchange.server : NULL;
}

static bool has_server(
	const struct drain_plan *plan, const struct upstream_server *server)
{
	for (size_t i = 0; i < plan->server_count && server; i++) {
		if (plan->servers[i] == server->id)
			return true;
	}
	return false;
}

static bool covers(const struct drain_plan *plan, const struct conn *conn)
{
	switch (plan->scope) {
	case DRAIN_PLAN_GIVEN:
	case DRAIN_PLAN_MOVED:
		break;
	case DRAIN_PLAN_ALL:
		return true;
	case DRAIN_PLAN_LISTENER:
		return conn->listener &&
		       addr_equal(&conn->listener->address, &plan->listener);
	case DRAIN_PLAN_SERVERS:
		return has_server(plan, find_server(conn));
	}
	return false;
}

struct drain *drain_start(struct site *site, struct drain_plan *plan)
{
	struct drain *drain = calloc(1, sizeof(*drain));
	if (!drain) {
		drain_plan_leave(plan);
		return NULL;
	}
	drain->site = site;
	drain->plan = drain_plan_ref(plan);
	LIST_INIT(&drain->waiting);
	LIST_INIT(&drain->told);
	LIST_INSERT_HEAD(&site->drains, drain, entry);
	loop_timer_init(&drain->timer, site->loop, look, drain);
	loop_timer_set(&drain->timer, now_ms());
	struct conn *conn;
	LIST_FOREACH (conn, &site->conns, entry) {
		if (covers(plan, conn))
			drain_add(drain, conn);
	}
	return drain;
}

void drain_destroy(struct drain *drain)
{
	LIST_REMOVE(drain, entry);
	loop_timer_finish(&drain->timer);
	drain_plan_leave(drain->plan);
	drain_plan_unref(drain->plan);
	free(drain);
}

void drain_hold(struct drain *drain, bool is_held)
{
	drain->is_held = is_held;
	loop_timer_set(&drain->timer, now_ms());
}

const struct drain_plan *drain_get_plan(const struct drain *drain)
{
	return drain->plan;
}

void drain_add(struct drain *drain, struct conn *conn)
{
	struct drain_plan *plan = drain->plan;
	if (conn->drain && conn->drain->plan->deadline_ms <= plan->deadline_ms)
		return;
	drain_leave(conn);
	conn->drain = drain;
	(void)atomic_fetch_add_explicit(&plan->joined, 1, memory_order_relaxed);
	(void)atomic_fetch_add_explicit(&plan->left, 1, memory_order_relaxed);
	if (conn->is_told) {
		LIST_INSERT_HEAD(&drain->told, conn, drain_entry);
		return;
	}
	LIST_INSERT_HEAD(&drain->waiting, conn, drain_entry);
	// A request to a server that drains closes nothing before it is answered, and the
	// connection's next one would be another server's: it waits for no turn.
	if (plan->scope == DRAIN_PLAN_SERVERS && conn->state != CONN_RELAY) {
		tell(drain, conn);
		return;
	}
	drain_pace_join(&plan->pace);
	loop_timer_set(&drain->timer, now_ms());
}

void drain_meet(struct conn *conn)
{
	struct drain *drain;
	LIST_FOREACH (drain, &conn->site->drains, entry) {
		if (covers(drain->plan, conn))
			drain_add(drain, conn);
	}
}

void drain_leave(struct conn *conn)
{
	struct drain *drain = conn->drain;
	if (!drain)
		return;
	conn->drain = NULL;
	LIST_REMOVE(conn, drain_entry);
	if (!conn->is_told)
		drain_pace_leave(&drain->plan->pace);
	(void)atomic_fetch_sub_explicit(&drain->plan->left, 1, memory_order_relaxed);
	if (is_empty(drain))
		loop_timer_set(&drain->timer, now_ms());
}
