// SPDX-License-Identifier: MIT
// The home of live URLs from inside: live.c (all keys, and their bounds), live_route.c
// (those of one route), live_topic.c (one key's cycle) and live_port.c (what travels
// between threads).
#pragma once

#include <stdatomic.h>
#include <sys/queue.h>

#include "wherry/base/map.h"
#include "wherry/hub/live_port.h"

struct live_topic;
TAILQ_HEAD(live_topics, live_topic);

struct live {
	struct loop *loop;
	struct map *topics;        // by their keys
	struct map *routes;        // that have some, by their names
	struct live_topics busy;   // all with members
	struct live_topics idle;   // all without; the longest idle first
	uint64_t bytes, max_bytes; // of snapshots
};

// What one route has: it takes no room from another.
struct live_route {
	struct live *live;
	size_t count;            // of its keys, or about to be
	struct live_topics idle; // as live's
	struct str name;         // behind it
};

// One key.
struct live_topic {
	TAILQ_ENTRY(live_topic) entry;       // of the busy or the idle
	TAILQ_ENTRY(live_topic) route_entry; // of its route's idle
	struct live *live;
	struct live_route *route; // that asked for it last; counts it
	struct live_rules rules;
	struct live_pace pace;
	struct live_news news; // with a reference to its snapshot
	bool is_known;         // there are news
	bool has_untold;       // some could not be told
	uint64_t due_ms;       // when the backend may be asked again
	struct loop_timer timer;
	struct live_port **members; // workers with clients; references
	size_t member_count;
	struct live_port *fetcher; // that asked last, if it is a member
	struct live_port *asked;   // that asks now; a reference
	unsigned lost_before;      // of its reports, when it was asked
	struct str key;            // behind it
};

// live.c

// Room for that many bytes of snapshots more: false if there is none.
bool live_make_room(struct live *live, size_t bytes);
void live_remove(struct live *live, struct live_topic *topic);

// live_route.c

// One key more of that route. NULL when memory is short.
MUST_CHECK struct live_route *live_route_enter(struct live *live, struct str name);
// One less. Frees it with its last one.
void live_route_leave(struct live_route *route);

// live_topic.c

// Takes over one key of the route. NULL when memory is short: then it does not.
MUST_CHECK struct live_topic *live_topic_create(struct live_route *route, struct str key);
void live_topic_destroy(struct live_topic *topic);
// Another route asks for it: takes over one key of that one.
void live_topic_move(struct live_topic *topic, struct live_route *route);
// False when memory is short.
MUST_CHECK bool live_topic_join(
	struct live_topic *topic, struct live_port *port, const struct live_rules *rules);
// These may end the topic, when nobody has asked for it for long.
void live_topic_part(struct live_topic *topic, struct live_port *port);
void live_topic_report(struct live_topic *topic, struct live_port *port,
	const struct live_result *result);

// live_port.c: to the worker. False when memory is short, or it is gone.
MUST_CHECK bool live_port_fetch(
	struct live_port *port, struct str key, struct live_snapshot *newest);
MUST_CHECK bool live_port_tell(
	struct live_port *port, struct str key, const struct live_news *news);
// Its worker is gone.
bool live_port_is_closed(const struct live_port *port);
// How many reports it had no memory for.
unsigned live_port_count_lost(const struct live_port *port);
struct live_port *live_port_ref(struct live_port *port);
void live_port_unref(struct live_port *port);

// live.c: from a worker.
void live_hear_join(struct live *live, struct live_port *port, struct str key,
	struct str route, const struct live_rules *rules);
void live_hear_part(struct live *live, struct live_port *port, struct str key);
void live_hear_report(struct live *live, struct live_port *port, struct str key,
	const struct live_result *result);
