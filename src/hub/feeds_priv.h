// SPDX-License-Identifier: MIT
// What the files of a worker's side of the hub share: feeds, and the places that
// subscribers have in them. All of it is the worker's own but the taps.
#pragma once

#include "hub_priv.h"
#include "wherry/hub/feeds.h"
#include "wherry/hub/subscriber.h"

enum feed_state {
	FEED_JOINING, // the hub was asked, or is about to be
	FEED_LIVE,
	FEED_PARTING, // the hub was told; new subscribers wait until it has answered
	FEED_REFUSED, // by the hub, which has too many channels
};

// In the feed's order; also its subscriber's.
struct subscriber_place {
	struct feed *feed;
	struct subscriber *subscriber;
	TAILQ_ENTRY(subscriber_place) beside;
	struct hub_visit *member; // who it is, for when it leaves; NULL = is not told
	uint64_t from;            // messages up to this id are not for it
	uint64_t quiet_to;        // up to this id only data is
	bool has_gap;             // some after that are gone, which is yet to be told
	bool is_counted;          // in the crowd
};

struct feed {
	struct feeds *feeds;
	struct hub_tap tap;
	TAILQ_ENTRY(feed) beside; // of all
	TAILQ_ENTRY(feed) busy;   // of those with something to tell
	enum feed_state state;
	bool is_busy;
	bool has_missed;     // a message, for want of memory: none after it is taken
	bool is_resync_late; // until the hub has told all again, which it is to be asked
	bool is_join_late;   // there was no memory to ask the hub
	bool is_count_late;  // or to tell it how many are there
	struct history history;
	struct history newest;      // of each key, while someone asks for that
	struct conf_channel asked;  // the most that the hub was asked for
	struct conf_history limits; // what it remembers
	struct conf_history queue;  // the most that a subscriber allows
	size_t subscriber_count, latest_count;
	_Atomic size_t *crowd; // lent by the hub while LIVE
	size_t max_subscribers;
	// A round visits all of them, always the same way: backward costs 3 % more of
	// CPU. What comes meanwhile lengthens it until all have been visited since.
	TAILQ_HEAD(feed_places, subscriber_place) places;
	struct subscriber_place *next; // where it goes on; NULL: at the first
	size_t left;                   // visits until it is over
	bool is_behind;                // someone has not got all, since the last news
	uint64_t left_alone_ms;        // since when nobody is there
	size_t name_length;
	char name[];
};

TAILQ_HEAD(feed_list, feed);
TAILQ_HEAD(subscriber_list, subscriber);

struct feeds {
	struct loop *loop;
	struct hub *hub;
	struct hub_worker worker;
	struct map *by_name;
	struct feed_list all, busy;
	struct subscriber_list waking;
	STAILQ_HEAD(, hub_visit) late; // there was no memory to tell the hub
	struct loop_deferred pump;
	struct loop_timer sweep;
	struct subscriber *current; // whose callback runs; NULL once it is finished
	bool has_told;              // something to the hub, which may be under way
};

// Found, or made and joined. NULL when memory is short.
MUST_CHECK struct feed *feed_get(
	struct feeds *feeds, struct str name, const struct conf_channel *rules);
void feed_destroy(struct feed *feed);
// Asks the hub. Without memory that is done later.
void feed_join(struct feed *feed);
// The subscriber is one of the channel's crowd from now on, or is ended as one too many.
void feed_count(struct subscriber_place *place);
// A subscriber's place, and what it asks for. False when memory is short.
MUST_CHECK bool feed_enter(struct feed *feed, struct subscriber_place *place,
	const struct conf_channel *rules, struct str member);
void feed_leave(struct subscriber_place *place);
// Lets go what is too old, and the feed, which may be freed, if nobody has been there for
// a while.
void feed_sweep(struct feed *feed, uint64_t now_ms);

// Tells the hub, now or later.
void feeds_post_visit(struct feeds *feeds, struct hub_visit *visit);

// It has missed a message: asks the hub for all that it remembers.
void feed_resync(struct feed *feed);

// From the hub.
void feed_append(struct feed *feed, struct message *message);
void feed_sync(struct feed *feed, struct hub_sync *sync);
void feed_parted(struct feed *feed);
void feed_refused(struct feed *feed);
// What a subscriber reads there.
static inline const struct history *feed_history_for(
	const struct feed *feed, const struct subscriber *subscriber)
{
	return subscriber->slow == CONF_SLOW_LATEST ? &feed->newest : &feed->history;
}
// A round is over.
void feed_settle(struct feed *feed);

// There is something to tell to all its places.
void feeds_wake_feed(struct feed *feed);
void feeds_wake_subscriber(struct subscriber *subscriber);

// What becomes of a visit.
enum subscriber_visit {
	SUBSCRIBER_CAUGHT_UP,
	SUBSCRIBER_BEHIND, // it is full
	SUBSCRIBER_MORE,   // the budget is used up
	SUBSCRIBER_GONE,   // it was finished
};
// Delivers as much as it takes, and bytes allow, which is reduced.
enum subscriber_visit subscriber_visit(struct subscriber *subscriber, size_t *bytes);
// Is told so at the end of the turn, and gets no more.
void subscriber_end(
	struct subscriber *subscriber, enum close_reason reason, const char *detail);
// To a subscriber that was ended.
void subscriber_tell_end(struct subscriber *subscriber);
void subscriber_set_full(struct subscriber *subscriber, bool is_full);
// True once all its channels are known, and it has its places in them.
MUST_CHECK bool subscriber_begin(struct subscriber *subscriber);
// It has passed what none of its places has for it.
void subscriber_skip(struct subscriber *subscriber);
// What it has passed in this place: delivered, or not for it.
uint64_t subscriber_passed(const struct subscriber_place *place);
