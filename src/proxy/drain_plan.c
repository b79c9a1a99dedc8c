// SPDX-License-Identifier: MIT
// What the workers share of a drain; see the header.
#include "wherry/proxy/drain_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wherry/base/now.h"

struct drain_plan *drain_plan_create(const struct drain_plan_options *options)
{
	size_t servers_size = options->server_count * sizeof(*options->servers);
	struct drain_plan *plan = calloc(1, sizeof(*plan) + servers_size);
	if (!plan)
		return NULL;
	uint64_t now = now_ms();
	plan->scope = options->scope;
	if (options->listener)
		plan->listener = *options->listener;
	plan->server_count = options->server_count;
	if (servers_size > 0)
		memcpy(plan->servers, options->servers, servers_size);
	plan->reason = options->reason;
	plan->code =
		options->code != 0 ? options->code : close_reason_code(options->reason);
	if (options->text)
		(void)snprintf(plan->text, sizeof(plan->text), "%s", options->text);
	plan->deadline_ms = now + options->timeout_ms;
	drain_pace_init(&plan->pace, now, options->window_ms);
	atomic_init(&plan->shares, options->shares);
	atomic_init(&plan->joined, 0);
	atomic_init(&plan->left, 0);
	atomic_init(&plan->cut, 0);
	atomic_init(&plan->references, 1);
	return plan;
}

struct drain_plan *drain_plan_ref(struct drain_plan *plan)
{
	(void)atomic_fetch_add_explicit(&plan->references, 1, memory_order_relaxed);
	return plan;
}

void drain_plan_unref(struct drain_plan *plan)
{
	if (plan && atomic_fetch_sub_explicit(
			    &plan->references, 1, memory_order_acq_rel) == 1)
		free(plan);
}

void drain_plan_leave(struct drain_plan *plan)
{
	(void)atomic_fetch_sub_explicit(&plan->shares, 1, memory_order_release);
}

bool drain_plan_is_over(struct drain_plan *plan)
{
	return atomic_load_explicit(&plan->shares, memory_order_acquire) == 0;
}

struct drain_plan_progress drain_plan_look(struct drain_plan *plan)
{
	return (struct drain_plan_progress){
		.joined = atomic_load_explicit(&plan->joined, memory_order_relaxed),
		.waiting = atomic_load_explicit(&plan->pace.left, memory_order_relaxed),
		.left = atomic_load_explicit(&plan->left, memory_order_relaxed),
		.cut = atomic_load_explicit(&plan->cut, memory_order_relaxed),
	};
}
