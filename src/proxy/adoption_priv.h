// SPDX-License-Identifier: MIT
// How a worker's connections come to go by a new edition: looks at each of them, and has
// a drain close the WebSockets whose route or server is not there any more.
#pragma once

#include "wherry/proxy/conn_walk.h"
#include "wherry/proxy/proxy.h"

struct adoption {
	struct site *site;
	struct conn_walk walk;
	struct drain_plan *plan; // a reference; NULL: nobody is closed
	struct drain *drain;     // of the plan, held; NULL: nobody had to be, so far
	struct proxy_adoption result;
	proxy_adopted_cb done; // NULL = nobody asks
	void *arg;
	bool is_again; // there is a newer edition, of which nobody asks
};

void adoption_init(struct adoption *adoption, struct site *site);
// The site has a new edition. What is under way for the one before ends first, if nobody
// asks about this one, for it may have WebSockets to close; else it is told now how far
// it came.
void adoption_start(struct adoption *adoption, struct drain_plan *plan,
	proxy_adopted_cb done, void *arg);
// Before the memory goes.
void adoption_finish(struct adoption *adoption);
