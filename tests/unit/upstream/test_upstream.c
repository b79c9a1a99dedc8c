// SPDX-License-Identifier: MIT
// Choosing servers: shares, tries, rests, and many threads at once.
#include "wherry/upstream/upstream_pick.h"

#include <pthread.h>

#include <criterion/criterion.h>

#include "conf_text.h"
#include "server_set.h"
#include "wherry/upstream/health.h"

#define HEAD                                                                             \
	"listeners: [{ address: 127.0.0.1:0 }]\n"                                        \
	"routes:\n"                                                                      \
	"  - { match: { path: /a }, to: one }\n"                                         \
	"  - { match: { path: / }, to: two }\n"                                          \
	"upstreams:\n"

#define TWO_GROUPS                                                                       \
	HEAD "  one:\n"                                                                  \
	     "    balance: round_robin\n"                                                \
	     "    servers:\n"                                                            \
	     "      - { url: http://10.0.0.1:80, weight: 3 }\n"                          \
	     "      - { url: http://10.0.0.2:80 }\n"                                     \
	     "  two:\n"                                                                  \
	     "    balance: least_connections\n"                                          \
	     "    servers:\n"                                                            \
	     "      - { url: http://10.0.0.3:80 }\n"                                     \
	     "      - { url: http://10.0.0.4:80 }\n"                                     \
	     "      - { url: http://10.0.0.5:80, weight: 2 }\n"                          \
	     "      - { url: http://10.0.0.6:80 }\n"

static struct upstream_server *pick(
	const struct upstream *upstream, struct upstream_tries *tries, uint64_t now)
{
	static const struct upstream_key no_key;
	struct upstream_server *server;
	enum upstream_pick_result result =
		upstream_pick(upstream, &no_key, tries, now, &server);

	cr_expect_eq(server != NULL, result == UPSTREAM_PICK_OK);
	return server;
}

static struct upstream_server *pick_one(struct upstream *upstream, uint64_t now)
{
	struct upstream_tries tries = {0};

	return pick(upstream, &tries, now);
}

Test(upstream, pick_reserves_and_release_gives_back)
{
	struct server_set servers;
	server_set_start(&servers, conf_text_load(TWO_GROUPS));
	struct upstream_server *server = pick_one(&servers.set->upstreams[0], 1);

	cr_assert_not_null(server);
	cr_expect_eq(server->active, 1);
	upstream_release(server);
	cr_expect_eq(server->active, 0);
	server_set_finish(&servers);
}

Test(upstream, round_robin_shares_by_weight)
{
	struct server_set servers;
	server_set_start(&servers, conf_text_load(TWO_GROUPS));
	struct upstream *upstream = &servers.set->upstreams[0];

	for (size_t i = 0; i < 40; i++)
		cr_assert_not_null(pick_one(upstream, 1));
	cr_expect_eq(upstream->members[0].server->active, 30);
	cr_expect_eq(upstream->members[1].server->active, 10);
	server_set_finish(&servers);
}

Test(upstream, least_connections_evens_out)
{
	struct server_set servers;
	server_set_start(&servers, conf_text_load(TWO_GROUPS));
	struct upstream *upstream = &servers.set->upstreams[1];

	upstream->members[0].server->active = 7;
	for (size_t i = 0; i < 28; i++)
		cr_assert_not_null(pick_one(upstream, 1));
	cr_expect_eq(upstream->members[0].server->active, 7);
	cr_expect_eq(upstream->members[1].server->active, 7);
	cr_expect_eq(upstream->members[2].server->active, 14);
	cr_expect_eq(upstream->members[3].server->active, 7);
	server_set_finish(&servers);
}

Test(upstream, tries_each_server_once)
{
	struct server_set servers;
	server_set_start(&servers, conf_text_load(TWO_GROUPS));
	struct upstream_tries tries = {0};
	struct upstream_server *first = pick(&servers.set->upstreams[0], &tries, 1);
	struct upstream_server *second = pick(&servers.set->upstreams[0], &tries, 1);

	cr_assert_not_null(first);
	cr_assert_not_null(second);
	cr_expect_neq(first, second);
	cr_expect_null(pick(&servers.set->upstreams[0], &tries, 1));
	server_set_finish(&servers);
}

Test(upstream, stops_after_the_most_tries)
{
	struct server_set servers;
	server_set_start(&servers, conf_text_load(TWO_GROUPS));
	struct upstream_tries tries = {0};

	for (size_t i = 0; i < servers.set->conf->upstreams[1].retry.tries; i++)
		cr_expect_not_null(pick(&servers.set->upstreams[1], &tries, 1));
	cr_expect_null(pick(&servers.set->upstreams[1], &tries, 1));
	server_set_finish(&servers);
}

static void set_down(const struct upstream *upstream, size_t index)
{
	atomic_store(&upstream->members[index].server->health, HEALTH_DOWN);
}

Test(upstream, passes_over_servers_that_are_not_healthy)
{
	struct server_set servers;
	server_set_start(&servers, conf_text_load(TWO_GROUPS));
	struct upstream *upstream = &servers.set->upstreams[1];
	struct upstream_server *left = upstream->members[2].server;

	set_down(upstream, 0);
	set_down(upstream, 1);
	cr_assert(ejection_start(&upstream->members[3].server->ejection,
			  &upstream->conf->ejection, 5000) == 1000);
	for (size_t i = 0; i < 8; i++)
		cr_expect_eq(pick_one(upstream, 5999), left);
	cr_expect_not(upstream_is_in_panic(upstream, 5999));
	cr_expect_eq(pick_one(upstream, 6000), upstream->members[3].server);
	server_set_finish(&servers);
}

Test(upstream, chooses_all_servers_if_none_is_healthy)
{
	struct server_set servers;
	server_set_start(&servers, conf_text_load(TWO_GROUPS));
	struct upstream *upstream = &servers.set->upstreams[0];
	struct upstream_tries tries = {0};

	set_down(upstream, 0);
	cr_expect_not(upstream_is_in_panic(upstream, 5000));
	set_down(upstream, 1);
	cr_expect(upstream_is_in_panic(upstream, 5000));
	struct upstream_server *first = pick(upstream, &tries, 5000);
	struct upstream_server *second = pick(upstream, &tries, 5000);
	cr_assert_not_null(first);
	cr_assert_not_null(second);
	cr_expect_neq(first, second);
	server_set_finish(&servers);
}

enum {
	THREADS = 4,
	PICKS = 2000,
};

static void *pick_many(void *arg)
{
	for (size_t i = 0; i < PICKS; i++) {
		struct upstream_server *server = pick_one(arg, 1);

		// Every other one ends at once.
		if (server && i % 2 == 0)
			upstream_release(server);
	}
	return NULL;
}

Test(upstream, counts_right_from_many_threads)
{
	struct server_set servers;
	server_set_start(&servers, conf_text_load(TWO_GROUPS));
	struct upstream *upstream = &servers.set->upstreams[1];
	pthread_t threads[THREADS];
	uint64_t active = 0;

	for (size_t i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, pick_many, upstream), 0);
	for (size_t i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_join(threads[i], NULL), 0);
	for (size_t i = 0; i < upstream->member_count; i++)
		active += upstream->members[i].server->active;
	cr_expect_eq(active, THREADS * PICKS / 2);
	cr_expect_eq(upstream->group->cursor, THREADS * PICKS);
	server_set_finish(&servers);
}
