// SPDX-License-Identifier: MIT
// A stream's writing side: through, queued, stalled, corked, shut down.
#include "wherry/net/stream.h"

#include <criterion/criterion.h>

#include "socket_pair.h"
#include "stream_fixture.h"
#include "wherry/base/now.h"

enum {
	PIECE = 16 * 1024
};

static void expect_received(struct fixture *fixture, struct str expected)
{
	struct buf received = BUF_INIT;

	(void)fixture_receive(fixture, &received);
	cr_expect(str_equal(buf_str(&received), expected), "received: %.*s",
		STR_ARG(buf_str(&received)));
	buf_finish(&received);
}

// Byte n of all that the tests write.
static uint8_t byte_at(size_t n)
{
	return (uint8_t)(n * 31 + n / 256);
}

// The next piece of what was accepted so far.
static void write_piece(struct fixture *fixture)
{
	uint8_t piece[PIECE];
	size_t from = (size_t)stream_bytes_out(fixture->stream);

	for (size_t i = 0; i < PIECE; i++)
		piece[i] = byte_at(from + i);
	stream_write(fixture->stream, piece, PIECE);
}

static void write_until_full(struct fixture *fixture)
{
	while (!stream_is_full(fixture->stream))
		write_piece(fixture);
}

// Runs until the peer has received that many bytes, all of them right.
static void receive_exactly(struct fixture *fixture, size_t length)
{
	struct buf received = BUF_INIT;

	while (received.length < length) {
		fixture_settle(fixture);
		cr_assert_not(fixture_receive(fixture, &received));
	}
	cr_assert_eq(received.length, length);
	for (size_t i = 0; i < length; i++)
		cr_assert_eq((uint8_t)received.data[i], byte_at(i), "at %zu", i);
	buf_finish(&received);
}

Test(stream_output, writes_straight_through)
{
	struct fixture fixture;
	const struct iovec pieces[] = {{"one ", 4}, {"", 0}, {"two ", 4}, {"three", 5}};

	fixture_start(&fixture);
	stream_write(fixture.stream, "zero ", 5);
	stream_writev(fixture.stream, pieces, 4);
	cr_expect_eq(stream_queued_length(fixture.stream), 0);
	expect_received(&fixture, STR("zero one two three"));
	cr_expect_eq(stream_bytes_out(fixture.stream), 18);
	fixture_finish(&fixture);
}

Test(stream_output, queues_what_the_kernel_refuses)
{
	struct fixture fixture;

	fixture_start(&fixture);
	write_until_full(&fixture);
	cr_expect_geq(stream_queued_length(fixture.stream), STREAM_HIGH_BYTES);
	cr_expect_lt(stream_queued_length(fixture.stream), STREAM_HIGH_BYTES + PIECE);
	cr_expect_eq(fixture.drain_count, 0);
	receive_exactly(&fixture, (size_t)stream_bytes_out(fixture.stream));
	cr_expect_eq(stream_queued_length(fixture.stream), 0);
	cr_expect_not(stream_is_full(fixture.stream));
	cr_expect_eq(fixture.drain_count, 1);
	fixture_finish(&fixture);
}

Test(stream_output, keeps_the_order_of_pieces_cut_by_the_kernel)
{
	struct fixture fixture;
	uint8_t first[PIECE - 1], second[PIECE + 1];

	fixture_start(&fixture);
	while (!stream_is_full(fixture.stream)) {
		size_t from = (size_t)stream_bytes_out(fixture.stream);
		struct iovec pieces[] = {
			{first, sizeof(first)}, {second, sizeof(second)}};

		for (size_t i = 0; i < sizeof(first); i++)
			first[i] = byte_at(from + i);
		for (size_t i = 0; i < sizeof(second); i++)
			second[i] = byte_at(from + sizeof(first) + i);
		stream_writev(fixture.stream, pieces, 2);
	}
	receive_exactly(&fixture, (size_t)stream_bytes_out(fixture.stream));
	fixture_finish(&fixture);
}

Test(stream_output, may_be_destroyed_in_on_drain)
{
	struct fixture fixture;
	struct buf received = BUF_INIT;

	fixture_start(&fixture);
	fixture.on_drain = ACT_DESTROY;
	write_until_full(&fixture);
	while (fixture.stream) {
		(void)fixture_receive(&fixture, &received);
		fixture_turn(&fixture);
	}
	cr_expect_eq(fixture.drain_count, 1);
	buf_finish(&received);
	fixture_finish(&fixture);
}

Test(stream_output, ends_when_the_peer_takes_nothing)
{
	struct fixture fixture;
	int pair[2];
	uint64_t began_ms = now_ms();

	socket_pair_tcp(pair);
	fixture_start_with(&fixture, pair[0], pair[1], STREAM_CONNECTED, 100);
	stream_resume(fixture.stream);
	write_until_full(&fixture);
	while (fixture.end_count == 0)
		fixture_turn(&fixture);
	cr_expect_eq(fixture.last_end, STREAM_END_STALL);
	cr_expect_geq(now_ms() - began_ms, 90); // the clock is coarse
	cr_expect(stream_is_broken(fixture.stream));
	cr_expect_eq(stream_queued_length(fixture.stream), 0);
	fixture_settle(&fixture);
	cr_expect_eq(fixture.end_count, 1);
	fixture_finish(&fixture);
}

