// SPDX-License-Identifier: MIT
// From what requests find out to who is passed over: kinds of failures, and how much of a
// group may be.
#include "wherry/upstream/upstream_note.h"

#include <stdio.h>

#include <criterion/criterion.h>

#include "conf_text.h"
#include "server_set.h"
#include "wherry/upstream/health.h"

static struct upstream *load(struct server_set *servers, size_t count, const char *keys)
{
	char text[1024];
	int length = snprintf(text, sizeof(text),
		"listeners: [{ address: 127.0.0.1:0 }]\n"
		"routes: [{ to: app }]\n"
		"upstreams:\n"
		"  app:\n"
		"    ejection: { errors: 3, %s }\n"
		"    servers:\n",
		keys);

	for (size_t i = 0; i < count; i++)
		length += snprintf(text + length, sizeof(text) - (size_t)length,
			"      - http://10.0.0.%zu:80\n", i + 1);
	server_set_start(servers, conf_text_load(text));
	return &servers->set->upstreams[0];
}

static void fail(struct upstream *upstream, size_t index, size_t times, uint64_t now)
{
	for (size_t i = 0; i < times; i++)
		upstream_note_error(
			upstream, upstream->members[index].server, now, "a test");
}

static void answer(struct upstream *upstream, unsigned status, bool is_handshake,
	uint64_t took_ms, uint64_t now)
{
	struct upstream_answer news = {
		.status = status,
		.is_handshake = is_handshake,
		.sent_ms = now - took_ms,
		.now = now,
	};

	upstream_note_answer(upstream, upstream->members[0].server, &news);
}

static size_t count_healthy(const struct upstream *upstream, uint64_t now)
{
	size_t count = 0;

	for (size_t i = 0; i < upstream->member_count; i++)
		count += upstream_is_healthy(upstream->members[i].server, now);
	return count;
}

Test(upstream_note, ejects_at_most_a_share_for_errors)
{
	for (size_t count = 1; count <= 7; count++) {
		struct server_set servers;
		struct upstream *upstream = load(&servers, count, "max_percent: 50");

		for (size_t i = 0; i < count; i++)
			fail(upstream, i, 9, 1000);
		cr_expect_eq(
			count_healthy(upstream, 1000), count - count / 2, "%zu", count);
		server_set_finish(&servers);
	}
}

Test(upstream_note, counts_servers_that_are_down_in_the_share)
{
	struct server_set servers;
	struct upstream *upstream = load(&servers, 4, "max_percent: 50");

	atomic_store(&upstream->members[0].server->health, HEALTH_DOWN);
	upstream_note_connect_error(
		upstream, upstream->members[1].server, 1000, "a test");
	fail(upstream, 2, 9, 1000);
	cr_expect_eq(count_healthy(upstream, 1000), 2);
	server_set_finish(&servers);
}

Test(upstream_note, ejects_whoever_can_not_be_connected)
{
	struct server_set servers;
	struct upstream *upstream = load(&servers, 3, "max_percent: 0");

	for (size_t i = 0; i < 3; i++)
		upstream_note_connect_error(
			upstream, upstream->members[i].server, 1000, "a test");
	cr_expect_eq(count_healthy(upstream, 1000), 0);
	cr_expect(upstream_is_in_panic(upstream, 1000));
	answer(upstream, 200, false, 0, 1500);
	cr_expect_eq(count_healthy(upstream, 1500), 1);
	cr_expect_eq(count_healthy(upstream, 2000), 3);
	server_set_finish(&servers);
}

Test(upstream_note, takes_for_failures_what_the_keys_say)
{
	static const struct {
		const char *keys;
		unsigned status;
		bool is_handshake;
		uint64_t took_ms;
		bool ejects;
	} rows[] = {
		{"status_5xx: false", 500, false, 0, false},
		{"status_5xx: true", 500, false, 0, true},
		{"status_5xx: true", 499, false, 0, false},
		{"refused_handshakes: false", 403, true, 0, false},
		{"refused_handshakes: true", 403, true, 0, true},
		{"refused_handshakes: true", 403, false, 0, false},
		{"refused_handshakes: true", 101, true, 0, false},
		{"latency: off", 200, false, 600000, false},
		{"latency: 1s", 200, false, 1001, true},
		{"latency: 1s", 200, false, 1000, false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct server_set servers;
		struct upstream *upstream = load(&servers, 2, rows[i].keys);

		for (size_t j = 0; j < 3; j++)
			answer(upstream, rows[i].status, rows[i].is_handshake,
				rows[i].took_ms, 1000000);
		cr_expect_eq(count_healthy(upstream, 1000000), rows[i].ejects ? 1 : 2,
			"row %zu", i);
		server_set_finish(&servers);
	}
}

Test(upstream_note, forgets_failures_at_a_good_answer)
{
	struct server_set servers;
	struct upstream *upstream = load(&servers, 2, "status_5xx: true");

	for (size_t i = 0; i < 9; i++) {
		fail(upstream, 0, 1, 1000);
		answer(upstream, 502, false, 0, 1000);
		answer(upstream, 200, false, 0, 1000);
	}
	cr_expect_eq(count_healthy(upstream, 1000), 2);
	server_set_finish(&servers);
}
