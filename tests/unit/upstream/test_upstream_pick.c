// SPDX-License-Identifier: MIT
// Who is chosen: backups, what is down, maxima, keys, own servers, slow start.
#include "wherry/upstream/upstream_pick.h"

#include <pthread.h>
#include <stdio.h>

#include <criterion/criterion.h>

#include "conf_text.h"
#include "server_set.h"
#include "wherry/upstream/upstream_note.h"

#define HEAD                                                                             \
	"listeners: [{ address: 127.0.0.1:0 }]\n"                                        \
	"routes: [{ to: app }]\n"                                                        \
	"upstreams:\n"                                                                   \
	"  app:\n"

struct fixture {
	struct server_set servers;
	struct upstream *upstream;
	struct upstream_key key;
	uint64_t now;
};

// group is the group's keys; each server a mapping, its URL left out.
static void start(struct fixture *fixture, const char *group, const char *const *servers,
	size_t count)
{
	struct buf text = BUF_INIT;
	buf_printf(&text, HEAD "    %s\n    servers:\n", group);
	for (size_t i = 0; i < count; i++)
		buf_printf(&text, "      - { url: http://10.0.0.%zu:80%s }\n", i + 1,
			servers ? servers[i] : "");
	buf_append(&text, "", 1);
	cr_assert_not(text.is_failed);
	*fixture = (struct fixture){.now = 100000};
	server_set_start(&fixture->servers, conf_text_load(text.data));
	fixture->upstream = &fixture->servers.set->upstreams[0];
	buf_finish(&text);
}

static struct upstream_server *server(const struct fixture *fixture, size_t index)
{
	return server_set_get(&fixture->servers, 0, index);
}

static void refuse(struct fixture *fixture, size_t index)
{
	upstream_note_connect_error(
		fixture->upstream, server(fixture, index), fixture->now, "a test");
}

static void come_back(struct fixture *fixture, size_t index)
{
	ejection_forgive(&server(fixture, index)->ejection);
	upstream_start_slowly(server(fixture, index), fixture->now);
}

// The index of the server, or -1 for none, -2 for full.
static int pick_with(struct fixture *fixture, struct upstream_tries *tries)
{
	struct upstream_server *chosen;
	switch (upstream_pick(
		fixture->upstream, &fixture->key, tries, fixture->now, &chosen)) {
	case UPSTREAM_PICK_NONE:
		return -1;
	case UPSTREAM_PICK_FULL:
		return -2;
	case UPSTREAM_PICK_OK:
		break;
	}
	for (size_t i = 0; i < fixture->upstream->member_count; i++) {
		if (server(fixture, i) == chosen)
			return (int)i;
	}
	cr_assert_fail("a stranger");
	return -1;
}

static int pick(struct fixture *fixture)
{
	struct upstream_tries tries = {0};
	return pick_with(fixture, &tries);
}

static void expect_picks(struct fixture *fixture, int expected, size_t count)
{
	for (size_t i = 0; i < count; i++)
		cr_expect_eq(pick(fixture), expected);
}

static const char *const methods[] = {
	"round_robin", "least_connections", "random_two", "hash:ip", "sticky"};

enum {
	METHODS = sizeof(methods) / sizeof(methods[0])
};

static void start_method(
	struct fixture *fixture, size_t method, const char *const *servers, size_t count)
{
	char group[64];
	(void)snprintf(group, sizeof(group), "balance: %s", methods[method]);
	start(fixture, group, servers, count);
}

Test(upstream_pick, takes_backups_when_no_other_is_healthy)
{
	static const char *const servers[] = {
		"", ", backup: true", "", ", down: true", ", backup: true, down: true"};
	for (size_t i = 0; i < METHODS; i++) {
		struct fixture fixture;
		start_method(&fixture, i, servers, 5);
		for (size_t j = 0; j < 20; j++)
			cr_expect_eq(pick(&fixture) % 2, 0, "%s", methods[i]);
		cr_expect_eq(server(&fixture, 4)->active, 0, "%s", methods[i]);
		refuse(&fixture, 0);
		expect_picks(&fixture, 2, 5);
		refuse(&fixture, 2);
		expect_picks(&fixture, 1, 5);
		server_set_finish(&fixture.servers);
	}
}

