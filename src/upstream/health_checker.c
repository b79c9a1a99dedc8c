// SPDX-License-Identifier: MIT
// Starts checks, counts what they say, tells of every change once.
#include "wherry/upstream/health_checker.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "wherry/base/log.h"
#include "wherry/base/now.h"
#include "wherry/upstream/balance.h"
#include "wherry/upstream/health.h"
#include "wherry/upstream/health_probe.h"
#include "wherry/upstream/upstream_pick.h"

// Of one server.
struct check {
	LIST_ENTRY(check) entry;
	struct health_checker *checker;
	struct upstream_server *server;
	const struct upstream *upstream; // its group in the checker's set
	struct health health;
	struct health_probe *probe; // NULL: none is under way
	struct upstream_set *set;   // that the probe has borrowed from; a reference
	struct loop_timer timer;    // of the next one
	uint64_t started_ms;
};
LIST_HEAD(check_list, check);

struct health_checker {
	struct loop *loop;
	struct upstream_set *set; // NULL at first
	struct check_list checks;
};

static const struct conf_health_check *conf_of(const struct check *check)
{
	return &check->upstream->conf->health_check;
}

static uint64_t draw(const struct check *check)
{
	return balance_mix(check->server->id * 1000003 + now_ms());
}

static void set_state(struct check *check, enum health_state state)
{
	check->health = (struct health){.state = state};
	atomic_store_explicit(&check->server->health, state, memory_order_relaxed);
}

static void end_probe(struct check *check)
{
	health_probe_destroy(check->probe);
	upstream_set_unref(check->set);
	check->probe = NULL;
	check->set = NULL;
}

static void destroy_check(struct check *check)
{
	LIST_REMOVE(check, entry);
	end_probe(check);
	loop_timer_finish(&check->timer);
	free(check);
}

static void tell(const struct check *check, unsigned count, const char *reason)
{
	const char *group = check->server->group, *name = check->server->name;
	const char *plural = count == 1 ? "" : "s";

	if (check->health.state == HEALTH_DOWN)
		log_warn("upstream %s: %s is down: %u check%s failed (%s)", group, name,
			count, plural, reason);
	else
		log_info("upstream %s: %s is up: %u check%s passed", group, name, count,
			plural);
	if (check->health.state == HEALTH_DOWN &&
		upstream_is_in_panic(check->upstream, now_ms()))
		log_warn("upstream %s: none of its servers is up: requests go to all of "
			 "them",
			group);
}

static void note(struct check *check, bool has_passed, const char *reason)
{
	bool was_down = check->health.state == HEALTH_DOWN;
	unsigned count = health_note(&check->health, conf_of(check), has_passed);

	if (count == 0)
		return;
	set_state(check, check->health.state);
	if (was_down) {
		ejection_forgive(&check->server->ejection);
		upstream_start_slowly(check->server, now_ms());
		upstream_wake(check->server);
	}
	tell(check, count, reason);
}

static void on_done(void *arg, enum health_probe_result result, const char *reason)
{
	struct check *check = arg;

	loop_timer_set(&check->timer,
		check->started_ms + health_interval_ms(conf_of(check), draw(check)));
	if (result == HEALTH_PROBE_SKIPPED)
		log_debug("upstream %s: %s is not checked: %s", check->server->group,
			check->server->name, reason);
	else
		note(check, result == HEALTH_PROBE_PASSED, reason);
	end_probe(check); // the reason is its
}

static void start(void *arg)
{
	struct check *check = arg;
	const struct upstream *upstream = check->upstream;
	struct health_probe_options options = {
		.check = conf_of(check),
		.address = &check->server->address,
		.url = &check->server->url,
		.proxy_header = upstream->conf->proxy_header,
		.tls = check->server->url.scheme == URL_HTTPS ? upstream->tls : NULL,
	};

	check->started_ms = now_ms();
	check->probe = health_probe_start(check->checker->loop, &options, on_done, check);
	if (check->probe) {
		check->set = upstream_set_ref(check->checker->set);
		return;
	}
	log_error("no memory to check %s now", check->server->name);
	loop_timer_set(&check->timer, check->started_ms + options.check->interval_ms);
}

