// SPDX-License-Identifier: MIT
// What one worker has of a live key, as long as its clients ask for it: the newest
// snapshot, to answer polls from without leaving the thread, and who waits for news or
// follows. All for the worker's own thread.
#pragma once

#include <sys/queue.h>

#include "wherry/hub/live.h"
#include "wherry/proxy/edition.h"
#include "wherry/proxy/live_key.h"

struct live_entry;
struct lives;
struct message;

// Who is told of news, until it leaves; embedded. on_news may leave and free.
struct live_follower {
	LIST_ENTRY(live_follower) link;
	struct live_entry *entry; // NULL: it follows none
	void (*on_news)(struct live_follower *follower);
	bool is_waiting; // for an answer: counts as one of live.waiters
};
LIST_HEAD(live_followers, live_follower);

// What a request can be given.
enum live_look {
	LIVE_LOOK_READY, // the snapshot; it is stale, if the state is LIVE_DOWN
	LIVE_LOOK_WAIT,  // nothing is known yet
	LIVE_LOOK_PASS,  // what a backend says to it alone
	LIVE_LOOK_DOWN,  // nothing: the backend is down, for too long
};

// The entry of the question's key, which is made if there is none; it goes by this
// edition and the choice's route from now on. One user more. NULL when memory is short.
MUST_CHECK struct live_entry *live_entry_find(struct lives *lives,
	struct edition *edition, const struct live_key_question *question);
// One user less; NULL is allowed.
void live_entry_release(struct live_entry *entry);
// It goes by this route of a newer edition, unless that leads elsewhere: then false.
MUST_CHECK bool live_entry_follow_route(struct live_entry *entry, struct edition *edition,
	const struct conf_route *route);

// Path and query that its clients ask for. Lent.
struct str live_entry_url(const struct live_entry *entry);
// Without being counted as interest.
enum live_look live_entry_look(const struct live_entry *entry);
// A client asks for it: it will be kept up to date for a while.
enum live_look live_entry_ask(struct live_entry *entry);
// Lent until the loop's turn ends.
const struct live_news *live_entry_news(const struct live_entry *entry);

// A MESSAGE_STATUS with this payload, which is static; lent until another one is asked
// for. NULL when memory is short.
struct message *live_entry_status(struct live_entry *entry, const char *payload);

// The follower's user of the entry stays its own. False: too many are waiting.
MUST_CHECK bool live_entry_follow(
	struct live_entry *entry, struct live_follower *follower, bool is_waiting);
// The same for a subscriber, who is told at the next turn what there is.
void live_entry_subscribe(struct live_entry *entry, struct live_follower *follower);
// Told once more, at the next turn.
void live_entry_tell(struct live_follower *follower);
// Allowed at any time, also on a zeroed one.
void live_entry_leave(struct live_follower *follower);