Test(upstream_pick, takes_anybody_when_nobody_is_healthy)
{
	static const char *const servers[] = {"", ", backup: true"};
	struct fixture fixture;
	start(&fixture, "balance: round_robin", servers, 2);
	refuse(&fixture, 0);
	refuse(&fixture, 1);
	bool is_chosen[2] = {false, false};
	for (size_t i = 0; i < 4; i++)
		is_chosen[pick(&fixture)] = true;
	cr_expect(is_chosen[0] && is_chosen[1]);
	server_set_finish(&fixture.servers);
}

Test(upstream_pick, keeps_to_the_maximum)
{
	static const char *const servers[] = {
		", max_connections: 2", ", max_connections: 3", ", backup: true"};
	for (size_t i = 0; i < METHODS; i++) {
		struct fixture fixture;
		start_method(&fixture, i, servers, 3);
		for (size_t j = 0; j < 5; j++)
			cr_expect_geq(pick(&fixture), 0, "%s", methods[i]);
		cr_expect_eq(server(&fixture, 0)->active, 2, "%s", methods[i]);
		cr_expect_eq(server(&fixture, 1)->active, 3, "%s", methods[i]);
		expect_picks(&fixture, -2, 3); // waited for, in spite of the backup
		upstream_release(server(&fixture, 0));
		cr_expect_eq(pick(&fixture), 0, "%s", methods[i]);
		cr_expect_eq(pick(&fixture), -2, "%s", methods[i]);
		server_set_finish(&fixture.servers);
	}
}

Test(upstream_pick, says_none_when_all_were_tried)
{
	static const char *const servers[] = {", max_connections: 1", ""};
	struct fixture fixture;
	struct upstream_tries tries = {0};
	start(&fixture, "balance: round_robin", servers, 2);
	cr_expect_geq(pick_with(&fixture, &tries), 0);
	cr_expect_geq(pick_with(&fixture, &tries), 0);
	cr_expect_eq(pick_with(&fixture, &tries), -1, "both were tried, one is full");
	server_set_finish(&fixture.servers);
}

enum {
	THREADS = 4,
	PICKS = 20000,
	MAXIMUM = 3
};

struct rush {
	struct fixture *fixture;
	_Atomic uint64_t over, picked;
};

static void *rush(void *arg)
{
	struct rush *rush = arg;
	static const struct upstream_key no_key;
	for (size_t i = 0; i < PICKS; i++) {
		struct upstream_tries tries = {0};
		struct upstream_server *chosen;
		if (upstream_pick(rush->fixture->upstream, &no_key, &tries, 1, &chosen) !=
			UPSTREAM_PICK_OK)
			continue;
		rush->over += atomic_load(&chosen->active) > MAXIMUM;
		rush->picked++;
		upstream_release(chosen);
	}
	return NULL;
}

Test(upstream_pick, keeps_to_the_maximum_from_many_threads)
{
	static const char *const servers[] = {
		", max_connections: 3", ", max_connections: 3"};
	struct fixture fixture;
	struct rush all = {.fixture = &fixture};
	pthread_t threads[THREADS];
	start(&fixture, "balance: least_connections", servers, 2);
	for (size_t i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, rush, &all), 0);
	for (size_t i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_join(threads[i], NULL), 0);
	cr_expect_eq(all.over, 0);
	cr_expect_gt(all.picked, 0);
	cr_expect_eq(server(&fixture, 0)->active + server(&fixture, 1)->active, 0);
	server_set_finish(&fixture.servers);
}

Test(upstream_pick, goes_by_the_key)
{
	struct fixture fixture;
	size_t moved = 0;
	start(&fixture, "balance: hash:ip", NULL, 3);
	fixture.key.has_hash = true;
	for (fixture.key.hash = 0; fixture.key.hash < 300; fixture.key.hash++) {
		int first = pick(&fixture);
		expect_picks(&fixture, first, 2);
		refuse(&fixture, 2);
		int other = pick(&fixture);
		cr_expect(first == 2 ? other != 2 : other == first);
		moved += first == 2;
		come_back(&fixture, 2);
	}
	cr_expect(moved > 70 && moved < 130, "%zu", moved);
	server_set_finish(&fixture.servers);
}

Test(upstream_pick, spreads_what_has_no_key)
{
	struct fixture fixture;
	start(&fixture, "balance: hash:ip", NULL, 3);
	for (size_t i = 0; i < 300; i++)
		(void)pick(&fixture);
	for (size_t i = 0; i < 3; i++)
		cr_expect_gt(server(&fixture, i)->active, 70);
	server_set_finish(&fixture.servers);
}

