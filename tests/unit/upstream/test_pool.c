// SPDX-License-Identifier: MIT
// Dialling and keeping connections to listeners on loopback.
#include "wherry/upstream/pool.h"

#include <errno.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "conf_text.h"
#include "pool_fixture.h"
#include "wherry/base/now.h"

#define CONF(pool)                                                                       \
	"listeners: [{ address: 127.0.0.1:0 }]\n"                                        \
	"routes: [{ match: { path: / }, to: app }]\n"                                    \
	"upstreams:\n"                                                                   \
	"  app:\n"                                                                       \
	"    pool: " pool "\n"                                                           \
	"    servers: [{ url: http://backend.test:80 }]\n"

Test(pool, dials_where_the_server_is)
{
	struct fixture fixture;
	int peer;

	fixture_start(&fixture, CONF("{ idle: 60s, size: 2 }"));
	fixture_set_addresses(&fixture, 0, 2);
	for (size_t i = 0; i < 6; i++) {
		stream_destroy(fixture_connect(&fixture, i % 2, &peer));
		fixture_expect_closed(peer);
	}
	fixture_finish(&fixture);
}

Test(pool, tells_what_refuses_at_once)
{
	struct fixture fixture;
	struct upstream_server server = {0};
	int error = 0;

	fixture_start(&fixture, CONF("{ idle: 60s, size: 2 }"));
	cr_assert(addr_parse(STR("unix:/nonexistent/wherry"), &server.address));
	cr_expect_null(pool_dial(fixture.pool, &server, &error));
	cr_expect_eq(error, ENOENT);
	fixture_finish(&fixture);
}

Test(pool, take_gives_the_warmest_back_paused)
{
	struct fixture fixture;
	int peers[2];
	struct stream *streams[2];

	fixture_start(&fixture, CONF("{ idle: 60s, size: 2 }"));
	fixture_set_addresses(&fixture, 0, 1);
	cr_expect_null(pool_take(fixture.pool, fixture.listening[0]));
	for (size_t i = 0; i < 2; i++) {
		streams[i] = fixture_connect(&fixture, 0, &peers[i]);
		fixture_expect_open(peers[i]);
	}
	pool_give(fixture.pool, fixture.listening[0], streams[1]);
	pool_give(fixture.pool, fixture.listening[0], streams[0]);
	for (size_t i = 0; i < 2; i++) {
		cr_expect_eq(pool_take(fixture.pool, fixture.listening[0]), streams[i]);
		cr_expect(stream_is_paused(streams[i]));
	}
	cr_expect_null(pool_take(fixture.pool, fixture.listening[0]));
	for (size_t i = 0; i < 2; i++) {
		stream_destroy(streams[i]);
		fixture_expect_closed(peers[i]);
	}
	fixture_finish(&fixture);
}

Test(pool, leaves_a_taken_connection_to_its_taker)
{
	struct fixture fixture;
	int peer;

	fixture_start(&fixture, CONF("{ idle: 60s, size: 2 }"));
	fixture_set_addresses(&fixture, 0, 1);
	pool_give(
		fixture.pool, fixture.listening[0], fixture_connect(&fixture, 0, &peer));
	struct stream *stream = pool_take(fixture.pool, fixture.listening[0]);
	cr_assert_not_null(stream);
	stream_set_handler(stream, &fixture_handler, &fixture);
	stream_resume(stream);
	close(peer);
	cr_assert(loop_run(fixture.loop));
	cr_expect_eq(fixture.end_count, 1);
	stream_destroy(stream);
	fixture_finish(&fixture);
}

Test(pool, closes_what_is_given_beyond_its_size)
{
	struct fixture fixture;
	int peers[3];

	fixture_start(&fixture, CONF("{ idle: 60s, size: 2 }"));
	fixture_set_addresses(&fixture, 0, 1);
	for (size_t i = 0; i < 3; i++)
		pool_give(fixture.pool, fixture.listening[0],
			fixture_connect(&fixture, 0, &peers[i]));
	fixture_expect_open(peers[0]);
	fixture_expect_open(peers[1]);
	fixture_expect_closed(peers[2]);
	pool_destroy(fixture.pool);
	fixture.pool = NULL;
	fixture_expect_closed(peers[0]);
	fixture_expect_closed(peers[1]);
	fixture_finish(&fixture);
}

