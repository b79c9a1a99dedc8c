// SPDX-License-Identifier: MIT
// A hub with a few workers, all in one thread and turned by hand; and readers, whose
// story is what they were told: "1:payload " for a message, whose id is told as its place
// among those published; "gap ", "ready ", "end(reason) ".
#pragma once

#include "wherry/base/buf.h"
#include "wherry/hub/feeds.h"
#include "wherry/hub/hub.h"
#include "wherry/hub/subscriber.h"

enum {
	HUB_FIXTURE_WORKERS = 3
};

struct hub_fixture {
	struct loop *control;
	struct loop *loops[HUB_FIXTURE_WORKERS];
	struct broker *broker; // the hub's, a local one
	struct hub *hub;
	struct feeds *feeds[HUB_FIXTURE_WORKERS];
	struct conf_channel rules;   // of readers that start from now on
	struct conf_history history; // of what is published from now on
	uint64_t ids[4096];          // of what was published, in order
	size_t published;
	size_t reached;                 // by the last one
	size_t told;                    // messages, to all readers
	enum publication_result result; // of the last one
};

struct reader {
	struct hub_fixture *fixture;
	struct subscriber subscriber;
	struct buf story;
	size_t room;           // messages that it takes until it is full
	size_t finishes_after; // messages; 0 = never
	size_t delivered;
	size_t told_as;  // which one of all told its last one was
	size_t gathered; // times that several messages came at once
	bool is_gathering;
	bool stays;          // when it is ended
	bool tells_presence; // the payloads of these events are part of the story
};

// Histories of 100 messages, queues of 10, and no end of everything else.
void hub_fixture_start(struct hub_fixture *fixture);
void hub_fixture_finish(struct hub_fixture *fixture);
// One turn of a worker's loop, or of the control loop.
void hub_fixture_turn(struct loop *loop);
// Until nobody has anything left to do.
void hub_fixture_settle(struct hub_fixture *fixture);

// The same so much later, with the clock stopped (fake_clock).
void hub_fixture_wait(struct hub_fixture *fixture, uint64_t duration_ms);

// From a worker; and what it is told is settled.
void hub_fixture_publish(struct hub_fixture *fixture, size_t worker, const char *channel,
	const char *payload);
// What it is told is not settled, so that more may be on its way with it.
void hub_fixture_post(struct hub_fixture *fixture, size_t worker, const char *channel,
	const char *payload);
void hub_fixture_publish_key(struct hub_fixture *fixture, size_t worker,
	const char *channel, const char *key, const char *payload);

// channels: names with spaces between. after: as of a subscriber, but that it is the
// number of a message, from 1 on.
void reader_start(struct reader *reader, struct hub_fixture *fixture, size_t worker,
	const char *channels, uint64_t after);
void reader_start_as(struct reader *reader, struct hub_fixture *fixture, size_t worker,
	const char *channels, uint64_t after, const char *member);
// The same; but nothing was turned yet.
void reader_begin(struct reader *reader, struct hub_fixture *fixture, size_t worker,
	const char *channels, uint64_t after, const char *member);
// It has room for so many more.
void reader_make_room(struct reader *reader, size_t room);
// Its story is that; it is forgotten.
void reader_expect(struct reader *reader, const char *story);
void reader_finish(struct reader *reader);
