// SPDX-License-Identifier: MIT
// Everything that connections look up, at one time: rules, servers, certificates. Made
// and freed on the control loop, and never changed: whatever changes makes a new one that
// shares what stays.
#pragma once

#include <stdatomic.h>

#include "wherry/net/tls_set.h"
#include "wherry/proxy/rules.h"
#include "wherry/upstream/upstream.h"

struct snapshot {
	struct snapshot *next; // of those that are not freed yet; the control loop's
	uint64_t number;       // the process counts them up
	struct rules *rules;
	struct upstream_set *upstreams;
	struct tls_set **tls; // of each listener, by its index; NULL = it is plain
	_Atomic size_t users; // workers that have it, or to whom it is on its way
};

// Takes references to all three; tls has one place for each listener of the rules'
// configuration. NULL when memory is short.
MUST_CHECK struct snapshot *snapshot_create(uint64_t number, struct rules *rules,
	struct upstream_set *upstreams, struct tls_set *const *tls);
// Only without users. NULL is allowed.
void snapshot_destroy(struct snapshot *snapshot);
