// SPDX-License-Identifier: MIT
// Whether a password is right: the htpasswd files of one configuration, a helper thread
// that hashes, and a memory of what was right within the last minute. Hashing takes as
// long as its cost says, so no loop ever does it; the thread's queue is bounded, in all
// and for each source.
#pragma once

#include "wherry/conf/conf.h"
#include "wherry/net/loop.h"

struct passwords;
struct passwords_question; // one password that is waited for

enum passwords_answer {
	PASSWORDS_RIGHT = 0,
	PASSWORDS_WRONG, // also for users that are unknown, as late as for others
	PASSWORDS_BUSY,  // too many wait already
	PASSWORDS_PENDING,
};

enum {
	PASSWORDS_QUEUE_MAX = 256,
	PASSWORDS_SOURCE_MAX = 32,      // of them, of one source
	PASSWORDS_REMEMBERED_MS = 60000 // and no longer, however often it is used
};

// On the asking loop's thread.
typedef void (*passwords_done_cb)(void *arg, enum passwords_answer answer);

// Reads the files that the routes name. NULL: *reterr_text says what is wrong, in whole
// lines. conf outlives it.
MUST_CHECK struct passwords *passwords_create(
	const struct conf *conf, struct buf *reterr_text);
// Starts the thread; before that, nothing is answered. False if there can be none.
MUST_CHECK bool passwords_start(struct passwords *passwords);
// Ends the thread. What still waits is answered BUSY, by loop_post: so the loops must
// still be there.
void passwords_stop(struct passwords *passwords);
// Once all loops have run what was posted to them. NULL is allowed.
void passwords_destroy(struct passwords *passwords);

struct passwords_request {
	size_t route;        // index; it has basic_auth
	struct str user;     // without NUL
	struct str password; // the same; neither is kept longer than needed
	const struct addr *source;
	struct loop *loop; // of the calling thread; done is called there
	passwords_done_cb done;
	void *arg;
};

// Any loop's thread. PENDING: done is called once, never before this returns.
MUST_CHECK enum passwords_answer passwords_ask(struct passwords *passwords,
	const struct passwords_request *request,
	struct passwords_question **ret_question);
// done will not be called. Only before it was.
void passwords_forget(struct passwords_question *question);
