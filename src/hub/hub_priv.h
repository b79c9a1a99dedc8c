// SPDX-License-Identifier: MIT
// What the files of the hub share, and how the two threads meet: each feed of a worker
// has a tap in its channel, and what a turn of the control loop has for a worker is one
// batch. All but the batch is the control loop's.
#pragma once

#include <stdatomic.h>
#include <sys/queue.h>

#include "wherry/base/map.h"
#include "wherry/hub/history.h"
#include "wherry/hub/hub.h"

struct channel;
struct feed;
struct feeds;
struct hub_tap;
struct publication;

// The answer to a join: what the channel remembers. Again when a worker has missed
// something.
struct hub_sync {
	STAILQ_ENTRY(hub_sync) beside;
	struct feed *feed;
	struct conf_history limits;
	_Atomic size_t *crowd; // its subscribers, counted by all workers
	uint64_t floor;        // as a history's
	size_t item_count;     // of the batch, that come before it
	size_t count;
	struct message *messages[]; // a reference to each
};

struct hub_item {
	struct feed *feed;
	struct message *message; // a reference
};

// What becomes of it on the worker's thread stands in this order.
struct hub_batch {
	struct feeds *feeds;
	STAILQ_HEAD(hub_syncs, hub_sync) syncs;
	struct hub_item *items;
	size_t count, capacity;
	STAILQ_HEAD(hub_published, publication) published;
	STAILQ_HEAD(hub_told, hub_tap) parted, refused;
};

// A worker, as the hub knows it.
struct hub_worker {
	LIST_ENTRY(hub_worker) beside;
	struct hub *hub;
	struct loop *loop;
	struct hub_batch batch;           // for the end of the turn
	LIST_HEAD(, publication) waiting; // for the broker
};

// A feed, as the hub knows it. Part of the feed, which lives until it was told that it is
// parted or refused.
struct hub_tap {
	struct hub_worker *worker;
	struct feed *feed;
	struct str name;           // of the channel
	struct conf_channel rules; // what it asks of it
	struct channel *channel;   // NULL: not joined
	TAILQ_ENTRY(hub_tap) beside;
	STAILQ_ENTRY(hub_tap) told;
	bool needs_sync;
	_Atomic bool is_count_posted; // hub_count is under way
	_Atomic size_t present;       // subscribers there, since before it was joined
};

// Someone came or left.
struct hub_visit {
	STAILQ_ENTRY(hub_visit) beside; // of those that could not be posted yet
	struct hub_tap *tap;
	bool is_coming;
	size_t length;
	char member[];
};

struct hub_channels {
	TAILQ_HEAD(, channel) list;
	struct channel *next_swept; // NULL: the first
};

struct hub {
	struct loop *loop;
	struct broker *broker;
	struct map *channels; // by name
	// Those that some worker has joined; and others, the least lately used first.
	struct hub_channels joined, idle;
	LIST_HEAD(hub_workers, hub_worker) workers;
	size_t max_channels;
	uint64_t max_bytes;
	_Atomic uint64_t bytes;  // of all messages that live
	uint64_t floor;          // id of the newest that was forgotten with its channel
	_Atomic uint64_t newest; // id of all that was published, or was before it began
	uint64_t id_slack_us;    // so much ahead of our clock another machine's may be
	struct loop_deferred flush;
	struct loop_timer sweep;
	struct loop_timer retry; // of what there was no memory for
	uint64_t warned_ms;      // when a limit was last reported
	char *state;             // of the broker; NULL = ready
	bool is_state_told;      // in the log
	uint64_t state_told_ms;  // when one was
};

// Called by posts of the worker's.
void hub_join(void *tap);
void hub_part(void *tap);
// How many subscribers there are has changed.
void hub_count(void *tap);
// The feed has missed something.
void hub_resync(void *tap);
// Takes the struct hub_visit.
void hub_visit(void *visit);
// The same feed has a subscriber that asks for more: tap and rules, to be freed.
struct hub_demand {
	struct hub_tap *tap;
	struct conf_channel rules;
};
void hub_demand(void *demand);
void hub_publish(void *publication);

// What the broker answers to joins.
void hub_tap_on_history(void *hub, struct str channel, uint64_t floor,
	struct message *const *messages, size_t count);

// On the main thread, before the worker's starts and after it has ended.
void hub_worker_attach(struct hub_worker *worker, struct hub *hub, struct loop *loop,
	struct feeds *feeds);
void hub_worker_detach(struct hub_worker *worker);
// On the main thread: parts the tap without telling its feed.
void hub_tap_drop(struct hub_tap *tap);

// Batches.
void hub_batch_init(struct hub_batch *batch, struct feeds *feeds);
// Drops what it holds.
void hub_batch_clear(struct hub_batch *batch);
void hub_batch_add(struct hub_tap *tap, struct message *message);
// The tap gets what its channel remembers.
void hub_batch_sync(struct hub_tap *tap);
// There is something in it, for the end of the turn.
void hub_batch_mark(struct hub *hub);
void hub_batch_retry(void *hub);

// It was given to a message.
void hub_note_id(struct hub *hub, uint64_t id);

// A limit was reached; logged at most every ten seconds.
void hub_warn(struct hub *hub, const char *what);

// Feeds: takes the batch on the worker's thread, and frees it.
void feeds_receive(void *batch);
