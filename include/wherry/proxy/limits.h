// SPDX-License-Identifier: MIT
// How many client connections there may be and how often clients may come, in all and
// from one source: shared by all workers. A lock is taken only for a connection, or a
// request where a rate is set, of a source that is counted. Who is turned away is told
// status, detail and retry_after_s; 429: it is this source's own doing; 503: everybody's.
#pragma once

#include "wherry/proxy/reply.h"
#include "wherry/proxy/request.h"
#include "wherry/proxy/rules.h"

struct limits;

// NULL when memory is short.
MUST_CHECK struct limits *limits_create(const struct conf *conf);
void limits_destroy(struct limits *limits);
// What is counted goes on under another configuration. The control loop's thread.
void limits_adopt(struct limits *limits, const struct conf *conf);
// What the requests of each of conf's routes are counted in; freed with free(). NULL when
// memory is short.
MUST_CHECK struct limits_route *limits_create_routes(const struct conf *conf);

// All of these: any thread. conf is what the connection was accepted, or the request made
// under. False: ret_refusal says why.

// A connection was accepted. True counts it in all, until limits_leave.
MUST_CHECK bool limits_enter(
	struct limits *limits, const struct conf *conf, struct reply *ret_refusal);
void limits_leave(struct limits *limits);
// Its peer is known: at once, or after its PROXY header. True counts it with its source,
// unless that one is exempt (*ret_is_counted), until limits_leave_source with the same
// peer.
MUST_CHECK bool limits_enter_source(struct limits *limits, const struct conf *conf,
	const struct addr *peer, bool *ret_is_counted, struct reply *ret_refusal);
void limits_leave_source(struct limits *limits, const struct addr *peer);
// A TLS handshake begins. As limits_enter_source, until limits_leave_handshake.
MUST_CHECK bool limits_enter_handshake(struct limits *limits, const struct conf *conf,
	const struct addr *peer, bool *ret_is_counted, struct reply *ret_refusal);
void limits_leave_handshake(struct limits *limits, const struct addr *peer);

// The request, whose route, if it is on one, is one of the rules', may be made as far as
// limits go. True counts it with its route, until limits_leave_request.
MUST_CHECK bool limits_enter_request(struct limits *limits, const struct rules *rules,
	struct request *request, struct reply *ret_refusal);
// So many messages may be published by way of the request's route. True counts them.
MUST_CHECK bool limits_enter_publications(const struct rules *rules,
	const struct request *request, size_t count, struct reply *ret_refusal);
// Nothing, if it is not counted.
void limits_leave_request(const struct rules *rules, struct request *request);
// It goes on under other rules, with another route: leaves the former and enters the
// newer ones, which refuse nothing.
void limits_move_request(const struct rules *from, const struct rules *to,
	struct request *request, const struct conf_route *route);

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
