// SPDX-License-Identifier: MIT
// What one worker has of the hub: a feed for each channel that has subscribers here, with
// what is remembered of it; and the way to the hub for what is published here. Made and
// used on the worker's thread.
#pragma once

#include "wherry/hub/publication.h"
#include "wherry/hub/subscriber.h"
#include "wherry/net/loop.h"

struct feeds;
struct hub;

// The hub outlives it. NULL when memory is short.
MUST_CHECK struct feeds *feeds_create(struct loop *loop, struct hub *hub);
// Without subscribers by now. On the hub's thread while neither loop runs, which settles
// both; or before it was used. NULL is allowed.
void feeds_destroy(struct feeds *feeds);

// Sends all of them to the hub, as one. done runs once on this thread, never before this
// returns. NULL when memory is short; else lent until done ran or it was forgotten.
MUST_CHECK struct publication *feeds_publish(struct feeds *feeds,
	const struct publication_options *options, publication_done_cb done, void *arg);
// done does not run any more; what was sent is published all the same.
void feeds_forget(struct publication *publication);
