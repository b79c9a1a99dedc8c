// SPDX-License-Identifier: MIT
// A drain as the whole process sees it: which connections are to close, with what words,
// at which pace, until when; and how far that has come. Made on the control loop, shared
// by the workers, each of which does its share (drain.h). Never changed but for atomics.
#pragma once

#include "wherry/base/addr.h"
#include "wherry/base/close_reason.h"
#include "wherry/proxy/drain_pace.h"

enum {
	DRAIN_PLAN_TEXT_SIZE = 124 // of a Close frame's reason, with its NUL (RFC 6455)
};

enum drain_plan_scope {
	DRAIN_PLAN_GIVEN, // those that drain_add gives it
	DRAIN_PLAN_ALL,
	DRAIN_PLAN_LISTENER, // those that came over it
	DRAIN_PLAN_SERVERS,  // WebSockets with them, and requests they have not answered
	DRAIN_PLAN_MOVED,    // as GIVEN, but for servers that have too many
};

struct drain_plan_options {
	enum drain_plan_scope scope;
	const struct addr *listener; // copied, as the next
	const uint64_t *servers;     // their ids
	size_t server_count;
	enum close_reason reason;
	uint16_t code;                  // of the Close frames; 0 = the reason's own
	const char *text;               // in them; NULL = the reason's name; copied, cut
	uint64_t window_ms, timeout_ms; // from now on
	size_t shares;                  // workers that will do a share
};

struct drain_plan {
	enum drain_plan_scope scope;
	struct addr listener;
	enum close_reason reason;
	uint16_t code;
	char text[DRAIN_PLAN_TEXT_SIZE]; // "" = the reason's name
	uint64_t deadline_ms;            // of now_ms(); what is left then is cut
	struct drain_pace pace;
	_Atomic size_t shares; // that are not done yet
	_Atomic uint64_t joined, left, cut;
	_Atomic size_t references;
	size_t server_count;
	uint64_t servers[]; // ids
};

// One reference. NULL when memory is short.
MUST_CHECK struct drain_plan *drain_plan_create(const struct drain_plan_options *options);
// Any thread.
struct drain_plan *drain_plan_ref(struct drain_plan *plan);
void drain_plan_unref(struct drain_plan *plan);
// A worker has done its share, or will do none.
void drain_plan_leave(struct drain_plan *plan);
// All shares are done. Any thread, as is the next.
bool drain_plan_is_over(struct drain_plan *plan);

struct drain_plan_progress {
	uint64_t joined;  // connections so far
	uint64_t waiting; // of them, those that were not told yet
	uint64_t left;    // those that still live, told or not
	uint64_t cut;     // at the deadline
};
struct drain_plan_progress drain_plan_look(struct drain_plan *plan);
