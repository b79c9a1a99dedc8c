// SPDX-License-Identifier: MIT
// Legs that end without a Close: the other one is told, unless it is in the middle of a
// frame (DESIGN: rules of the relay).
#include <errno.h>

#include <criterion/criterion.h>

#include "relay_fixture.h"

Test(relay_lost, tells_the_backend_that_the_client_is_gone)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	relay_fixture_send(&fixture.client, "t(last)");
	relay_fixture_close(&fixture.client);
	relay_fixture_expect(&fixture.backend, "t(last) C(1001 client_reset)");
	relay_fixture_send(&fixture.backend, "t(nobody listens) C(1001)");
	relay_fixture_close(&fixture.backend);
	relay_fixture_expect_done(&fixture, CLOSE_REASON_CLIENT_RESET, "client", 1001);
	cr_expect_null(fixture.result.detail);
	relay_fixture_finish(&fixture);
}

Test(relay_lost, tells_the_client_that_the_backend_is_gone)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	relay_fixture_send(&fixture.backend, "t(last)");
	relay_fixture_close(&fixture.backend);
	relay_fixture_expect(&fixture.client, "t(last) C(1014 backend_lost)");
	relay_fixture_send(&fixture.client, "C(1014)");
	relay_fixture_expect(&fixture.client, "$");
	relay_fixture_expect_done(&fixture, CLOSE_REASON_BACKEND_LOST, "backend", 1014);
	relay_fixture_finish(&fixture);
}

// A Close may stand at any frame boundary, also in an unfinished message.
Test(relay_lost, tells_it_between_fragments)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	relay_fixture_send(&fixture.backend, "t+(half of it)");
	relay_fixture_close(&fixture.backend);
	relay_fixture_expect(&fixture.client, "t+(half of it) C(1014 backend_lost)");
	relay_fixture_finish(&fixture);
	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	relay_fixture_send(&fixture.client, "t+(half of it)");
	relay_fixture_close(&fixture.client);
	relay_fixture_expect(&fixture.backend, "t+(half of it) C(1001 client_reset)");
	relay_fixture_finish(&fixture);
}

// The header of the next frame had not passed yet: this is a boundary.
Test(relay_lost, tells_it_within_a_header)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	relay_fixture_send(&fixture.backend, "t(a) [82 7e 01]");
	relay_fixture_close(&fixture.backend);
	relay_fixture_expect(&fixture.client, "t(a) C(1014 backend_lost)");
	relay_fixture_finish(&fixture);
}

Test(relay_lost, can_tell_nobody_in_the_middle_of_a_frame)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	relay_fixture_send(&fixture.backend, "[82 05 61 62]");
	relay_fixture_close(&fixture.backend);
	relay_fixture_expect(&fixture.client, "... $");
	relay_fixture_close(&fixture.client);
	// The only Close went to the side that was lost.
	relay_fixture_expect_done(&fixture, CLOSE_REASON_BACKEND_LOST, "backend", 1001);
	cr_expect_str_eq(
		fixture.result.detail, "the backend was lost in the middle of a frame");
	relay_fixture_finish(&fixture);
}

Test(relay_lost, can_tell_the_backend_nothing_in_the_middle_of_a_frame)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	relay_fixture_send(&fixture.client, "[82 85 00 00 00 00 61 62]");
	relay_fixture_close(&fixture.client);
	relay_fixture_expect(&fixture.backend, "... $");
	relay_fixture_close(&fixture.backend);
	relay_fixture_expect_done(&fixture, CLOSE_REASON_CLIENT_RESET, "client", 1014);
	cr_expect_str_eq(
		fixture.result.detail, "the client was lost in the middle of a frame");
	relay_fixture_finish(&fixture);
}

// FIN alone: the client says no more, and still gets what the backend answers.
Test(relay_lost, reads_the_other_leg_to_its_close_after_a_half_close)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	relay_fixture_send(&fixture.client, "t(question)");
	relay_fixture_shut(&fixture.client);
	relay_fixture_expect(&fixture.backend, "t(question) C(1001 client_reset)");
	relay_fixture_send(&fixture.backend, "t(answer) C(1001)");
	relay_fixture_expect(&fixture.client, "t(answer) C(1001) $");
	relay_fixture_close(&fixture.backend);
	relay_fixture_expect_done(&fixture, CLOSE_REASON_CLIENT_RESET, "client", 1001);
	relay_fixture_finish(&fixture);
}

