// SPDX-License-Identifier: MIT
// A look at every connection of a site, some of them a turn, so that a hundred thousand
// hold nobody up. Those that come meanwhile are not looked at.
#pragma once

#include "wherry/proxy/site.h"

// May close the connection.
typedef void (*conn_walk_visit_cb)(void *arg, struct conn *conn);
// All were visited, or are gone.
typedef void (*conn_walk_done_cb)(void *arg);

// Embedded in what waits for it.
struct conn_walk {
	LIST_ENTRY(conn_walk) entry;
	struct site *site;
	struct conn *next;
	struct loop_timer timer;
	conn_walk_visit_cb visit;
	conn_walk_done_cb done;
	void *arg;
	bool is_under_way;
	bool is_paused;
};

void conn_walk_init(struct conn_walk *walk, struct site *site, conn_walk_visit_cb visit,
	conn_walk_done_cb done, void *arg);
// The first look is in the next turn. From the start again, if it is under way.
void conn_walk_start(struct conn_walk *walk);
// From within visit: no further one is visited until it is resumed.
void conn_walk_pause(struct conn_walk *walk);
void conn_walk_resume(struct conn_walk *walk);
// The site goes: no further ones are visited, and done runs.
void conn_walk_end_all(struct site *site);
// Stops it, without done. Before the memory goes.
void conn_walk_finish(struct conn_walk *walk);

// The connection is about to leave site->conns.
void conn_walk_pass(struct site *site, const struct conn *conn);
