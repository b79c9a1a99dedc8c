// SPDX-License-Identifier: MIT
// The health checks of the whole process: asks each server of each group that wants it,
// again and again, and writes what it finds to the server, where all workers see it.
// Control loop only.
#pragma once

#include "wherry/net/loop.h"
#include "wherry/upstream/upstream.h"

struct health_checker;

// NULL when memory is short.
MUST_CHECK struct health_checker *health_checker_create(struct loop *loop);
// NULL is allowed.
void health_checker_destroy(struct health_checker *checker);

// The set in force from now on; a reference is taken. Checks go on undisturbed where the
// server is still there and its group still asks the same. Without memory, new servers
// are not checked, which is logged.
void health_checker_follow(struct health_checker *checker, struct upstream_set *set);
