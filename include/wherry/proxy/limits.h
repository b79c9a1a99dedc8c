// SPDX-License-Identifier: MIT
// How many client connections there may be and how often clients may come, in all and
// from one source: shared by all workers. A lock is taken only for a connection, or a
// request where a rate is set, of a source that is counted.
#pragma once

#include "wherry/proxy/request.h"

struct limits;

// What one who is turned away is told.
struct limits_refusal {
	unsigned status;    // 429: it is this source's own doing; 503: everybody's
	const char *detail; // static
	uint64_t retry_after_s;
};

// NULL when memory is short. conf outlives it.
MUST_CHECK struct limits *limits_create(const struct conf *conf);
void limits_destroy(struct limits *limits);

// All of these: any thread. False: ret_refusal says why.

// A connection was accepted. True counts it in all, until limits_leave.
MUST_CHECK bool limits_enter(struct limits *limits, struct limits_refusal *ret_refusal);
void limits_leave(struct limits *limits);
// Its peer is known: at once, or after its PROXY header. True counts it with its source,
// until limits_leave_source with the same peer.
MUST_CHECK bool limits_enter_source(struct limits *limits, const struct addr *peer,
	struct limits_refusal *ret_refusal);
void limits_leave_source(struct limits *limits, const struct addr *peer);
// A TLS handshake begins. True counts it with its source, until limits_leave_handshake
// with the same peer.
MUST_CHECK bool limits_enter_handshake(struct limits *limits, const struct addr *peer,
	struct limits_refusal *ret_refusal);
void limits_leave_handshake(struct limits *limits, const struct addr *peer);

// The request, whose route is known, may be made as far as limits go. True counts it with
// its route, until limits_leave_request.
MUST_CHECK bool limits_enter_request(struct limits *limits, struct request *request,
	struct limits_refusal *ret_refusal);
// Nothing, if it is not counted.
void limits_leave_request(struct limits *limits, struct request *request);
// How the memory budget (limits.memory) stands.
enum limits_memory {
	LIMITS_MEMORY_ENOUGH,
	LIMITS_MEMORY_FULL,  // no new connections
	LIMITS_MEMORY_SHORT, // an eighth over it: old ones are given up
};

// Pure: follows from what is used and, so that it does not flicker, from how it stood.
enum limits_memory limits_judge_memory(
	uint64_t used, uint64_t budget, enum limits_memory before);
void limits_set_memory(struct limits *limits, enum limits_memory level);
// How many connections there may be in all.
size_t limits_total(const struct limits *limits);
