// SPDX-License-Identifier: MIT
// The groups of servers as connections see them: which servers a group has, how busy each
// is and what it has done wrong. Sets are immutable; what servers and groups carry is
// shared by all workers and all sets: atomics only. Which servers there are is the
// directory's business, and sockets are the pool's.
#pragma once

#include <stdatomic.h>

#include "wherry/conf/conf.h"
#include "wherry/upstream/circuit.h"
#include "wherry/upstream/ejection.h"
#include "wherry/upstream/retry_budget.h"
#include "wherry/upstream/sticky.h"

struct session_table;
struct tls_client_set;
struct wait_queue;

// One address, for as long as anybody cares: the same object in every set that has its
// group, its URL and its address, and so in those of other configurations, too. Whoever
// may look at it holds a set with it, or a reservation (active).
struct upstream_server {
	const char *group; // name of its group
	const char *text;  // its URL as written
	const char *name;  // for people: the URL, and "@" and the IP it was resolved to
	struct url url;    // slices of text
	struct addr address;
	size_t slot;   // small, and no other living server's: the pool's key
	uint64_t id;   // no other server's, ever
	uint64_t hash; // of its name, the same in every process
	size_t sets;   // that have it; the control loop's
	_Atomic uint64_t active;
	_Atomic uint64_t
		came_ms; // later than its group, or back: slow start; 0 = neither
	_Atomic(struct wait_queue *) queue; // of its group; NULL = it never had a maximum
	_Atomic unsigned health;            // enum health_state; health_checker's
	struct ejection ejection;
};

// What a group of that name keeps over all its sets.
struct upstream_group {
	const char *name;
	size_t sets; // that have it; the control loop's
	_Atomic uint64_t cursor;
	struct retry_budget retries;
	struct circuit circuit;
};

// A server in one set.
struct upstream_member {
	struct upstream_server *server;
	const struct conf_server *conf;
	unsigned weight;
	bool is_down; // by the administrator
	bool is_gone; // its name does not lead there any more; what is open stays
};

struct upstream {
	const struct conf_upstream *conf;
	struct upstream_group *group;
	struct upstream_member *members; // maybe none: no name was resolved yet
	size_t member_count;
	uint16_t *order; // balance_order of members that take traffic
	size_t order_length;
	struct tls_client_set *tls;     // for https servers; NULL = it has none
	struct wait_queue *queue;       // the group's; NULL = no server has a maximum
	struct session_table *sessions; // the group's; NULL = it asks for none
	struct sticky_token *tokens;    // of its members; NULL = it is not sticky
	struct sticky_key key;          // of the tokens
};

struct upstream_set {
	size_t references;   // the control loop's
	struct conf *conf;   // holds a reference
	struct conf **added; // the same: servers that the file does not have
	size_t added_count;
	struct upstream *upstreams; // same indices as conf->upstreams
	size_t upstream_count;
};

// The control loop's thread. The last upstream_set_unref frees it, but no server and no
// group; NULL is allowed there.
struct upstream_set *upstream_set_ref(struct upstream_set *set);
void upstream_set_unref(struct upstream_set *set);

// NULL if there is none of that name.
const struct upstream *upstream_find_group(
	const struct upstream_set *set, const char *name);
// May new traffic go to it?
bool upstream_takes_traffic(const struct upstream_member *member);
// No check says that it is down, and it is not ejected.
bool upstream_is_healthy(const struct upstream_server *server, uint64_t now);
// No server that takes traffic is healthy: so all of them get it.
bool upstream_is_in_panic(const struct upstream *upstream, uint64_t now);
// Is it gone, and nothing on it any more? The next set will not have it.
bool upstream_is_forgotten(const struct upstream_member *member);
// "up", "down" by the administrator, or "gone".
const char *upstream_state_name(const struct upstream_member *member);
// Has the group a server of that URL, at whatever address?
bool upstream_has_text(const struct upstream *upstream, const char *text);
// The server's place in that group; NULL = none: it was taken away.
const struct upstream_member *upstream_find_member(
	const struct upstream *upstream, const struct upstream_server *server);

// It works again after it did not, or will at a time ahead: its slow start begins then.
void upstream_start_slowly(struct upstream_server *server, uint64_t at_ms);
