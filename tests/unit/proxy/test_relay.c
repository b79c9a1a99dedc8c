// SPDX-License-Identifier: MIT
// The flow of an open relay: what goes in comes out, however it was cut, and is counted.
#include "wherry/proxy/relay.h"

#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "relay_fixture.h"

// All that a peer may say before it closes.
static const char *const CONVERSATION = "t(hello) b() t+(frag) P(in between) c+(men) "
					"Q(unasked) c(ted) P() b(#200) t(end)";

Test(relay, passes_messages_both_ways)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	relay_fixture_send(&fixture.client, CONVERSATION);
	relay_fixture_expect(&fixture.backend, CONVERSATION);
	relay_fixture_send(&fixture.backend, CONVERSATION);
	relay_fixture_expect(&fixture.client, CONVERSATION);
	relay_fixture_expect(&fixture.backend, "");
	relay_fixture_send(&fixture.client, "t(1) t(2)");
	relay_fixture_send(&fixture.backend, "t(3)");
	relay_fixture_expect(&fixture.backend, "t(1) t(2)");
	relay_fixture_expect(&fixture.client, "t(3)");
	relay_fixture_expect_open(&fixture);
	relay_fixture_finish(&fixture);
}

// The client's own mask and bytes reach the backend: nothing is decoded on the way.
Test(relay, passes_bytes_as_they_are)
{
	struct relay_fixture fixture;
	struct buf bytes = BUF_INIT;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	ws_script_write(&fixture.client.script, CONVERSATION, &bytes);
	relay_fixture_send_bytes(&fixture.client, buf_str(&bytes));
	cr_expect(str_equal(buf_str(&fixture.backend.received), buf_str(&bytes)));
	buf_finish(&bytes);
	relay_fixture_finish(&fixture);
}

static void send_in_two(struct relay_peer *from, struct relay_peer *to, struct str bytes,
	size_t first, const char *items)
{
	relay_fixture_send_bytes(from, (struct str){bytes.data, first});
	relay_fixture_send_bytes(
		from, (struct str){bytes.data + first, bytes.length - first});
	relay_fixture_expect(to, items);
}

Test(relay, passes_what_is_split_at_any_point)
{
	struct conf_websocket websocket = RELAY_FIXTURE_DEFAULTS;
	struct relay_fixture fixture;
	struct buf masked = BUF_INIT, plain = BUF_INIT;

	websocket.ping_ms = CONF_OFF;
	relay_fixture_start(&fixture, &websocket);
	ws_script_write(&fixture.client.script, CONVERSATION, &masked);
	ws_script_write(&fixture.backend.script, CONVERSATION, &plain);
	for (size_t first = 0; first <= masked.length; first++) {
		fake_clock_advance(1000); // for the rate of control frames
		send_in_two(&fixture.client, &fixture.backend, buf_str(&masked), first,
			CONVERSATION);
		if (first <= plain.length)
			send_in_two(&fixture.backend, &fixture.client, buf_str(&plain),
				first, CONVERSATION);
	}
	relay_fixture_expect_open(&fixture);
	buf_finish(&masked);
	buf_finish(&plain);
	relay_fixture_finish(&fixture);
}

static void send_bytewise(struct relay_peer *peer)
{
	struct buf bytes = BUF_INIT;

	ws_script_write(&peer->script, CONVERSATION, &bytes);
	for (size_t i = 0; i < bytes.length; i++)
		relay_fixture_send_bytes(peer, (struct str){bytes.data + i, 1});
	buf_finish(&bytes);
}

Test(relay, passes_what_comes_byte_by_byte)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	send_bytewise(&fixture.client);
	relay_fixture_expect(&fixture.backend, CONVERSATION);
	send_bytewise(&fixture.backend);
	relay_fixture_expect(&fixture.client, CONVERSATION);
	relay_fixture_expect_open(&fixture);
	relay_fixture_finish(&fixture);
}

// A payload does not wait for its end: a relay that held frames back would need memory.
Test(relay, passes_the_beginning_of_a_frame_at_once)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	relay_fixture_send(&fixture.backend, "[82 7e 01 00] [61 62 63]");
	cr_expect_eq(fixture.client.received.length, 7);
	relay_fixture_finish(&fixture);
}

