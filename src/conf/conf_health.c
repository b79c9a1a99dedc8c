// SPDX-License-Identifier: MIT
// Comparing health checks; see the header.
#include "wherry/conf/conf_health.h"

#include <string.h>

static bool is_same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool has_same_pace(
	const struct conf_health_check *a, const struct conf_health_check *b)
{
	return a->interval_ms == b->interval_ms && a->timeout_ms == b->timeout_ms &&
	       a->fall == b->fall && a->rise == b->rise && a->jitter == b->jitter;
}

bool conf_health_check_is_same(
	const struct conf_health_check *a, const struct conf_health_check *b)
{
	return a->type == b->type && is_same_text(a->target, b->target) &&
	       is_same_text(a->method, b->method) &&
	       memcmp(&a->statuses, &b->statuses, sizeof(a->statuses)) == 0 &&
	       is_same_text(a->body, b->body) && is_same_text(a->host, b->host) &&
	       is_same_text(a->subprotocol, b->subprotocol) &&
	       is_same_text(a->send, b->send) && is_same_text(a->expect, b->expect) &&
	       has_same_pace(a, b);
}