Test(stream_output, stalls_while_paused_too)
{
	struct fixture fixture;
	int pair[2];

	socket_pair_tcp(pair);
	fixture_start_with(&fixture, pair[0], pair[1], STREAM_CONNECTED, 50);
	fixture.on_end = ACT_DESTROY;
	write_until_full(&fixture);
	while (fixture.end_count == 0)
		fixture_turn(&fixture);
	cr_expect_eq(fixture.last_end, STREAM_END_STALL);
	fixture_finish(&fixture);
}

Test(stream_output, does_not_stall_without_a_queue)
{
	struct fixture fixture;
	int pair[2];
	uint64_t began_ms = now_ms();

	socket_pair_tcp(pair);
	fixture_start_with(&fixture, pair[0], pair[1], STREAM_CONNECTED, 20);
	stream_resume(fixture.stream);
	stream_write(fixture.stream, "x", 1);
	while (now_ms() < began_ms + 60) {
		struct timeval wait = {.tv_usec = 10 * 1000};

		cr_assert_eq(event_base_loopexit(loop_base(fixture.loop), &wait), 0);
		cr_assert_geq(event_base_dispatch(loop_base(fixture.loop)), 0);
	}
	cr_expect_eq(fixture.end_count, 0);
	fixture_finish(&fixture);
}

Test(stream_output, cork_gathers_small_writes)
{
	struct fixture fixture;

	fixture_start(&fixture);
	stream_cork(fixture.stream);
	stream_write(fixture.stream, "one ", 4);
	stream_write(fixture.stream, "two", 3);
	expect_received(&fixture, STR(""));
	cr_expect_eq(stream_queued_length(fixture.stream), 7);
	stream_uncork(fixture.stream);
	expect_received(&fixture, STR("one two"));
	stream_uncork(fixture.stream);
	stream_write(fixture.stream, " three", 6);
	expect_received(&fixture, STR(" three"));
	fixture_finish(&fixture);
}

Test(stream_output, cork_keeps_the_order_of_what_does_not_fit)
{
	struct fixture fixture;

	fixture_start(&fixture);
	for (size_t i = 0; i < 12; i++) {
		uint8_t small[3];
		size_t from = (size_t)stream_bytes_out(fixture.stream);

		stream_cork(fixture.stream);
		for (size_t j = 0; j < sizeof(small); j++)
			small[j] = byte_at(from + j);
		stream_write(fixture.stream, small, sizeof(small));
		write_piece(&fixture); // too large behind the small one
		stream_uncork(fixture.stream);
	}
	receive_exactly(&fixture, (size_t)stream_bytes_out(fixture.stream));
	fixture_finish(&fixture);
}

Test(stream_output, shutdown_sends_the_end_behind_the_queue)
{
	struct fixture fixture;
	struct buf received = BUF_INIT;

	fixture_start(&fixture);
	write_until_full(&fixture);
	size_t length = (size_t)stream_bytes_out(fixture.stream);
	stream_shutdown(fixture.stream);
	stream_write(fixture.stream, "too late", 8);
	while (!fixture_receive(&fixture, &received))
		fixture_turn(&fixture);
	cr_expect_eq(received.length, length);
	cr_expect_geq(fixture.drain_count, 1, "not told that the FIN has left");
	stream_resume(fixture.stream);
	fixture_send(&fixture, "hello", 5);
	fixture_turn(&fixture);
	cr_expect_eq(fixture.taken.length, 5, "reading ended as well");
	buf_finish(&received);
	fixture_finish(&fixture);
}

Test(stream_output, shutdown_flushes_a_cork)
{
	struct fixture fixture;
	struct buf received = BUF_INIT;

	fixture_start(&fixture);
	stream_cork(fixture.stream);
	stream_write(fixture.stream, "bye", 3);
	stream_shutdown(fixture.stream);
	cr_expect(fixture_receive(&fixture, &received));
	cr_expect(str_equal(buf_str(&received), STR("bye")));
	buf_finish(&received);
	fixture_finish(&fixture);
}

// Over TCP, where the last bytes wait for the FIN.
Test(stream_output, last_bytes_leave_with_the_end)
{
	static const bool shuts_down[] = {true, false};

	for (size_t i = 0; i < 2; i++) {
		struct fixture fixture;
		struct buf received = BUF_INIT;

		fixture_start_tcp(&fixture);
		stream_write(fixture.stream, "good", 4);
		stream_write_last(fixture.stream, "bye", 3);
		cr_expect_eq(stream_queued_length(fixture.stream), 0);
		if (shuts_down[i])
			stream_shutdown(fixture.stream);
		else
			fixture_destroy_stream(&fixture);
		while (!fixture_receive(&fixture, &received))
			fixture_settle(&fixture);
		cr_expect(str_equal(buf_str(&received), STR("goodbye")));
		buf_finish(&received);
		fixture_finish(&fixture);
	}
}

// After the peer's FIN there is no read left that could meet the end of the writing.