Test(relay, passes_compressed_messages_that_were_agreed)
{
	struct relay_fixture fixture;

	relay_fixture_start_deflate(&fixture, &RELAY_FIXTURE_DEFAULTS);
	relay_fixture_send(&fixture.backend, "[c1 02 4a 00] t(plain)");
	cr_expect_eq(fixture.client.received.length, 4 + 7);
	relay_fixture_expect_open(&fixture);
	relay_fixture_finish(&fixture);
}

// Said right behind the handshake, of either side.
Test(relay, passes_what_its_streams_had_kept)
{
	struct relay_fixture fixture;

	relay_fixture_start_early(
		&fixture, &RELAY_FIXTURE_DEFAULTS, "t(early)", "t(bird) [82]");
	relay_fixture_expect(&fixture.backend, "t(early)");
	relay_fixture_expect(&fixture.client, "t(bird)");
	relay_fixture_send(&fixture.backend, "[00] t(late)");
	relay_fixture_expect(&fixture.client, "b() t(late)");
	relay_fixture_finish(&fixture);
}

Test(relay, counts_messages_and_bytes)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	relay_fixture_send(&fixture.client, "t(a) t+(b) P() c(c)"); // 7 + 7 + 6 + 7
	relay_fixture_send(&fixture.backend, "t(a) b() b(#70000)"); // 3 + 2 + 70010
	relay_cut(fixture.relay, CLOSE_REASON_SHUTDOWN);
	cr_expect_eq(fixture.result.messages_in, 2);
	cr_expect_eq(fixture.result.messages_out, 3);
	cr_expect_eq(fixture.result.bytes_in, 27);
	cr_expect_eq(fixture.result.bytes_out, 70015);
	relay_fixture_finish(&fixture);
}

static void expect_bound(struct relay_peer *from, struct relay_peer *to)
{
	struct buf bytes = BUF_INIT;
	const char *items = "b(#1000000) b(#1000000) b(#1000000)";

	ws_script_write(&from->script, items, &bytes);
	size_t sent = relay_fixture_fill(from, buf_str(&bytes));
	cr_assert_lt(sent, bytes.length, "the kernel swallows all of it");
	cr_expect(stream_is_full(to->stream));
	cr_expect(stream_is_paused(from->stream));
	cr_expect_leq(stream_queued_length(to->stream),
		(size_t)STREAM_HIGH_BYTES + LOOP_READ_SIZE);
	while (sent < bytes.length) {
		size_t left = bytes.length - sent;
		ssize_t got = send(from->socket, bytes.data + sent, left, MSG_NOSIGNAL);

		sent += got > 0 ? (size_t)got : 0;
		relay_fixture_settle(from->fixture);
	}
	relay_fixture_expect(to, items);
	cr_expect_not(stream_is_paused(from->stream));
	cr_expect_eq(stream_queued_length(to->stream), 0);
	buf_finish(&bytes);
}

Test(relay, holds_no_more_than_the_high_mark_and_one_read)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	expect_bound(&fixture.client, &fixture.backend);
	expect_bound(&fixture.backend, &fixture.client);
	relay_fixture_expect_open(&fixture);
	relay_fixture_finish(&fixture);
}

// One side's stalled reader does not hold the other direction up.
Test(relay, flows_back_while_one_direction_stands)
{
	struct relay_fixture fixture;
	struct buf bytes = BUF_INIT;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	ws_script_write(&fixture.client.script, "b(#1000000)", &bytes);
	(void)relay_fixture_fill(&fixture.client, buf_str(&bytes));
	relay_fixture_send(&fixture.backend, "t(hello)");
	relay_fixture_expect(&fixture.client, "t(hello)");
	buf_finish(&bytes);
	relay_fixture_finish(&fixture);
}

Test(relay, may_be_destroyed_at_any_time)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	relay_fixture_send(&fixture.client, "t+(a) [00]");
	relay_destroy(fixture.relay);
	relay_destroy(fixture.relay);
	fixture.relay = NULL;
	relay_fixture_expect(&fixture.backend, "t+(a) $");
	cr_expect_eq(fixture.done_count, 0);
	relay_destroy(NULL);
	relay_fixture_finish(&fixture);
}
