// SPDX-License-Identifier: MIT
// How reading ends: FIN and reset, also while paused, and destruction in callbacks.
#include "wherry/net/stream.h"

#include <errno.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "stream_fixture.h"
#include "wherry/base/now.h"

static void expect_taken(const struct fixture *fixture, struct str expected)
{
	cr_expect(str_equal(buf_str(&fixture->taken), expected), "taken: %.*s",
		STR_ARG(buf_str(&fixture->taken)));
}

Test(stream_end, tells_the_end_once_and_writes_on)
{
	struct fixture fixture;
	struct buf received = BUF_INIT;

	fixture_start(&fixture);
	stream_resume(fixture.stream);
	fixture_send(&fixture, "last", 4);
	cr_assert_eq(shutdown(fixture.peer, SHUT_WR), 0);
	fixture_settle(&fixture);
	expect_taken(&fixture, STR("last"));
	cr_expect_eq(fixture.end_count, 1);
	cr_expect_eq(fixture.last_end, STREAM_END_EOF);
	stream_pause(fixture.stream);
	stream_resume(fixture.stream);
	fixture_settle(&fixture);
	cr_expect_eq(fixture.end_count, 1);
	stream_write(fixture.stream, "answer", 6);
	cr_expect_not(fixture_receive(&fixture, &received));
	cr_expect(str_equal(buf_str(&received), STR("answer")));
	buf_finish(&received);
	fixture_finish(&fixture);
}

Test(stream_end, tells_the_end_after_bytes_that_came_while_paused)
{
	struct fixture fixture;

	fixture_start(&fixture);
	fixture_send(&fixture, "last", 4);
	fixture_close_peer(&fixture);
	fixture_settle(&fixture);
	cr_expect_eq(fixture.data_count + fixture.end_count, 0);
	stream_resume(fixture.stream);
	fixture_settle(&fixture);
	expect_taken(&fixture, STR("last"));
	cr_expect_eq(fixture.end_count, 1);
	cr_expect_eq(fixture.last_end, STREAM_END_EOF);
	fixture_finish(&fixture);
}

static void resume_stream(evutil_socket_t fd, short events, void *arg)
{
	stream_resume(arg);
}

// The end is there already when the stream is resumed, in the same turn of the loop.
Test(stream_end, tells_the_end_after_bytes_that_were_kept)
{
	struct fixture fixture;
	struct event event;
	int pair[2];

	fixture_start(&fixture);
	fixture.take_at_most = 2;
	fixture.on_data = ACT_PAUSE;
	stream_resume(fixture.stream);
	fixture_send(&fixture, "abcde", 5);
	fixture_turn(&fixture);
	fixture_settle(&fixture);
	fixture.take_at_most = SIZE_MAX;
	fixture.on_data = ACT_NONE;
	fixture.on_end = ACT_DESTROY;
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	cr_assert_eq(event_assign(&event, loop_base(fixture.loop), pair[0], EV_READ,
			     resume_stream, fixture.stream),
		0);
	cr_assert_eq(event_add(&event, NULL), 0);
	cr_assert_eq(send(pair[1], "x", 1, 0), 1); // first of the turn
	fixture_close_peer(&fixture);
	while (fixture.end_count == 0)
		fixture_turn(&fixture);
	expect_taken(&fixture, STR("abcde"));
	cr_expect_eq(fixture.last_end, STREAM_END_EOF);
	close(pair[0]);
	close(pair[1]);
	fixture_finish(&fixture);
}

// A paused stream has no event: its peer's end turns no loop.
static void expect_sleep(struct fixture *fixture)
{
	uint64_t until_ms = now_ms() + 50;
	size_t turns = 0;

	for (; now_ms() < until_ms; turns++) {
		struct timeval wait = {.tv_usec = 10 * 1000};

		cr_assert_eq(event_base_loopexit(loop_base(fixture->loop), &wait), 0);
		cr_assert_geq(event_base_dispatch(loop_base(fixture->loop)), 0);
	}
	cr_expect_lt(turns, 20, "%zu turns", turns);
	cr_expect_eq(fixture->end_count, 0);
}

Test(stream_end, sleeps_over_an_end_while_paused)
{
	struct fixture fixture;

	fixture_start_tcp(&fixture);
	stream_resume(fixture.stream);
	stream_pause(fixture.stream);
	fixture_send(&fixture, "last", 4);
	fixture_close_peer(&fixture);
	expect_sleep(&fixture);
	stream_resume(fixture.stream);
	fixture_settle(&fixture);
	expect_taken(&fixture, STR("last"));
	cr_expect_eq(fixture.last_end, STREAM_END_EOF);
	fixture_finish(&fixture);
}

Test(stream_end, sleeps_over_a_reset_while_paused)
{
	struct fixture fixture;

	fixture_start_tcp(&fixture);
	stream_resume(fixture.stream);
	stream_pause(fixture.stream);
	fixture_reset_peer(&fixture);
	expect_sleep(&fixture);
	stream_resume(fixture.stream);
	while (fixture.end_count == 0)
		fixture_turn(&fixture);
	cr_expect_eq(fixture.last_end, STREAM_END_ERROR);
	cr_expect_eq(stream_error(fixture.stream), ECONNRESET);
	fixture_finish(&fixture);
}

Test(stream_end, may_be_destroyed_in_its_callbacks)
{
	for (size_t keep = 0; keep < 2; keep++) {
		struct fixture fixture;

		fixture_start(&fixture);
		fixture.take_at_most = keep ? 1 : SIZE_MAX;
		fixture.on_data = ACT_DESTROY;
		stream_resume(fixture.stream);
		fixture_send(&fixture, "hello", 5);
		fixture_settle(&fixture);
		cr_expect_eq(fixture.data_count, 1);
		fixture_close_peer(&fixture);
		fixture_settle(&fixture);
		cr_expect_eq(fixture.end_count, 0);
		fixture_finish(&fixture);
	}
	struct fixture fixture;
	fixture_start(&fixture);
	fixture.on_end = ACT_DESTROY;
	stream_resume(fixture.stream);
	fixture_close_peer(&fixture);
	fixture_settle(&fixture);
	cr_expect_eq(fixture.end_count, 1);
	fixture_finish(&fixture);
}

Test(stream_end, may_be_destroyed_while_kept_bytes_are_lent_again)
{
	struct fixture fixture;

	fixture_start(&fixture);
	fixture.take_from = SIZE_MAX;
	stream_resume(fixture.stream);
	fixture_send(&fixture, "hello", 5);
	fixture_turn(&fixture);
	stream_resume(fixture.stream);
	fixture.on_data = ACT_DESTROY;
	fixture_settle(&fixture);
	cr_expect_eq(fixture.data_count, 2);
	fixture_finish(&fixture);
}

Test(stream_end, calls_nobody_once_destroyed)
{
	struct fixture fixture;

	fixture_start(&fixture);
	fixture.take_from = SIZE_MAX;
	stream_resume(fixture.stream);
	fixture_send(&fixture, "hello", 5);
	fixture_turn(&fixture);
	stream_resume(fixture.stream); // would lend again
	fixture_send(&fixture, "more", 4);
	fixture_destroy_stream(&fixture);
	fixture_settle(&fixture);
	cr_expect_eq(fixture.data_count, 1);
	stream_destroy(NULL);
	fixture_finish(&fixture);
}
