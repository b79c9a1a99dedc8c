// SPDX-License-Identifier: MIT
// What the three transports of a subscription have in common: which channels, from where
// on, and by what rules. Each embeds it as its first member.
#pragma once

#include "wherry/hub/feeds.h"
#include "wherry/hub/subscriber.h"
#include "wherry/proxy/live_reader.h"
#include "wherry/proxy/push.h"
#include "wherry/proxy/push_values.h"

struct push_subscription {
	struct push push;
	struct live_reader live;            // instead of the subscriber, of a live URL
	const struct conf_subscribe *rules; // of the edition
	struct push_values values;          // for the names; until it begins
	struct buf names; // of its channels, each with a NUL behind it; until it begins,
			  // or as long as the client may publish
	struct buf head;  // of the answer, or its further fields: written before access
			  // is asked; or why it can't begin
	uint64_t after;   // see subscriber_options
	// What a delivery looks at comes last, beside what the transport has first.
	struct subscriber subscriber;
	bool resumes; // it said after what
	bool wants_envelope;
};

// Takes from the request's head what will be needed. False when memory is short: it is
// finished then.
MUST_CHECK bool push_subscription_init(struct push_subscription *subscription,
	const struct push_methods *methods, const struct push_question *question);
void push_subscription_finish(struct push_subscription *subscription);

// See push_methods.
void push_subscription_take_token(struct push *push, const struct jwt *token);
const struct subscriber *push_subscription_find(const struct push *push);
bool push_subscription_find_line(
	const struct push *push, size_t index, struct push_line *ret_line);
// The same channels by newer rules, or none.
bool push_subscription_renew(
	struct push *push, struct edition *edition, const struct conf_route *route);

// Begins; the handler's arg is the subscription. False: it can't, and was answered: it is
// gone.
MUST_CHECK bool push_subscription_start(
	struct push_subscription *subscription, const struct subscriber_handler *handler);
// See subscriber_handler: its stream is corked.
void push_subscription_gather(void *arg, bool is_on);

// The subscription's own channel of that name, which lives as long as the names; of an
// empty name the first. Empty: it has none.
struct str push_subscription_find_channel(
	const struct push_subscription *subscription, struct str name);

// It follows this live URL, and no channels; one user of the entry is taken over. Before
// it begins.
void push_subscription_follow(struct push_subscription *subscription,
	struct live_entry *entry, bool wants_patches);

// What its client had no room for is offered again.
void push_subscription_resume(struct push_subscription *subscription);
// It gets no more. Allowed at any time, also twice.
void push_subscription_stop(struct push_subscription *subscription);

// When what let the request in ends, of now_ms; UINT64_MAX: never.
uint64_t push_subscription_expires_ms(const struct push_subscription *subscription);

// The transports. PUSH_MADE or PUSH_MEMORY.
enum push_creation push_websocket_create(
	const struct push_question *question, struct push **ret_push);
enum push_creation push_sse_create(
	const struct push_question *question, struct push **ret_push);
enum push_creation push_longpoll_create(
	const struct push_question *question, struct push **ret_push);
