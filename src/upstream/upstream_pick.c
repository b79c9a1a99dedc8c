// SPDX-License-Identifier: MIT
// Choosing a server and reserving a place on it; see the header.
#include "wherry/upstream/upstream_pick.h"

#include "wherry/upstream/balance.h"
#include "wherry/upstream/wait_queue.h"

// Who is looked at, one kind after the other.
enum kind {
	PRIMARIES,
	BACKUPS,
	LAST_RESORT, // all, healthy or not
};

// What the balancing sees of a group while one request chooses.
struct view {
	const struct upstream *upstream;
	const struct upstream_tries *tries;
	uint64_t now;
	enum kind kind;
	bool *ret_is_full; // somebody would take it, but for the maximum
};

static bool was_tried(
	const struct upstream_tries *tries, const struct upstream_server *server)
{
	for (size_t i = 0; i < tries->count; i++) {
		if (tries->servers[i] == server)
			return true;
	}
	return false;
}

static bool is_candidate(const struct view *view, const struct upstream_member *member)
{
	bool is_kind = view->kind == LAST_RESORT ||
		       (member->conf->is_backup == (view->kind == BACKUPS) &&
			       upstream_is_healthy(member->server, view->now));
	return is_kind && upstream_takes_traffic(member) &&
	       !was_tried(view->tries, member->server);
}

static unsigned cold_of(const struct view *view, const struct upstream_server *server)
{
	uint64_t window_ms = view->upstream->conf->slow_start_ms;
	if (window_ms == CONF_OFF)
		return 0;
	uint64_t came_ms = atomic_load_explicit(&server->came_ms, memory_order_relaxed);
	if (came_ms == 0)
		return 0;
	return balance_cold(view->now > came_ms ? view->now - came_ms : 0, window_ms);
}

static struct balance_candidate look(const void *arg, size_t index)
{
	const struct view *view = arg;
	const struct upstream_member *member = &view->upstream->members[index];
	uint64_t active =
		atomic_load_explicit(&member->server->active, memory_order_relaxed);
	bool is_candidate_now = is_candidate(view, member);
	bool is_full = active >= member->conf->max_connections;

	*view->ret_is_full |= is_candidate_now && is_full;
	return (struct balance_candidate){
		.weight = member->weight,
		.active = active,
		.is_usable = is_candidate_now && !is_full,
		.cold = cold_of(view, member->server),
		.id = member->server->hash,
	};
}

static size_t choose(
	const struct view *view, const struct upstream_key *key, uint64_t cursor)
{
	const struct upstream *upstream = view->upstream;

	switch (upstream->conf->balance) {
	case CONF_BALANCE_ROUND_ROBIN:
		return balance_round_robin(
			upstream->order, upstream->order_length, cursor, look, view);
	case CONF_BALANCE_RANDOM_TWO:
		return balance_random_two(upstream->order, upstream->order_length,
			upstream->member_count, cursor, look, view);
	case CONF_BALANCE_HASH:
		return balance_hash(upstream->member_count,
			key->has_hash ? key->hash : cursor, look, view);
	case CONF_BALANCE_LEAST_CONNECTIONS:
	case CONF_BALANCE_STICKY:
		break;
	}
	return balance_least_connections(upstream->member_count, cursor, look, view);
}

// False if the last place was taken since it was looked at.
static bool reserve(const struct upstream_member *member)
{
	_Atomic uint64_t *active = &member->server->active;
	uint64_t maximum = member->conf->max_connections;

	if (maximum == CONF_OFF) {
		(void)atomic_fetch_add_explicit(active, 1, memory_order_relaxed);
		return true;
	}
	uint64_t count = atomic_load(active);
	while (count < maximum) {
		if (atomic_compare_exchange_weak(active, &count, count + 1))
			return true;
	}
	return false;
}

static size_t find_server(const struct view *view, uint64_t server_id)
{
	for (size_t i = 0; i < view->upstream->member_count; i++) {
		const struct upstream_member *member = &view->upstream->members[i];
		bool is_good = member->server->id == server_id &&
			       upstream_takes_traffic(member) &&
			       upstream_is_healthy(member->server, view->now) &&
			       !was_tried(view->tries, member->server);
		if (is_good)
			return i;
	}
	return BALANCE_NONE;
}

// NONE: it has none, or that is out.
static enum upstream_pick_result pick_own(
	const struct view *view, const struct upstream_key *key, size_t *ret_index)
{
	*ret_index =
		key->server_id != 0 ? find_server(view, key->server_id) : BALANCE_NONE;
	if (*ret_index == BALANCE_NONE)
		return UPSTREAM_PICK_NONE;
	if (reserve(&view->upstream->members[*ret_index]))
		return UPSTREAM_PICK_OK;
	return key->is_bound ? UPSTREAM_PICK_FULL : UPSTREAM_PICK_NONE;
}

static enum upstream_pick_result pick_any(
	struct view *view, const struct upstream_key *key, size_t *ret_index)
{
	uint64_t cursor = atomic_fetch_add_explicit(
		&view->upstream->group->cursor, 1, memory_order_relaxed);

	for (view->kind = PRIMARIES; view->kind <= LAST_RESORT; view->kind++) {
		while ((*ret_index = choose(view, key, cursor)) != BALANCE_NONE) {
			if (reserve(&view->upstream->members[*ret_index]))
				return UPSTREAM_PICK_OK;
		}
		if (*view->ret_is_full)
			return UPSTREAM_PICK_FULL;
	}
	return UPSTREAM_PICK_NONE;
}

enum upstream_pick_result upstream_pick(const struct upstream *upstream,
	const struct upstream_key *key, struct upstream_tries *tries, uint64_t now,
	struct upstream_server **ret_server)
{
	bool is_full = false;
	size_t index;
	struct view view = {.upstream = upstream,
		.tries = tries,
		.now = now,
		.ret_is_full = &is_full};

	*ret_server = NULL;
	if (tries->count >= upstream->conf->retry.tries || upstream->order_length == 0)
		return UPSTREAM_PICK_NONE;
	enum upstream_pick_result result = pick_own(&view, key, &index);
	if (result == UPSTREAM_PICK_NONE)
		result = pick_any(&view, key, &index);
	if (result != UPSTREAM_PICK_OK)
		return result;
	*ret_server = upstream->members[index].server;
	tries->servers[tries->count++] = *ret_server;
	return UPSTREAM_PICK_OK;
}

void upstream_release(struct upstream_server *server)
{
	struct wait_queue *queue =
		atomic_load_explicit(&server->queue, memory_order_acquire);

	if (!queue) {
		(void)atomic_fetch_sub_explicit(&server->active, 1, memory_order_release);
		return;
	}
	wait_queue_ref(queue); // the server may be gone behind the next line
	(void)atomic_fetch_sub(&server->active, 1);
	if (wait_queue_is_busy(queue))
		wait_queue_wake(queue);
	wait_queue_unref(queue);
}

void upstream_wake(struct upstream_server *server)
{
	struct wait_queue *queue =
		atomic_load_explicit(&server->queue, memory_order_acquire);

	if (queue && wait_queue_is_busy(queue))
		wait_queue_wake(queue);
}

void upstream_move(struct upstream_server *from, struct upstream_server *to)
{
	(void)atomic_fetch_add_explicit(&to->active, 1, memory_order_relaxed);
	upstream_release(from);
}