Test(pool, closes_an_idle_connection_that_ends)
{
	struct fixture fixture;
	int peer;

	fixture_start(&fixture, CONF("{ idle: 60s, size: 2 }"));
	fixture_set_addresses(&fixture, 0, 1);
	pool_give(
		fixture.pool, fixture.listening[0], fixture_connect(&fixture, 0, &peer));
	cr_assert_eq(shutdown(peer, SHUT_WR), 0);
	fixture_run_until_closed(&fixture, peer);
	cr_expect_null(pool_take(fixture.pool, fixture.listening[0]));
	fixture_finish(&fixture);
}

Test(pool, closes_an_idle_connection_that_speaks)
{
	struct fixture fixture;
	int peer;

	fixture_start(&fixture, CONF("{ idle: 60s, size: 2 }"));
	fixture_set_addresses(&fixture, 0, 1);
	pool_give(
		fixture.pool, fixture.listening[0], fixture_connect(&fixture, 0, &peer));
	cr_assert_eq(send(peer, "HTTP/1.1 200 OK\r\n\r\n", 19, 0), 19);
	fixture_run_until_closed(&fixture, peer);
	cr_expect_null(pool_take(fixture.pool, fixture.listening[0]));
	fixture_finish(&fixture);
}

Test(pool, keeps_no_connection_with_bytes_unread)
{
	struct fixture fixture;
	int peer;

	fixture_start(&fixture, CONF("{ idle: 60s, size: 2 }"));
	fixture_set_addresses(&fixture, 0, 1);
	struct stream *stream = fixture_connect(&fixture, 0, &peer);
	stream_resume(stream);
	cr_assert_eq(send(peer, "x", 1, 0), 1);
	cr_assert(loop_run(fixture.loop));
	cr_assert_eq(stream_kept_length(stream), 1);
	pool_give(fixture.pool, fixture.listening[0], stream);
	cr_expect_null(pool_take(fixture.pool, fixture.listening[0]));
	fixture_expect_closed(peer);
	fixture_finish(&fixture);
}

Test(pool, closes_an_idle_connection_that_kept_bytes)
{
	struct fixture fixture;
	int peer;

	fixture_start(&fixture, CONF("{ idle: 60s, size: 2 }"));
	fixture_set_addresses(&fixture, 0, 1);
	struct stream *stream = fixture_connect(&fixture, 0, &peer);
	stream_resume(stream);
	cr_assert_eq(send(peer, "x", 1, 0), 1);
	cr_assert(loop_run(fixture.loop));
	pool_give(fixture.pool, fixture.listening[0], stream);
	fixture_run_until_closed(&fixture, peer);
	fixture_finish(&fixture);
}

Test(pool, closes_idle_connections_when_their_time_is_over)
{
	struct fixture fixture;
	int peers[2];
	uint64_t began_ms = now_ms();

	fixture_start(&fixture, CONF("{ idle: 100ms, size: 2 }"));
	fixture_set_addresses(&fixture, 0, 1);
	for (size_t i = 0; i < 2; i++)
		pool_give(fixture.pool, fixture.listening[0],
			fixture_connect(&fixture, 0, &peers[i]));
	for (size_t i = 0; i < 2; i++)
		fixture_run_until_closed(&fixture, peers[i]);
	cr_expect_geq(now_ms() - began_ms, 90); // the clock is coarse
	cr_expect_null(pool_take(fixture.pool, fixture.listening[0]));
	fixture_finish(&fixture);
}

