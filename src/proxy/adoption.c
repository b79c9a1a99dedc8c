// SPDX-License-Identifier: MIT
// From one edition to the next; see the header.
#include "adoption_priv.h"

#include "conn_priv.h"
#include "wherry/proxy/drain.h"

// It was to be closed, but its route or server has come back.
static void reprieve(struct conn *conn)
{
	if (conn->drain && !conn->is_told &&
		drain_get_plan(conn->drain)->scope == DRAIN_PLAN_GIVEN)
		drain_leave(conn);
}

static void visit(void *arg, struct conn *conn)
{
	struct adoption *adoption = arg;
	switch (conn_follow(conn)) {
	case CONN_FOLLOW_KEPT:
		reprieve(conn);
		adoption->result.kept++;
		break;
	case CONN_FOLLOW_ROUTE_GONE:
		adoption->result.route_gone++;
		break;
	case CONN_FOLLOW_SERVER_GONE:
		adoption->result.server_gone++;
		break;
	case CONN_FOLLOW_NONE:
		break;
	}
}

// Those that were left behind.
static void close_gone(struct adoption *adoption)
{
	struct site *site = adoption->site;
	struct drain *drain = drain_start(site, adoption->plan);
	struct conn *conn;
	if (!drain)
		return; // they stay until the next edition
	LIST_FOREACH (conn, &site->conns, entry) {
		if (conn->state == CONN_RELAY && conn->edition != site->edition)
			drain_add(drain, conn);
	}
}

static void conclude(void *arg)
{
	struct adoption *adoption = arg;
	proxy_adopted_cb done = adoption->done;
	const struct proxy_adoption *result = &adoption->result;
	if (adoption->plan && result->route_gone + result->server_gone > 0)
		close_gone(adoption);
	else if (adoption->plan)
		drain_plan_leave(adoption->plan);
	if (adoption->plan)
		drain_plan_unref(adoption->plan);
	adoption->plan = NULL;
	adoption->done = NULL;
	if (done)
		done(adoption->arg, result);
}

void adoption_init(struct adoption *adoption, struct site *site)
{
	*adoption = (struct adoption){.site = site};
	conn_walk_init(&adoption->walk, site, visit, conclude, adoption);
}

void adoption_start(struct adoption *adoption, struct drain_plan *plan,
	proxy_adopted_cb done, void *arg)
{
	if (adoption->walk.is_under_way)
		conclude(adoption);
	adoption->plan = plan ? drain_plan_ref(plan) : NULL;
	adoption->result = (struct proxy_adoption){0};
	adoption->done = done;
	adoption->arg = arg;
	conn_walk_start(&adoption->walk);
}

void adoption_finish(struct adoption *adoption)
{
	if (adoption->walk.is_under_way)
		conclude(adoption);
	conn_walk_finish(&adoption->walk);
}
