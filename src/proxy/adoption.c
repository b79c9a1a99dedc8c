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

// It was left behind. Without memory for that it stays until the next edition.
static void close_gone(struct adoption *adoption, struct conn *conn)
{
	if (!adoption->plan)
		return;
	if (!adoption->drain) {
		adoption->drain = drain_start(adoption->site, adoption->plan);
		if (!adoption->drain) { // which has left the plan
			drain_plan_unref(adoption->plan);
			adoption->plan = NULL;
			return;
		}
		drain_hold(adoption->drain, true);
	}
	drain_add(adoption->drain, conn);
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
		close_gone(adoption, conn);
		break;
	case CONN_FOLLOW_SERVER_GONE:
		adoption->result.server_gone++;
		close_gone(adoption, conn);
		break;
	case CONN_FOLLOW_NONE:
		break;
	}
}

static void leave_plan(struct adoption *adoption)
{
	if (adoption->drain)
		drain_hold(adoption->drain, false);
	else if (adoption->plan)
		drain_plan_leave(adoption->plan);
	drain_plan_unref(adoption->plan);
	adoption->plan = NULL;
	adoption->drain = NULL;
}

static void conclude(void *arg)
{
	struct adoption *adoption = arg;
	proxy_adopted_cb done = adoption->done;
	bool is_again = adoption->is_again;
	leave_plan(adoption);
	adoption->done = NULL;
	adoption->is_again = false;
	if (done)
		done(adoption->arg, &adoption->result);
	if (is_again)
		adoption_start(adoption, NULL, NULL, NULL);
}

void adoption_init(struct adoption *adoption, struct site *site)
{
	*adoption = (struct adoption){.site = site};
	conn_walk_init(&adoption->walk, site, visit, conclude, adoption);
}

void adoption_start(struct adoption *adoption, struct drain_plan *plan,
	proxy_adopted_cb done, void *arg)
{
	bool is_under_way = adoption->walk.is_under_way;
	adoption->is_again = is_under_way && !plan && !done;
	if (adoption->is_again)
		return;
	if (is_under_way)
		conclude(adoption);
	adoption->plan = plan ? drain_plan_ref(plan) : NULL;
	adoption->result = (struct proxy_adoption){0};
	adoption->done = done;
	adoption->arg = arg;
	conn_walk_start(&adoption->walk);
}

void adoption_finish(struct adoption *adoption)
{
	adoption->is_again = false;
	if (adoption->walk.is_under_way)
		conclude(adoption);
	conn_walk_finish(&adoption->walk);
}
