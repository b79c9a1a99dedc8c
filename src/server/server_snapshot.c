// SPDX-License-Identifier: MIT
// The snapshots: what is newest goes to all workers, and what no worker uses any more is
// freed.
#include "server_priv.h"
#include "wherry/base/log.h"
#include "wherry/base/now.h"

enum {
	SWEEP_MS = 1000
};

static void give(
	struct server *server, size_t worker, const struct proxy_adopt_options *options)
{
	static const struct proxy_adoption none = {0};
	if (worker_adopt(server->workers[worker], options))
		return;
	log_error("no memory to tell worker %zu of edition %llu yet", worker,
		(unsigned long long)server->edition);
	if (options->plan)
		drain_plan_leave(options->plan);
	if (options->done)
		options->done(options->arg, &none);
}

// Who had no memory for it, or has not come to it, gets the newest again. A former one is
// in use for as long.
static void remind(struct server *server)
{
	struct proxy_adopt_options options = {.snapshot = server->snapshot};
	for (size_t i = 0; i < server->worker_count; i++) {
		if (worker_edition(server->workers[i]) < server->edition)
			give(server, i, &options);
	}
}

// All but the newest, as long as requests go by them.
static void sweep(struct server *server)
{
	struct snapshot **link = &server->snapshot;
	while (*link) {
		struct snapshot *one = *link;
		if (one == server->snapshot || atomic_load(&one->users) > 0) {
			link = &one->next;
			continue;
		}
		*link = one->next;
		snapshot_destroy(one);
	}
	if (server->snapshot->next)
		loop_timer_set(&server->sweep_timer, now_ms() + SWEEP_MS);
}

static void on_sweep_timer(void *arg)
{
	remind(arg);
	sweep(arg);
}

void server_snapshot_init(struct server *server)
{
	loop_timer_init(&server->sweep_timer, server->loop, on_sweep_timer, server);
}

bool server_publish(struct server *server, struct rules *rules,
	struct upstream_set *upstreams, struct tls_set *const *tls,
	const struct proxy_adopt_options *adopt)
{
	struct proxy_adopt_options options = {0};
	struct snapshot *snapshot =
		snapshot_create(server->edition + 1, rules, upstreams, tls);
	if (!snapshot)
		return false;
	server->edition++;
	snapshot->next = server->snapshot;
	server->snapshot = snapshot;
	if (adopt)
		options = *adopt;
	options.snapshot = snapshot;
	for (size_t i = 0; i < server->worker_count; i++)
		give(server, i, &options);
	health_checker_follow(server->checker, upstreams);
	server_rebalance_trigger_hint(server);
	sweep(server);
	return true;
}

void server_snapshot_stop(struct server *server)
{
	for (struct snapshot *one = server->snapshot; one; one = one->next)
		rules_stop(one->rules);
}

void server_snapshot_finish(struct server *server)
{
	loop_timer_finish(&server->sweep_timer);
	while (server->snapshot) {
		struct snapshot *one = server->snapshot;
		server->snapshot = one->next;
		snapshot_destroy(one);
	}
}
