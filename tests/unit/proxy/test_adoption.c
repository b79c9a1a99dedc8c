// SPDX-License-Identifier: MIT
// A newer edition while the connections are still looked at for the one before.
#include "../../../src/proxy/adoption_priv.h"

#include <stdlib.h>

#include <criterion/criterion.h>

#include "../../../src/proxy/conn_priv.h"
#include "wherry/proxy/drain.h"

enum {
	COUNT = 300, // of WebSockets: they take some turns
	HOUR_MS = 3600 * 1000
};

// WebSockets whose route is gone, without what is not looked at.
struct bench {
	struct site site;
	struct edition former, newer, newest;
	struct conf_route route;
	struct conn conns[COUNT];
	struct drain_plan *plan;
	struct adoption adoption;
	size_t told;
	struct proxy_adoption result;
};

static void on_adopted(void *arg, const struct proxy_adoption *result)
{
	struct bench *bench = arg;

	bench->told++;
	bench->result = *result;
}

static struct bench *start(void)
{
	struct drain_plan_options options = {
		.scope = DRAIN_PLAN_GIVEN,
		.reason = CLOSE_REASON_ROUTE_GONE,
		.window_ms = HOUR_MS,
		.timeout_ms = HOUR_MS,
		.shares = 1,
	};
	struct bench *bench = calloc(1, sizeof(*bench));

	cr_assert(bench);
	bench->site.loop = loop_create();
	cr_assert(bench->site.loop);
	bench->plan = drain_plan_create(&options);
	cr_assert(bench->plan);
	bench->plan->pace.last_us = bench->plan->pace.end_us; // nobody is told to close
	for (size_t i = 0; i < COUNT; i++) {
		struct conn *conn = &bench->conns[i];

		conn->state = CONN_RELAY;
		conn->site = &bench->site;
		conn->edition = &bench->former;
		conn->request.route = &bench->route;
		LIST_INSERT_HEAD(&bench->site.conns, conn, entry);
	}
	adoption_init(&bench->adoption, &bench->site);
	bench->site.edition = &bench->newer;
	adoption_start(&bench->adoption, bench->plan, on_adopted, bench);
	return bench;
}

static void turn(struct bench *bench)
{
	cr_assert(event_base_loop(loop_base(bench->site.loop), EVLOOP_ONCE) >= 0);
}

static void finish(struct bench *bench)
{
	adoption_finish(&bench->adoption);
	for (size_t i = 0; i < COUNT; i++)
		drain_leave(&bench->conns[i]);
	while (!LIST_EMPTY(&bench->site.drains))
		drain_destroy(LIST_FIRST(&bench->site.drains));
	cr_expect(drain_plan_is_over(bench->plan));
	drain_plan_unref(bench->plan);
	loop_destroy(bench->site.loop);
	free(bench);
}

Test(adoption, closes_only_what_was_looked_at_when_a_newer_one_comes)
{
	struct bench *bench = start();

	while (bench->adoption.result.route_gone == 0)
		turn(bench);
	size_t seen = bench->adoption.result.route_gone;
	cr_assert_lt(seen, COUNT);
	bench->site.edition = &bench->newest;
	adoption_start(&bench->adoption, NULL, NULL, NULL);
	cr_expect_eq(bench->told, 0);
	cr_expect_eq(drain_plan_look(bench->plan).joined, seen);
	while (bench->told == 0)
		turn(bench);
	cr_expect_eq(bench->result.route_gone, COUNT);
	cr_expect_eq(drain_plan_look(bench->plan).joined, COUNT);
	cr_expect(bench->adoption.walk.is_under_way, "those of before it come anew");
	while (bench->adoption.walk.is_under_way)
		turn(bench);
	cr_expect_eq(bench->told, 1);
	finish(bench);
}

Test(adoption, tells_who_asked_when_another_asks)
{
	struct bench *bench = start();
	struct drain_plan *second = bench->plan;

	second->shares = 2;
	adoption_start(&bench->adoption, second, on_adopted, bench);
	cr_expect_eq(bench->told, 1);
	cr_expect_eq(bench->result.route_gone, 0);
	while (bench->told == 1)
		turn(bench);
	cr_expect_eq(bench->result.route_gone, COUNT);
	cr_expect_not(bench->adoption.walk.is_under_way);
	finish(bench);
}

Test(adoption, tells_who_asked_when_the_worker_ends)
{
	struct bench *bench = start();

	adoption_start(&bench->adoption, NULL, NULL, NULL);
	finish(bench);
}