Test(pool, closes_idle_connections_to_addresses_that_are_gone)
{
	struct fixture fixture;
	int peers[FIXTURE_LISTENERS], late_peer;

	fixture_start(&fixture, CONF("{ idle: 60s, size: 4 }"));
	fixture_set_addresses(&fixture, 0, 2);
	struct stream *streams[FIXTURE_LISTENERS];
	for (size_t i = 0; i < FIXTURE_LISTENERS; i++)
		streams[i] = fixture_connect(&fixture, i, &peers[i]);
	struct stream *late = fixture_connect(&fixture, 0, &late_peer);
	for (size_t i = 0; i < FIXTURE_LISTENERS; i++)
		pool_give(fixture.pool, fixture.listening[i], streams[i]);
	fixture_set_addresses(&fixture, 1, 1);
	fixture_expect_closed(peers[0]);
	fixture_expect_open(peers[1]);
	fixture_expect_open(late_peer); // was busy, and may end its work
	pool_give(fixture.pool, fixture.listening[0], late);
	fixture_expect_closed(late_peer);
	struct stream *kept = pool_take(fixture.pool, fixture.listening[1]);
	cr_expect_eq(kept, streams[1]);
	pool_give(fixture.pool, fixture.listening[1], kept);
	fixture_expect_open(peers[1]);
	close(peers[1]);
	fixture_finish(&fixture);
}

Test(pool, keeps_what_another_configuration_says)
{
	struct fixture fixture;
	int peers[3];

	fixture_start(&fixture, CONF("{ idle: 60s, size: 3 }"));
	fixture_set_addresses(&fixture, 0, 1);
	struct stream *streams[3];
	for (size_t i = 0; i < 3; i++)
		streams[i] = fixture_connect(&fixture, 0, &peers[i]);
	for (size_t i = 0; i < 3; i++)
		pool_give(fixture.pool, fixture.listening[0], streams[i]);
	server_set_rebuild(
		&fixture.servers, conf_text_load(CONF("{ idle: 100ms, size: 1 }")));
	pool_adopt(fixture.pool, fixture.servers.set);
	fixture_expect_closed(peers[0]);
	fixture_expect_closed(peers[1]);
	fixture_expect_open(peers[2]);
	fixture_run_until_closed(&fixture, peers[2]);
	fixture_finish(&fixture);
}

Test(pool, gives_a_slot_s_place_to_its_next_server)
{
	struct fixture fixture;
	struct upstream_server next;
	int peer;

	fixture_start(&fixture, CONF("{ idle: 60s, size: 2 }"));
	fixture_set_addresses(&fixture, 0, 1);
	pool_give(
		fixture.pool, fixture.listening[0], fixture_connect(&fixture, 0, &peer));
	next = *fixture.listening[0];
	next.id++;
	cr_expect_null(pool_take(fixture.pool, &next));
	struct upstream_member member = {.server = &next};
	struct upstream upstream = {
		.conf = fixture.servers.set->upstreams[0].conf,
		.members = &member,
		.member_count = 1,
	};
	struct upstream_set set = {.conf = fixture.servers.conf,
		.upstreams = &upstream,
		.upstream_count = 1};
	pool_adopt(fixture.pool, &set);
	fixture_expect_closed(peer);
	fixture_finish(&fixture);
}

Test(pool, keeps_nothing_once_closed)
{
	struct fixture fixture;
	int peers[2];

	fixture_start(&fixture, CONF("{ idle: 60s, size: 4 }"));
	fixture_set_addresses(&fixture, 0, 1);
	struct stream *busy = fixture_connect(&fixture, 0, &peers[0]);
	pool_give(fixture.pool, fixture.listening[0],
		fixture_connect(&fixture, 0, &peers[1]));
	pool_close(fixture.pool);
	fixture_expect_closed(peers[1]);
	fixture_expect_open(peers[0]);
	pool_give(fixture.pool, fixture.listening[0], busy);
	fixture_expect_closed(peers[0]);
	cr_expect_null(pool_take(fixture.pool, fixture.listening[0]));
	fixture_finish(&fixture);
}
