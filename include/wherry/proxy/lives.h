// SPDX-License-Identifier: MIT
// All live keys of one worker, and its way to their home (hub/live).
#pragma once

#include "wherry/hub/live.h"

struct lives;
struct site;

// The home outlives it. NULL when memory is short.
MUST_CHECK struct lives *lives_create(struct site *site, struct live *home);
// Without followers by now. NULL is allowed.
void lives_destroy(struct lives *lives);
