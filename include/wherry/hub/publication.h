// SPDX-License-Identifier: MIT
// Messages on their way into their channels, all at once or none, and what became of
// them.
#pragma once

#include <stdbool.h>

#include "wherry/base/str.h"
#include "wherry/conf/conf_push.h"

struct message;
struct publication;

enum publication_result {
	PUBLICATION_DONE = 0,  // all are in their channels' history
	PUBLICATION_DUPLICATE, // its claim was made before: nothing was published
	PUBLICATION_REFUSED,   // a limit of the hub's: too many channels
	PUBLICATION_AWAY,      // the broker can't be reached
	PUBLICATION_MEMORY,
};

struct publication_options {
	struct message *const *messages; // without ids; a reference is taken to each
	size_t count;                    // at least 1
	struct conf_history history;     // of their channels, at least
	bool is_local_allowed;           // see conf_channel
	struct str claim;  // what it is known by; empty: it may come any number of times
	uint64_t claim_ms; // how long that is remembered
};

// What became of one message.
struct publication_receipt {
	uint64_t id;
	size_t subscribers; // that there are; from the broker: on other machines
};

// receipts: one for each message, in order, lent; NULL unless DONE.
typedef void (*publication_done_cb)(void *arg, enum publication_result result,
	const struct publication_receipt *receipts);
