// SPDX-License-Identifier: MIT
// Counts WebSockets and gives some away; see the header.
#include "wherry/proxy/moves.h"

#include "conn_priv.h"
#include "wherry/base/now.h"

static struct moves_server *find_server(
	const struct moves *moves, const struct upstream_server *server)
{
	for (size_t i = 0; i < moves->server_count; i++) {
		if (moves->servers[i].id == server->id)
			return &moves->servers[i];
	}
	return NULL;
}

static size_t find_age(const struct moves *moves, uint64_t silent_since_ms)
{
	bool holds_much = silent_since_ms == 0;
	if (holds_much || silent_since_ms >= moves->at_ms)
		return 0;
	size_t age = 0;
	uint64_t seconds = (moves->at_ms - silent_since_ms) / 1000;
	for (; seconds > 0 && age + 1 < MOVES_AGES; seconds /= 2)
		age++;
	return age;
}

static size_t find_place(const struct moves *moves, const struct conn *conn)
{
	struct addr client;
	request_client_address(&conn->request, &client);
	return moved_clients_find(
		moves->clients, &client, str_from(conn->request.route->name));
}

static bool is_movable(const struct moves *moves, const struct conn *conn)
{
	return !conn->drain &&
	       !moved_clients_is_recent(moves->clients, find_place(moves, conn),
		       conn->request.started_ms, moves->at_ms, moves->cooldown_ms);
}

static void give(struct moves *moves, struct conn *conn)
{
	uint64_t until_ms = moves->plan->pace.end_us / 1000;
	moved_clients_note(moves->clients, find_place(moves, conn), moves->at_ms,
		until_ms, moves->cooldown_ms);
	drain_add(moves->drain, conn);
}

static void choose(
	struct moves *moves, struct moves_server *server, size_t age, struct conn *conn)
{
	for (size_t i = 0; moves->takes_any_age && i < MOVES_AGES; i++) {
		if (server->movable[i] > 0)
			age = i;
	}
	if (server->movable[age] == 0)
		return;
	server->movable[age]--;
	give(moves, conn);
}

static void visit(void *arg, struct conn *conn)
{
	struct moves *moves = arg;
	if (conn->state != CONN_RELAY)
		return;
	struct moves_server *server = find_server(moves, conn->server);
	uint64_t since_ms = relay_silent_since_ms(conn->relay);
	if (!server || since_ms == UINT64_MAX)
		return;
	if (!moves->plan)
		server->live++;
	if (!is_movable(moves, conn))
		return;
	if (moves->plan)
		choose(moves, server, find_age(moves, since_ms), conn);
	else
		server->movable[find_age(moves, since_ms)]++;
}

static bool lacks_some(const struct moves *moves)
{
	for (size_t i = 0; i < moves->server_count; i++) {
		for (size_t age = 0; age < MOVES_AGES; age++) {
			if (moves->servers[i].movable[age] > 0)
				return true;
		}
	}
	return false;
}

static void conclude(void *arg)
{
	struct moves *moves = arg;
	if (moves->drain && !moves->takes_any_age && lacks_some(moves)) {
		moves->takes_any_age = true;
		conn_walk_start(&moves->walk);
		return;
	}
	if (moves->drain)
		drain_hold(moves->drain, false);
	conn_walk_finish(&moves->walk);
	atomic_store_explicit(&moves->is_done, true, memory_order_release);
}

void moves_start(struct moves *moves, struct site *site)
{
	conn_walk_init(&moves->walk, site, visit, conclude, moves);
	moves->takes_any_age = false;
	moves->drain = NULL;
	if (moves->plan) {
		moves->drain = drain_start(site, moves->plan);
		if (!moves->drain) {
			conclude(moves);
			return;
		}
		drain_hold(moves->drain, true);
	}
	conn_walk_start(&moves->walk);
}
