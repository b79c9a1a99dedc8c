// SPDX-License-Identifier: MIT
// Walks the list of connections; see the header.
#include "wherry/proxy/conn_walk.h"

#include "conn_priv.h"
#include "wherry/base/now.h"

enum {
	STEP = 128 // connections a turn
};

static void stop(struct conn_walk *walk)
{
	if (walk->is_under_way)
		LIST_REMOVE(walk, entry);
	walk->is_under_way = false;
	loop_timer_clear(&walk->timer);
}

static void end(struct conn_walk *walk)
{
	stop(walk);
	walk->done(walk->arg);
}

static void step(void *arg)
{
	struct conn_walk *walk = arg;
	for (size_t i = 0; i < STEP && walk->next && !walk->is_paused; i++) {
		struct conn *conn = walk->next;
		walk->next = LIST_NEXT(conn, entry);
		walk->visit(walk->arg, conn);
	}
	if (walk->is_paused)
		return;
	if (walk->next)
		loop_timer_set(&walk->timer, now_ms());
	else
		end(walk);
}

void conn_walk_init(struct conn_walk *walk, struct site *site, conn_walk_visit_cb visit,
	conn_walk_done_cb done, void *arg)
{
	*walk = (struct conn_walk){
		.site = site,
		.visit = visit,
		.done = done,
		.arg = arg,
	};
	loop_timer_init(&walk->timer, site->loop, step, walk);
}

void conn_walk_start(struct conn_walk *walk)
{
	if (!walk->is_under_way)
		LIST_INSERT_HEAD(&walk->site->walks, walk, entry);
	walk->is_under_way = true;
	walk->is_paused = false;
	walk->next = LIST_FIRST(&walk->site->conns);
	loop_timer_set(&walk->timer, now_ms());
}

void conn_walk_pause(struct conn_walk *walk)
{
	walk->is_paused = true;
}

void conn_walk_resume(struct conn_walk *walk)
{
	if (walk->is_under_way)
		loop_timer_set(&walk->timer, now_ms());
	walk->is_paused = false;
}

void conn_walk_end_all(struct site *site)
{
	while (!LIST_EMPTY(&site->walks))
		end(LIST_FIRST(&site->walks));
}

void conn_walk_finish(struct conn_walk *walk)
{
	stop(walk);
	loop_timer_finish(&walk->timer);
}

void conn_walk_pass(struct site *site, const struct conn *conn)
{
	struct conn_walk *walk;
	LIST_FOREACH (walk, &site->walks, entry) {
		if (walk->next == conn)
			walk->next = LIST_NEXT(conn, entry);
	}
}
