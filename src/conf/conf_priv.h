// SPDX-License-Identifier: MIT
// How the loader makes a configuration before it becomes immutable.
#pragma once

#include "conf_arena_priv.h"

#include "wherry/conf/conf.h"

// Empty, with one reference; NULL when memory is short.
MUST_CHECK struct conf *conf_create(void);
// Where everything it points to is allocated; freed with it.
struct conf_arena *conf_memory(struct conf *conf);
