// SPDX-License-Identifier: MIT
// One who is told what is published in some channels: a place in each of their feeds, and
// where what comes goes. Nothing is queued for it: as long as it is full its places stay
// where they are, and the feeds hold the messages. It knows no transport.
//
// A worker's own; all of it is for the worker's thread.
#pragma once

#include <sys/queue.h>

#include "wherry/base/close_reason.h"
#include "wherry/conf/conf_push.h"
#include "wherry/hub/message.h"

struct feed;
struct feeds;
struct subscriber;

enum {
	SUBSCRIBER_MAX_CHANNELS = CONF_MAX_CHANNELS
};

#define SUBSCRIBER_FROM_NOW UINT64_MAX

enum subscriber_answer {
	SUBSCRIBER_TOOK, // it is written
	SUBSCRIBER_FULL, // it is not: subscriber_resume says when to offer it again
};

// None of these runs inside a call into the subscriber. Each may finish it.
struct subscriber_handler {
	// The next message, in the order of ids over all its channels. MESSAGE_GAP: some
	// before the next one are not there any more. The message is lent.
	enum subscriber_answer (*deliver)(void *arg, struct message *message);
	// What is delivered from now on is to leave together, until that is over: several
	// messages wait for it. It is not told of the end once it is finished. May be
	// NULL.
	void (*gather)(void *arg, bool is_on);
	// All that was there when it began was delivered; from now on it is told as
	// things happen. Once. May be NULL.
	void (*on_ready)(void *arg);
	// It gets no more: it was too slow, is one too many, or memory is short. Only
	// subscriber_finish is left.
	void (*on_end)(void *arg, enum close_reason reason, const char *detail);
};

struct subscriber_place; // in one feed

// Embedded in what writes for it.
struct subscriber {
	TAILQ_ENTRY(subscriber) waking;
	const char *end_detail;
	// What a visit looks at lies together.
	struct feeds *feeds;
	const struct subscriber_handler *handler;
	void *arg;
	struct subscriber_place *places; // one for each channel
	uint64_t delivered_id; // the last one that was taken; where to go on from
	uint8_t place_count;
	uint8_t slow;       // enum conf_slow
	uint8_t end_reason; // enum close_reason
	bool is_told_presence;
	bool is_waking; // it is looked after in this turn
	bool has_begun; // all its channels are known
	bool is_full;
	bool is_ready;
	bool is_ended;
};

struct subscriber_options {
	const struct str *channels;       // their names; copied
	size_t channel_count;             // 1 to SUBSCRIBER_MAX_CHANNELS, all different
	const struct conf_channel *rules; // copied
	// It gets what was published after this id; SUBSCRIBER_FROM_NOW: what comes next;
	// 0: all that is remembered, without a gap.
	uint64_t after;
	struct str member; // who it is, for presence; copied; may be empty
};

// Begins. False when memory is short: it is finished then.
MUST_CHECK bool subscriber_start(struct subscriber *subscriber, struct feeds *feeds,
	const struct subscriber_options *options,
	const struct subscriber_handler *handler, void *arg);
// What was FULL has room: it goes on, at the end of the turn.
void subscriber_resume(struct subscriber *subscriber);
// Leaves its channels. Allowed at any time, also from its own callbacks, twice, and on a
// zeroed one.
void subscriber_finish(struct subscriber *subscriber);
// Its channels' names, of place_count. Lent until the turn ends.
struct str subscriber_channel(const struct subscriber *subscriber, size_t index);
// The id that it has got everything up to: who goes on behind it misses nothing.
uint64_t subscriber_position(const struct subscriber *subscriber);
// Messages that it has not got yet, and their payloads' bytes.
void subscriber_lag(
	const struct subscriber *subscriber, size_t *ret_messages, uint64_t *ret_bytes);
