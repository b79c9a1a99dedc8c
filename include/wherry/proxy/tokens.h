// SPDX-License-Identifier: MIT
// What the tokens of each route are held against: its key set, read from the file, and
// its rules. Made once, then immutable and shared by all workers.
#pragma once

#include "wherry/base/buf.h"
#include "wherry/conf/conf.h"
#include "wherry/proto/jwt.h"

struct tokens;

// Reads the files that the routes name, of all routes, so that all mistakes show at once.
// NULL: one line for each was appended to reterr_text, "wherry.yaml:12:11:
// routes[].jwt.jwks: ...". conf outlives it.
MUST_CHECK struct tokens *tokens_create(const struct conf *conf, struct buf *reterr_text);
// NULL is allowed.
void tokens_destroy(struct tokens *tokens);

// Of conf->routes[route], which has jwt.
const struct jwt_policy *tokens_policy(const struct tokens *tokens, size_t route);