// Also of another process, where ids and places may be others.
Test(upstream_pick, chooses_by_names_alone)
{
	struct fixture fixture, other;
	start(&fixture, "balance: hash:ip", NULL, 3);
	start(&other, "balance: hash:ip", NULL, 2);
	fixture.key.has_hash = other.key.has_hash = true;
	for (uint64_t hash = 0; hash < 100; hash++) {
		fixture.key.hash = other.key.hash = hash;
		int chosen = pick(&fixture);
		cr_expect(chosen == 2 || chosen == pick(&other));
	}
	server_set_finish(&fixture.servers);
	server_set_finish(&other.servers);
}

Test(upstream_pick, takes_the_own_server_while_it_can)
{
	static const char *const servers[] = {"", ", max_connections: 2", ""};
	for (size_t i = 0; i < METHODS; i++) {
		struct fixture fixture;
		struct upstream_tries tries = {0};
		start_method(&fixture, i, servers, 3);
		fixture.key.server_id = server(&fixture, 1)->id;
		cr_expect_eq(pick_with(&fixture, &tries), 1);
		cr_expect_neq(pick_with(&fixture, &tries), 1, "it was tried");
		expect_picks(&fixture, 1, 1);
		cr_expect_neq(pick(&fixture), 1, "it is full");
		fixture.key.is_bound = true;
		cr_expect_eq(pick(&fixture), -2, "waits");
		refuse(&fixture, 1);
		cr_expect_geq(pick(&fixture), 0, "it is out");
		fixture.key.server_id = 12345; // that was
		cr_expect_geq(pick(&fixture), 0);
		server_set_finish(&fixture.servers);
	}
}

Test(upstream_pick, starts_slowly_who_came_back)
{
	struct fixture fixture;
	start(&fixture, "balance: round_robin\n    slow_start: 100s", NULL, 2);
	refuse(&fixture, 1);
	come_back(&fixture, 1);
	static const uint64_t expected[] = {5, 27, 50, 50}; // per cent, of the turns
	for (size_t i = 0; i < 4; i++) {
		server(&fixture, 0)->active = server(&fixture, 1)->active = 0;
		for (size_t j = 0; j < 2000; j++)
			(void)pick(&fixture);
		uint64_t share = server(&fixture, 1)->active / 20;
		cr_expect(share + 3 >= expected[i] && share <= expected[i] + 3,
			"%lu %% in step %zu", share, i);
		fixture.now += 50000;
	}
	server_set_finish(&fixture.servers);
}

static struct conf *load_servers(size_t count)
{
	struct buf text = BUF_INIT;
	buf_printf(&text, HEAD "    slow_start: 100s\n    servers:\n");
	for (size_t i = 0; i < count; i++)
		buf_printf(&text, "      - http://10.0.0.%zu:80\n", i + 1);
	buf_append(&text, "", 1);
	struct conf *conf = conf_text_load(text.data);
	buf_finish(&text);
	return conf;
}

Test(upstream_pick, starts_slowly_who_is_added)
{
	struct server_set servers;
	server_set_start(&servers, load_servers(2));
	cr_expect_eq(server_set_get(&servers, 0, 0)->came_ms, 0, "there from the start");
	server_set_rebuild(&servers, load_servers(3));
	cr_expect_eq(server_set_get(&servers, 0, 1)->came_ms, 0);
	cr_expect_neq(server_set_get(&servers, 0, 2)->came_ms, 0);
	server_set_finish(&servers);
}

Test(upstream_pick, keeps_queue_and_sessions_over_sets)
{
	struct fixture fixture;
	static const char *const servers[] = {", max_connections: 1"};
	start(&fixture, "session: engine_io", servers, 1);
	struct upstream before = *fixture.upstream;
	cr_assert(before.queue && before.sessions && !before.tokens);
	server_set_rebuild(&fixture.servers, NULL);
	fixture.upstream = &fixture.servers.set->upstreams[0];
	cr_expect_eq(fixture.upstream->queue, before.queue);
	cr_expect_eq(fixture.upstream->sessions, before.sessions);
	server_set_finish(&fixture.servers);
}

Test(upstream_pick, keeps_tokens_over_sets)
{
	struct fixture fixture;
	start(&fixture, "balance: sticky", NULL, 2);
	struct sticky_token before = fixture.upstream->tokens[1];
	server_set_rebuild(&fixture.servers, NULL);
	cr_expect(sticky_is_equal(&fixture.servers.set->upstreams[0].tokens[1],
		(struct str){before.text, STICKY_TOKEN_LENGTH}));
	server_set_finish(&fixture.servers);
}
