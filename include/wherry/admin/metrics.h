// SPDX-License-Identifier: MIT
// The counters and loads of the process as a Prometheus page (text format 0.0.4).
#pragma once

#include "wherry/base/buf.h"
#include "wherry/base/counters.h"
#include "wherry/upstream/upstream.h"

struct hub_facts;

struct metrics_source {
	const struct counters *const *counters; // of every loop
	size_t counters_count;
	const struct upstream_set *set; // NULL: no server is told
	const struct hub_facts *hub;    // NULL: nothing is told of it
	uint64_t started_ms;            // now_ms() of then
};

// The Content-Type of what metrics_write writes.
#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

// Any thread that may look at the set. Memory shortage shows in out.
void metrics_write(struct buf *out, const struct metrics_source *source);