Test(relay_lost, reads_the_client_to_its_close_after_a_half_close)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	relay_fixture_send(&fixture.backend, "t(a)");
	relay_fixture_shut(&fixture.backend);
	relay_fixture_expect(&fixture.client, "t(a) C(1014 backend_lost)");
	relay_fixture_send(&fixture.client, "t(b) C(1014)");
	relay_fixture_expect(&fixture.client, "$");
	relay_fixture_expect(&fixture.backend, "t(b) C(1014) $");
	relay_fixture_close(&fixture.backend);
	relay_fixture_expect_done(&fixture, CLOSE_REASON_BACKEND_LOST, "backend", 1014);
	relay_fixture_finish(&fixture);
}

// Wherry's own Close waits for the end of a message that will never come.
Test(relay_lost, tells_it_though_a_shutdown_waits)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	relay_fixture_send(&fixture.backend, "t+(half of it)");
	relay_drain(fixture.relay, CLOSE_REASON_SHUTDOWN, 1001, "");
	relay_fixture_expect(&fixture.client, "t+(half of it)");
	relay_fixture_close(&fixture.backend);
	relay_fixture_expect(&fixture.client, "C(1001 shutdown)");
	relay_fixture_close(&fixture.client);
	relay_fixture_expect_done(&fixture, CLOSE_REASON_SHUTDOWN, "wherry", 1001);
	relay_fixture_finish(&fixture);
}

Test(relay_lost, takes_a_reset_for_the_end)
{
	struct relay_fixture fixture;

	relay_fixture_start_tcp(&fixture, &RELAY_FIXTURE_DEFAULTS);
	relay_fixture_reset(&fixture.backend);
	while (fixture.client.received.length == 0)
		relay_fixture_settle(&fixture);
	relay_fixture_expect(&fixture.client, "C(1014 backend_lost)");
	relay_fixture_close(&fixture.client);
	relay_fixture_run_until_done(&fixture);
	relay_fixture_expect_done(&fixture, CLOSE_REASON_BACKEND_LOST, "backend", 1014);
	relay_fixture_finish(&fixture);
}

// The backend's frame flows on, toward a client that is gone, with a Ping of ours still
// to be put in behind it.
Test(relay_lost, forgets_a_ping_for_a_leg_that_is_gone)
{
	struct relay_fixture fixture;

	relay_fixture_start_tcp(&fixture, &RELAY_FIXTURE_DEFAULTS);
	fake_clock_advance(20 * 1000);
	relay_fixture_send(&fixture.backend, "[82 05 61 62]");
	fake_clock_advance(10 * 1000);
	relay_fixture_settle(&fixture);
	relay_fixture_reset(&fixture.client);
	relay_fixture_send(&fixture.backend, "[63 64 65] t(on) C(1001)");
	relay_fixture_close(&fixture.backend);
	relay_fixture_run_until_done(&fixture);
	relay_fixture_expect_done(&fixture, CLOSE_REASON_CLIENT_RESET, "client", 1001);
	relay_fixture_finish(&fixture);
}

Test(relay_lost, forgets_a_close_for_a_leg_that_is_gone)
{
	struct relay_fixture fixture;

	relay_fixture_start_tcp(&fixture, &RELAY_FIXTURE_DEFAULTS);
	relay_fixture_send(&fixture.backend, "[82 05 61 62]");
	relay_drain(fixture.relay, CLOSE_REASON_SHUTDOWN, 1001, "");
	relay_fixture_reset(&fixture.client);
	relay_fixture_send(&fixture.backend, "[63 64 65] t(on) C(1001)");
	relay_fixture_close(&fixture.backend);
	relay_fixture_run_until_done(&fixture);
	relay_fixture_expect_done(&fixture, CLOSE_REASON_SHUTDOWN, "wherry", 1001);
	relay_fixture_finish(&fixture);
}
