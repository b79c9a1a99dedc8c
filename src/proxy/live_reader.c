// SPDX-License-Identifier: MIT
// Tells a subscriber what a live URL says; see the header.
#include "wherry/proxy/live_reader.h"

#include "lives_priv.h"
#include "wherry/hub/message.h"

static const char is_live[] = "{\"state\":\"live\"}";
static const char is_stale[] = "{\"state\":\"stale\"}";
static const char is_down[] = "{\"state\":\"down\"}";
static const char is_private[] = "{\"state\":\"private\"}";

// NULL: nothing is known yet.
static const char *find_word(const struct live_entry *entry, enum live_look look)
{
	switch (look) {
	case LIVE_LOOK_WAIT:
		return NULL;
	case LIVE_LOOK_PASS:
		return is_private;
	case LIVE_LOOK_DOWN:
		return is_down;
	case LIVE_LOOK_READY:
		break;
	}
	return live_entry_news(entry)->state == LIVE_DOWN ? is_stale : is_live;
}

// False: it is gone, or full.
static bool offer(struct live_reader *reader, struct message *message)
{
	bool is_gone = false;
	if (!message)
		return true; // no memory: the next one may be made
	// cppcheck-suppress autoVariables ; taken back before this returns
	reader->gone = &is_gone;
	enum subscriber_answer answer = reader->handler->deliver(reader->arg, message);
	if (is_gone)
		return false;
	reader->gone = NULL;
	reader->is_full = answer == SUBSCRIBER_FULL;
	return !reader->is_full;
}

// A patch is of use only for who has what it was made for.
static bool offer_snapshot(
	struct live_reader *reader, const struct live_snapshot *snapshot)
{
	const struct live_snapshot_parts *parts = &snapshot->parts;
	uint64_t id = live_snapshot_id(snapshot);
	if (id == reader->delivered_id)
		return true;
	bool is_patch = reader->wants_patches && parts->patch &&
			parts->patched_id == reader->delivered_id;
	if (!offer(reader, is_patch ? parts->patch : parts->message))
		return false;
	reader->delivered_id = id;
	return true;
}

static bool offer_word(struct live_reader *reader, const char *word)
{
	if (word == reader->told)
		return true;
	if (!offer(reader, live_entry_status(reader->entry, word)))
		return false;
	reader->told = word;
	return true;
}

static void on_news(struct live_follower *follower)
{
	struct live_reader *reader = (struct live_reader *)follower; // its first member
	struct live_snapshot *snapshot = live_entry_news(reader->entry)->snapshot;
	const char *word = find_word(reader->entry, live_entry_look(reader->entry));
	if (reader->is_full || !word)
		return;
	if (snapshot && !offer_snapshot(reader, snapshot))
		return;
	if (offer_word(reader, word) && word == is_private)
		reader->handler->on_end(reader->arg, CLOSE_REASON_PRIVATE,
			"what this URL says is not for sharing");
}

void live_reader_init(struct live_reader *reader, struct live_entry *entry)
{
	*reader = (struct live_reader){.entry = entry, .told = is_live};
}

void live_reader_start(struct live_reader *reader, uint64_t after,
	const struct subscriber_handler *handler, void *arg)
{
	reader->handler = handler;
	reader->arg = arg;
	reader->delivered_id = after;
	reader->is_started = true;
	reader->follower.on_news = on_news;
	(void)live_entry_ask(reader->entry);
	live_entry_subscribe(reader->entry, &reader->follower);
}

void live_reader_resume(struct live_reader *reader)
{
	if (!reader->is_started || !reader->is_full)
		return;
	reader->is_full = false;
	live_entry_tell(&reader->follower);
}

void live_reader_finish(struct live_reader *reader)
{
	if (reader->gone)
		*reader->gone = true;
	reader->gone = NULL;
	reader->is_started = false;
	live_entry_leave(&reader->follower);
	live_entry_release(reader->entry);
	reader->entry = NULL;
}
