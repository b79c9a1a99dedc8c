// SPDX-License-Identifier: MIT
// A publication on its way from a worker to the hub and back.
#pragma once

#include <sys/queue.h>

#include "wherry/hub/publication.h"

struct hub_worker;

struct publication {
	STAILQ_ENTRY(publication) beside;
	LIST_ENTRY(publication) waiting; // for the broker
	struct hub_worker *worker;       // NULL: it is gone
	publication_done_cb done;        // NULL: it was forgotten
	void *arg;
	// With texts and messages of its own.
	struct publication_options options;
	enum publication_result result;
	struct publication_receipt *receipts;
	struct message *messages[]; // and behind them the receipts and the claim
};

// NULL when memory is short.
struct publication *publication_create(const struct publication_options *options);
void publication_destroy(struct publication *publication);
