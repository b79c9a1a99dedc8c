// SPDX-License-Identifier: MIT
// What the webhooks of each route are verified with: the keys of its secret file. Made
// once, then immutable and shared by all workers.
#pragma once

#include "wherry/base/buf.h"
#include "wherry/conf/conf.h"
#include "wherry/proto/webhook_keys.h"

struct webhooks;

// Reads the files that the routes name, of all routes, so that all mistakes show at once.
// NULL: one line for each was appended to reterr_text, "wherry.yaml:12:11:
// routes[].publish.verify.secret_file: ...". conf outlives it.
MUST_CHECK struct webhooks *webhooks_create(
	const struct conf *conf, struct buf *reterr_text);
// NULL is allowed.
void webhooks_destroy(struct webhooks *webhooks);

enum webhook_scheme webhooks_scheme(const struct conf_verify *verify);
// Of conf->routes[route], which publishes and has verify.
const struct webhook_keys *webhooks_keys(const struct webhooks *webhooks, size_t route);
