// SPDX-License-Identifier: MIT
// How many client connections there may be, in all and from one source: one table for all
// workers, locked only when a connection comes or goes.
#pragma once

#include "wherry/conf/conf.h"

struct limits;

enum limits_result {
	LIMITS_OK = 0,
	LIMITS_TOTAL,
	LIMITS_SOURCE
};

// NULL when memory is short. conf outlives it.
MUST_CHECK struct limits *limits_create(const struct conf *conf);
void limits_destroy(struct limits *limits);

// Any thread. OK counts the connection, until limits_leave with the same peer.
MUST_CHECK enum limits_result limits_enter(
	struct limits *limits, const struct addr *peer);
void limits_leave(struct limits *limits, const struct addr *peer);
// How many connections there may be in all.
size_t limits_total(const struct limits *limits);
