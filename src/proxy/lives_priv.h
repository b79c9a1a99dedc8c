// SPDX-License-Identifier: MIT
// A worker's live keys from inside: lives.c (all of them, and their home), live_entry.c
// (one), live_fetch.c (asks a backend) and live_answer.c (heads of answers).
#pragma once

#include "wherry/base/map.h"
#include "wherry/hub/live_port.h"
#include "wherry/proxy/live_entry.h"
#include "wherry/proxy/lives.h"
#include "wherry/proxy/site.h"

struct live_fetch;
LIST_HEAD(live_entries, live_entry);
LIST_HEAD(live_fetches, live_fetch);

struct lives {
	struct site *site;
	struct map *entries; // by their keys
	struct live_entries all;
	struct live_fetches fetches; // under way
	struct live_port *port;
	struct live_key key; // room for one that is looked for
	size_t waiting;      // followers
};

// Heads of answers, made anew when they have become older by a second.
struct live_heads {
	struct buf full, short_one; // of a 200 and a 304
	const struct live_snapshot *snapshot;
	uint64_t age_s;
	bool is_stale;
};

struct live_entry {
	LIST_ENTRY(live_entry) link;
	struct lives *lives;
	struct live_key key;
	struct buf head;         // what its backend is asked
	struct edition *edition; // a reference
	const struct conf_route *route;
	size_t users;
	uint64_t asked_ms;     // when a client last asked
	struct live_news news; // with a reference to its snapshot
	bool is_joined;        // there will be news
	bool is_known;         // there were some since
	struct live_followers followers;
	struct live_followers untold; // of these news; the rest of them, in turns to come
	struct loop_timer timer;      // tells them
	struct live_heads heads;
	struct message *status; // that was told last; or NULL
	const char *status_payload;
};

// live_entry.c

void live_entry_destroy(struct live_entry *entry);
// Does anybody here still ask for it?
bool live_entry_is_wanted(const struct live_entry *entry);
// It has left its home. Frees it, if it has no user.
void live_entry_part(struct live_entry *entry);
void live_entry_take_news(struct live_entry *entry, const struct live_news *news);

// live_fetch.c

// Asks the backend of the entry; newest is what it may say that nothing has changed of.
// Reports by itself.
void live_fetch_start(struct live_entry *entry, struct live_snapshot *newest);
// Drops all.
void live_fetch_stop_all(struct lives *lives);
