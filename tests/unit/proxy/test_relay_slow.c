// SPDX-License-Identifier: MIT
// Peers that take their time to read, or do not read at all.
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "relay_fixture.h"

enum {
	CLOSE_WAIT_MS = 5 * 1000,
	STALL_MS = 60,
	SIP = 64 * 1024, // what a slow reader takes at once
};

// Sends all of it while the other side does not read, but for what must be read to get
// rid of it. The relay is left with a full queue.
static void send_much(struct relay_peer *from, struct relay_peer *to, const char *items)
{
	struct buf bytes = BUF_INIT;
	char sip[SIP];

	ws_script_write(&from->script, items, &bytes);
	struct str rest = buf_str(&bytes);
	while (rest.length > 0) {
		size_t sent = relay_fixture_fill(from, rest);
		rest = (struct str){rest.data + sent, rest.length - sent};
		ssize_t got = rest.length > 0 ? recv(to->socket, sip, sizeof(sip), 0) : 0;
		buf_append(&to->received, sip, got > 0 ? (size_t)got : 0);
	}
	buf_finish(&bytes);
	for (size_t i = 0; i < 20; i++)
		relay_fixture_turn(from->fixture);
}

static void pass_time(struct relay_fixture *fixture, uint64_t duration_ms)
{
	fake_clock_advance(duration_ms);
	for (size_t i = 0; i < 4; i++)
		relay_fixture_turn(fixture);
}

static void sip(struct relay_peer *peer)
{
	char bytes[SIP];
	ssize_t got = recv(peer->socket, bytes, sizeof(bytes), 0);

	cr_assert_gt(got, 0);
	buf_append(&peer->received, bytes, (size_t)got);
	for (size_t i = 0; i < 4; i++)
		relay_fixture_turn(peer->fixture);
}

#define MUCH "b(#1000000) b(#1000000)"

// The same, and the relay has read all of it.
static void send_much_and_close(struct relay_peer *from, struct relay_peer *to)
{
	send_much(from, to, MUCH " C(1000)");
	while (stream_is_paused(from->stream))
		sip(to);
	cr_assert_gt(stream_queued_length(to->stream), 0);
}

// All bytes reach the slow side, then the Close, then the end.
Test(relay_slow, loses_nothing_that_came_before_a_close)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	send_much(&fixture.backend, &fixture.client, MUCH " C(1000 bye)");
	close(fixture.backend.socket);
	fixture.backend.socket = -1;
	for (size_t i = 0; i < 20; i++)
		relay_fixture_turn(&fixture);
	cr_expect_gt(stream_queued_length(fixture.client.stream), 0);
	relay_fixture_expect(&fixture.client, MUCH " C(1000 bye)");
	relay_fixture_send(&fixture.client, "C(1000)");
	relay_fixture_expect(&fixture.client, "$");
	relay_fixture_expect_done(&fixture, CLOSE_REASON_BACKEND_CLOSED, "backend", 1000);
	relay_fixture_finish(&fixture);
}

Test(relay_slow, loses_nothing_that_came_before_the_backend_was_lost)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	send_much(&fixture.backend, &fixture.client, MUCH);
	close(fixture.backend.socket);
	fixture.backend.socket = -1;
	relay_fixture_expect(&fixture.client, MUCH " C(1014 backend_lost)");
	relay_fixture_finish(&fixture);
}

Test(relay_slow, loses_nothing_in_the_middle_of_a_frame)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	send_much(&fixture.backend, &fixture.client, MUCH " [82 05 61]");
	close(fixture.backend.socket);
	fixture.backend.socket = -1;
	relay_fixture_expect(&fixture.client, MUCH " ... $");
	relay_fixture_finish(&fixture);
}

// While what waits for a slow reader moves, the time for its Close has not begun.
Test(relay_slow, is_waited_for_while_it_reads)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	send_much_and_close(&fixture.backend, &fixture.client);
	while (stream_queued_length(fixture.client.stream) > 0) {
		pass_time(&fixture, CLOSE_WAIT_MS);
		relay_fixture_expect_open(&fixture);
		sip(&fixture.client);
	}
	relay_fixture_expect(&fixture.client, MUCH " C(1000)");
	pass_time(&fixture, CLOSE_WAIT_MS);
	pass_time(&fixture, CLOSE_WAIT_MS);
	relay_fixture_expect_done(&fixture, CLOSE_REASON_BACKEND_CLOSED, "backend", 1000);
	relay_fixture_finish(&fixture);
}

Test(relay_slow, is_cut_when_it_reads_no_more)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	send_much_and_close(&fixture.backend, &fixture.client);
	pass_time(&fixture, CLOSE_WAIT_MS);
	pass_time(&fixture, CLOSE_WAIT_MS);
	relay_fixture_expect_done(&fixture, CLOSE_REASON_BACKEND_CLOSED, "backend", 1000);
	relay_fixture_finish(&fixture);
}

static void expect_stall(struct relay_peer *from, struct relay_peer *to,
	enum close_reason reason, const char *told)
{
	struct relay_fixture *fixture = from->fixture;
	uint64_t deadline_ms = fake_clock_real_ms() + 100 * STALL_MS;

	send_much(from, to, MUCH);
	while (stream_is_paused(from->stream) && fake_clock_real_ms() < deadline_ms)
		relay_fixture_turn(fixture);
	relay_fixture_expect(from, told);
	relay_fixture_send(from, "C(1000)");
	relay_fixture_close(from);
	relay_fixture_expect_done(fixture, reason,
		reason == CLOSE_REASON_CLIENT_STALL ? "client" : "backend",
		close_reason_code(reason));
	// What came was whole, up to where it was cut.
	relay_fixture_receive(to);
	cr_expect(to->is_ended || to->is_reset);
}

Test(relay_slow, is_lost_when_it_takes_nothing)
{
	struct relay_fixture fixture;

	relay_fixture_start_stalling(&fixture, &RELAY_FIXTURE_DEFAULTS, STALL_MS);
	expect_stall(&fixture.backend, &fixture.client, CLOSE_REASON_CLIENT_STALL,
		"C(1001 client_stall)");
	relay_fixture_finish(&fixture);
	relay_fixture_start_stalling(&fixture, &RELAY_FIXTURE_DEFAULTS, STALL_MS);
	expect_stall(&fixture.client, &fixture.backend, CLOSE_REASON_BACKEND_STALL,
		"C(1014 backend_stall)");
	relay_fixture_finish(&fixture);
}
