// SPDX-License-Identifier: MIT
// Who is in one channel: names, each as often as it is there, and what has changed since
// that was last told. Not thread-safe.
#pragma once

#include "wherry/base/buf.h"
#include "wherry/conf/conf_push.h"

struct presence;

enum {
	PRESENCE_MAX_NAMES = 10000, // more are counted, not named
	PRESENCE_MAX_TOLD = 100,    // names in one event
	PRESENCE_MAX_LENGTH = 256,  // of a name; longer ones are not named
};

// NULL when memory is short.
MUST_CHECK struct presence *presence_create(void);
void presence_destroy(struct presence *presence);
// An empty name is nobody's. What there is no memory for is not named.
void presence_enter(struct presence *presence, struct str name);
void presence_leave(struct presence *presence, struct str name);
// Appends what an event tells: {"count":N}, and as a list
// {"count":N,"members":["a"],"joined":["a"],"left":["b"]}, where "members" is missing if
// there are more than PRESENCE_MAX_TOLD. What has changed is told.
void presence_write(struct presence *presence, enum conf_presence kind, size_t count,
	struct buf *out);
// Appends the names of those who are there, each once, as LENGTH:NAME.
void presence_write_names(const struct presence *presence, struct buf *out);
