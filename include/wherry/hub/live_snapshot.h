// SPDX-License-Identifier: MIT
// What the backend of a live URL last answered, once for all who ask: immutable, shared
// by all threads. Its body is a message, so that it can be pushed as well.
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "wherry/base/attributes.h"
#include "wherry/base/str.h"

struct message;

// All texts are copied.
struct live_snapshot_parts {
	struct message *message; // the body; a reference is taken
	struct message *patch;   // what makes it of the body before; or NULL. The same
	uint64_t patched_id;     // of that body
	struct str fields; // of the response, each with its CRLF, but for those below
	struct str short_fields;  // those of them that a 304 repeats
	struct str cache_control; // for clients; not empty
	struct str etag;          // for clients; not empty
	struct str validator;     // ETag of the backend's; may be empty, as the next
	struct str modified;      // Last-Modified
};

struct live_snapshot {
	_Atomic size_t references;
	struct live_snapshot_parts parts;
	size_t size; // that it takes of memory, with its messages
	char text[]; // what the parts are slices of
};

// With one reference. NULL when memory is short.
MUST_CHECK struct live_snapshot *live_snapshot_create(
	const struct live_snapshot_parts *parts);
// NULL is allowed.
struct live_snapshot *live_snapshot_ref(struct live_snapshot *snapshot);
void live_snapshot_unref(struct live_snapshot *snapshot);
// Of its body, ascending from one to the next.
uint64_t live_snapshot_id(const struct live_snapshot *snapshot);