static void add_check(struct health_checker *checker, const struct upstream *upstream,
	struct upstream_server *server)
{
	struct check *check = calloc(1, sizeof(*check));
	if (!check) {
		log_error("no memory to check %s", server->name);
		// Nobody would find out that it is up again.
		atomic_store_explicit(
			&server->health, HEALTH_UNKNOWN, memory_order_relaxed);
		return;
	}
	check->checker = checker;
	check->server = server;
	check->upstream = upstream;
	check->health.state = atomic_load(&server->health);
	loop_timer_init(&check->timer, checker->loop, start, check);
	loop_timer_set(
		&check->timer, now_ms() + health_first_ms(conf_of(check), draw(check)));
	LIST_INSERT_HEAD(&checker->checks, check, entry);
}

struct health_checker *health_checker_create(struct loop *loop)
{
	struct health_checker *checker = calloc(1, sizeof(*checker));
	if (!checker)
		return NULL;
	checker->loop = loop;
	LIST_INIT(&checker->checks);
	return checker;
}

void health_checker_destroy(struct health_checker *checker)
{
	if (!checker)
		return;
	while (!LIST_EMPTY(&checker->checks))
		destroy_check(LIST_FIRST(&checker->checks));
	upstream_set_unref(checker->set);
	free(checker);
}

// The checks there are, by the slots of their servers; NULL without memory.
static struct check **sort_checks(const struct health_checker *checker, size_t *ret_count)
{
	struct check *check;
	size_t count = 1;

	LIST_FOREACH (check, &checker->checks, entry)
		count = check->server->slot < count ? count : check->server->slot + 1;
	struct check **sorted = calloc(count, sizeof(struct check *));
	LIST_FOREACH (check, &checker->checks, entry) {
		if (sorted)
			sorted[check->server->slot] = check;
	}
	*ret_count = count;
	return sorted;
}

static bool goes_on(const struct check *check, const struct upstream *upstream)
{
	return conf_health_check_is_same(conf_of(check), &upstream->conf->health_check);
}

// former is the server's check until now; NULL if it had none.
static void follow_server(struct health_checker *checker, struct check *former,
	const struct upstream *upstream, struct upstream_server *server)
{
	if (former && goes_on(former, upstream)) {
		former->upstream = upstream;
		return;
	}
	if (former)
		destroy_check(former);
	add_check(checker, upstream, server);
}

static void follow_group(struct health_checker *checker, struct check **former,
	size_t former_count, const struct upstream *upstream)
{
	for (size_t i = 0; i < upstream->member_count; i++) {
		const struct upstream_member *member = &upstream->members[i];
		size_t slot = member->server->slot;
		struct check *check = slot < former_count ? former[slot] : NULL;

		if (member->is_gone)
			continue;
		follow_server(checker, check, upstream, member->server);
		if (check)
			former[slot] = NULL;
	}
}

void health_checker_follow(struct health_checker *checker, struct upstream_set *set)
{
	size_t count;
	struct check **former = sort_checks(checker, &count);
	if (!former) {
		log_error("no memory for other health checks: the former ones go on");
		return;
	}
	for (size_t i = 0; i < set->upstream_count; i++) {
		if (set->upstreams[i].conf->has_health_check)
			follow_group(checker, former, count, &set->upstreams[i]);
	}
	for (size_t i = 0; i < count; i++) {
		if (!former[i])
			continue;
		set_state(former[i], HEALTH_UNKNOWN); // nobody asks it any more
		destroy_check(former[i]);
	}
	free(former);
	upstream_set_unref(checker->set);
	checker->set = upstream_set_ref(set);
}
