// SPDX-License-Identifier: MIT
// A stream that connects, and one whose connection breaks.
#include "wherry/net/stream.h"

#include <errno.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "stream_fixture.h"

Test(stream_connect, abort_resets)
{
	struct fixture fixture;
	char byte;

	fixture_start_tcp(&fixture);
	stream_abort(fixture.stream);
	fixture_destroy_stream(&fixture);
	cr_expect_eq(recv(fixture.peer, &byte, 1, 0), -1);
	cr_expect_eq(errno, ECONNRESET);
	fixture_finish(&fixture);
}

// The failing write eats the socket's error, so that the next read says 0: that is no
// orderly end.
Test(stream_connect, tells_a_reset_that_a_write_met_first)
{
	struct fixture fixture;

	fixture_start_tcp(&fixture);
	stream_resume(fixture.stream);
	fixture_reset_peer(&fixture);
	stream_write(fixture.stream, "hello", 5);
	cr_expect(stream_is_broken(fixture.stream));
	cr_expect_eq(fixture.end_count, 0, "called back inside stream_write");
	while (fixture.end_count == 0)
		fixture_turn(&fixture);
	cr_expect_eq(fixture.last_end, STREAM_END_ERROR);
	cr_expect_eq(stream_error(fixture.stream), ECONNRESET);
	fixture_settle(&fixture);
	cr_expect_eq(fixture.end_count, 1);
	fixture_finish(&fixture);
}

Test(stream_connect, lends_what_arrived_before_the_reset_of_a_write)
{
	struct fixture fixture;

	fixture_start(&fixture);
	fixture_send(&fixture, "last", 4);
	fixture_close_peer(&fixture);
	stream_write(fixture.stream, "hello", 5);
	cr_expect(stream_is_broken(fixture.stream));
	stream_resume(fixture.stream);
	while (fixture.end_count == 0)
		fixture_turn(&fixture);
	cr_expect_eq(fixture.taken.length, 4);
	cr_expect_eq(fixture.last_end, STREAM_END_ERROR);
	fixture_finish(&fixture);
}

// After the peer's FIN there is no read left that could meet the end of the writing.
Test(stream_connect, tells_a_broken_write_after_the_end_of_reading)
{
	struct fixture fixture;

	fixture_start(&fixture);
	stream_resume(fixture.stream);
	cr_assert_eq(shutdown(fixture.peer, SHUT_WR), 0);
	while (fixture.end_count == 0)
		fixture_turn(&fixture);
	cr_expect_eq(fixture.last_end, STREAM_END_EOF);
	fixture_close_peer(&fixture);
	stream_write(fixture.stream, "hello", 5);
	cr_expect_eq(fixture.end_count, 1, "called back inside stream_write");
	fixture_settle(&fixture);
	cr_expect_eq(fixture.end_count, 2);
	cr_expect_eq(fixture.last_end, STREAM_END_ERROR);
	cr_expect_eq(stream_error(fixture.stream), EPIPE);
	fixture_finish(&fixture);
}

static int dial(const struct addr *address)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	cr_assert_geq(fd, 0);
	(void)connect(fd, &address->any, address->length); // EINPROGRESS
	return fd;
}

static int listen_on(struct addr *address)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert(addr_parse(STR("127.0.0.1:0"), address));
	cr_assert_eq(bind(fd, &address->any, address->length), 0);
	cr_assert_eq(getsockname(fd, &address->any, &address->length), 0);
	return fd;
}

Test(stream_connect, sends_what_was_written_while_connecting)
{
	struct fixture fixture;
	struct addr address;
	int listening = listen_on(&address);

	cr_assert_eq(listen(listening, 1), 0);
	fixture_start_with(
		&fixture, dial(&address), -1, STREAM_CONNECTING, FIXTURE_STALL_MS);
	stream_resume(fixture.stream);
	stream_write(fixture.stream, "early", 5);
	stream_shutdown(fixture.stream);
	while (fixture.connect_count == 0)
		fixture_turn(&fixture);
	fixture.peer = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	fixture_settle(&fixture);
	struct buf received = BUF_INIT;
	cr_expect(fixture_receive(&fixture, &received));
	cr_expect(str_equal(buf_str(&received), STR("early")));
	fixture_send(&fixture, "answer", 6);
	fixture_turn(&fixture);
	cr_expect_eq(fixture.taken.length, 6);
	cr_expect_eq(fixture.connect_count, 1);
	buf_finish(&received);
	close(listening);
	fixture_finish(&fixture);
}

Test(stream_connect, tells_a_refused_connect)
{
	struct fixture fixture;
	struct addr address;
	int bound = listen_on(&address); // and does not listen

	fixture_start_with(
		&fixture, dial(&address), -1, STREAM_CONNECTING, FIXTURE_STALL_MS);
	stream_write(fixture.stream, "early", 5);
	while (fixture.end_count == 0)
		fixture_turn(&fixture);
	cr_expect_eq(fixture.last_end, STREAM_END_ERROR);
	cr_expect_eq(stream_error(fixture.stream), ECONNREFUSED);
	cr_expect_eq(fixture.connect_count, 0);
	close(bound);
	fixture_finish(&fixture);
}

Test(stream_connect, may_be_destroyed_in_on_connect)
{
	struct fixture fixture;
	struct addr address;
	int listening = listen_on(&address);

	cr_assert_eq(listen(listening, 1), 0);
	fixture_start_with(
		&fixture, dial(&address), -1, STREAM_CONNECTING, FIXTURE_STALL_MS);
	fixture.on_connect = ACT_DESTROY;
	stream_resume(fixture.stream);
	stream_write(fixture.stream, "early", 5);
	fixture_settle(&fixture);
	cr_expect_eq(fixture.connect_count, 1);
	close(listening);
	fixture_finish(&fixture);
}
