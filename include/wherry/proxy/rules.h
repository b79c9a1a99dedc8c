// SPDX-License-Identifier: MIT
// What one configuration asks of requests, with the files that it names for that: key
// sets, passwords and secrets of webhooks. Immutable but for what it counts; shared by
// all workers. Servers and certificates are not here, since they change without it.
#pragma once

#include "wherry/base/buf.h"
#include "wherry/conf/conf.h"

struct limits_route;
struct passwords;
struct tokens;
struct webhooks;

struct rules {
	struct conf *conf; // a reference
	struct passwords *passwords;
	struct tokens *tokens;
	struct webhooks *webhooks;
	struct limits_route *routes; // how busy each is, as conf->routes
	size_t references;           // snapshots; the control loop's
};

// Reads the files, all of them, so that all mistakes show at once. With one reference.
// NULL: *reterr_text has one line for each mistake. Takes a reference to conf.
MUST_CHECK struct rules *rules_create(struct conf *conf, struct buf *reterr_text);
// Before any worker has them: starts the thread that passwords need. False if there can
// be none.
MUST_CHECK bool rules_start(struct rules *rules);
// Ends that thread, after the password that is being hashed: what waits is refused.
// The last unref does that, too.
void rules_stop(struct rules *rules);
// The control loop's thread. The last one waits for a password that is being hashed; the
// loops of those who ask must still be there. NULL is allowed.
struct rules *rules_ref(struct rules *rules);
void rules_unref(struct rules *rules);
