// SPDX-License-Identifier: MIT
// Where a channel's order and history come from: this process alone (broker_local), or
// one Redis for many machines (broker_redis). The hub asks; what happens is told to the
// hub, also what it published itself. For the control loop's thread.
#pragma once

#include "wherry/conf/conf_push.h"
#include "wherry/hub/message.h"
#include "wherry/hub/publication.h"

struct broker;

// What is told to the hub. Any of it may run inside a call into the broker.
struct broker_handler {
	// It was published, here or elsewhere, and has its id. Those of one channel come
	// in the order of ids, each once. A reference is taken if it is kept.
	void (*on_message)(void *arg, struct message *message);
	// The answer to join: what is remembered, the oldest first, and the id up to
	// which messages are not remembered any more. Again, without messages, when the
	// broker was away and comes back with a gap up to that id.
	void (*on_history)(void *arg, struct str channel, uint64_t floor,
		struct message *const *messages, size_t count);
	// It can be used, or can't, which is told after each attempt; text says why.
	void (*on_state)(void *arg, bool is_ready, const char *text);
};

// Answers to one publication: receipts has one for each message.
typedef void (*broker_published_cb)(void *arg, enum publication_result result,
	const struct publication_receipt *receipts);

// One implementation. Each function gets the broker.
struct broker_methods {
	const char *name;
	// It remembers channels on its own. Else the hub does, also those that nobody has
	// joined, and is told of all that is published in them.
	bool remembers;
	// What is under way is answered first.
	void (*destroy)(struct broker *broker);
	// All of its messages get ids and go into their channels' history, and whoever
	// joined those is told, before or after done runs, which it may before this
	// returns.
	void (*publish)(struct broker *broker, const struct publication_options *options,
		broker_published_cb done, void *arg);
	// This process has subscribers there, or has none any more.
	void (*join)(struct broker *broker, struct str channel,
		const struct conf_history *limits, uint64_t after);
	void (*part)(struct broker *broker, struct str channel);
	// Someone came or went here; all who joined are told by a MESSAGE_PRESENCE, if
	// the channel wants that. subscribers: how many this process has now.
	void (*enter)(struct broker *broker, struct str channel, struct str member,
		enum conf_presence presence, size_t subscribers);
	void (*leave)(struct broker *broker, struct str channel, struct str member,
		enum conf_presence presence, size_t subscribers);
};

struct broker {
	const struct broker_methods *methods;
	const struct broker_handler *handler; // set by the hub
	void *arg;
	uint64_t floor; // of one that does not remember: all it publishes has greater ids
};
