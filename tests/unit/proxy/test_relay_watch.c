// SPDX-License-Identifier: MIT
// Time in a relay: pings and their answers, the dead, the idle, frames that stand still.
#include <criterion/criterion.h>

#include "relay_fixture.h"

enum {
	PING_MS = 30 * 1000, // as RELAY_FIXTURE_DEFAULTS say
	PING_TIMEOUT_MS = 10 * 1000,
	FRAME_STALL_MS = 30 * 1000,
};

static void pass_time(struct relay_fixture *fixture, uint64_t duration_ms)
{
	fake_clock_advance(duration_ms);
	relay_fixture_settle(fixture);
}

Test(relay_watch, pings_legs_that_are_silent)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	pass_time(&fixture, PING_MS - 1);
	relay_fixture_expect(&fixture.client, "");
	relay_fixture_expect(&fixture.backend, "");
	pass_time(&fixture, 1);
	relay_fixture_expect(&fixture.client, "P(@)");
	relay_fixture_expect(&fixture.backend, "P(@)");
	cr_expect_eq(loop_counters(fixture.loop)->pings_sent, 2);
	relay_fixture_finish(&fixture);
}

Test(relay_watch, pings_only_the_silent_leg)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	pass_time(&fixture, PING_MS / 2);
	relay_fixture_send(&fixture.client, "t(a)");
	pass_time(&fixture, PING_MS / 2);
	relay_fixture_expect(&fixture.client, "");
	relay_fixture_expect(&fixture.backend, "t(a) P(@)");
	relay_fixture_send(&fixture.backend, "Q(@)");
	pass_time(&fixture, PING_MS / 2);
	relay_fixture_expect(&fixture.client, "P(@)");
	relay_fixture_finish(&fixture);
}

Test(relay_watch, keeps_the_answer_to_its_ping_and_passes_other_pongs)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	relay_fixture_send(&fixture.client, "Q(before)");
	pass_time(&fixture, PING_MS);
	relay_fixture_expect(&fixture.client, "P(@)");
	relay_fixture_expect(&fixture.backend, "Q(before) P(@)");
	relay_fixture_send(&fixture.client, "Q(7 bytes) Q(8 bytes!) Q() t(a) Q(@) t(b)");
	relay_fixture_expect(&fixture.backend, "Q(7 bytes) Q(8 bytes!) Q() t(a) t(b)");
	relay_fixture_send(&fixture.backend, "Q(@)");
	relay_fixture_expect(&fixture.client, "");
	relay_fixture_send(&fixture.backend, "t+(x) Q(@) c(y)"); // the second one is none
	cr_expect_eq(fixture.client.received.length, 3 + 10 + 3);
	relay_fixture_finish(&fixture);
}

Test(relay_watch, keeps_an_answer_that_comes_byte_by_byte)
{
	struct relay_fixture fixture;
	struct buf pong = BUF_INIT;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	pass_time(&fixture, PING_MS);
	relay_fixture_expect(&fixture.client, "P(@)");
	ws_script_write(&fixture.client.script, "t+(a) Q(@) c(b)", &pong);
	for (size_t i = 0; i < pong.length; i++)
		relay_fixture_send_bytes(&fixture.client, (struct str){pong.data + i, 1});
	relay_fixture_expect(&fixture.backend, "P(@) t+(a) c(b)");
	buf_finish(&pong);
	relay_fixture_finish(&fixture);
}

Test(relay_watch, puts_a_ping_behind_the_frame_that_is_under_way)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	pass_time(&fixture, PING_MS / 2);
	relay_fixture_send(&fixture.backend, "[02 05 61 62]");
	pass_time(&fixture, PING_MS / 2);
	relay_fixture_send(&fixture.backend, "[63 64 65] c(f)");
	relay_fixture_expect(&fixture.client, "b+(abcde) P(@) c(f)");
	relay_fixture_send(&fixture.client, "Q(@)");
	relay_fixture_expect(&fixture.backend, "");
	relay_fixture_finish(&fixture);
}

Test(relay_watch, takes_any_byte_for_life)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	pass_time(&fixture, PING_MS);
	relay_fixture_expect(&fixture.client, "P(@)");
	relay_fixture_expect(&fixture.backend, "P(@)");
	relay_fixture_send(&fixture.backend, "Q(@)");
	pass_time(&fixture, PING_TIMEOUT_MS - 1);
	relay_fixture_send(&fixture.client, "[82]"); // of a header
	pass_time(&fixture, PING_TIMEOUT_MS);
	relay_fixture_expect_open(&fixture);
	relay_fixture_send(&fixture.client, "[81 00 00 00 00 61]");
	relay_fixture_expect(&fixture.backend, "b(a)");
	relay_fixture_finish(&fixture);
}

Test(relay_watch, finds_a_dead_client)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	pass_time(&fixture, PING_MS);
	relay_fixture_expect(&fixture.client, "P(@)");
	relay_fixture_expect(&fixture.backend, "P(@)");
	relay_fixture_send(&fixture.backend, "Q(@)");
	pass_time(&fixture, PING_TIMEOUT_MS - 1);
	relay_fixture_expect_open(&fixture);
	pass_time(&fixture, 1);
	relay_fixture_expect(&fixture.client, "$");
	relay_fixture_expect(&fixture.backend, "C(1001 client_timeout)");
	relay_fixture_send(&fixture.backend, "C(1001)");
	relay_fixture_close(&fixture.backend);
	relay_fixture_expect_done(&fixture, CLOSE_REASON_CLIENT_TIMEOUT, "client", 1001);
	relay_fixture_finish(&fixture);
}

Test(relay_watch, finds_a_dead_backend)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	pass_time(&fixture, PING_MS);
	relay_fixture_expect(&fixture.client, "P(@)");
	relay_fixture_expect(&fixture.backend, "P(@)");
	relay_fixture_send(&fixture.client, "Q(@)");
	pass_time(&fixture, PING_TIMEOUT_MS);
	relay_fixture_expect(&fixture.backend, "$");
	relay_fixture_expect(&fixture.client, "C(1014 backend_timeout)");
	relay_fixture_send(&fixture.client, "C(1014)");
	relay_fixture_expect_done(
		&fixture, CLOSE_REASON_BACKEND_TIMEOUT, "backend", 1014);
	relay_fixture_finish(&fixture);
}

Test(relay_watch, ends_when_both_are_dead)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	pass_time(&fixture, PING_MS);
	pass_time(&fixture, PING_TIMEOUT_MS);
	pass_time(&fixture, PING_TIMEOUT_MS);
	relay_fixture_expect_done(&fixture, CLOSE_REASON_CLIENT_TIMEOUT, "client", 1001);
	relay_fixture_finish(&fixture);
}

Test(relay_watch, sends_no_pings_when_they_are_off)
{
	struct conf_websocket websocket = RELAY_FIXTURE_DEFAULTS;
	struct relay_fixture fixture;

	websocket.ping_ms = CONF_OFF;
	relay_fixture_start(&fixture, &websocket);
	for (size_t hour = 0; hour < 24; hour++)
		pass_time(&fixture, 3600 * 1000);
	relay_fixture_expect(&fixture.client, "");
	relay_fixture_expect_open(&fixture);
	relay_fixture_finish(&fixture);
}

Test(relay_watch, closes_when_nobody_says_anything)
{
	struct conf_websocket websocket = RELAY_FIXTURE_DEFAULTS;
	struct relay_fixture fixture;

	websocket.ping_ms = CONF_OFF;
	websocket.idle_timeout_ms = 60 * 1000;
	relay_fixture_start(&fixture, &websocket);
	pass_time(&fixture, 40 * 1000);
	relay_fixture_send(&fixture.backend, "t(a)");
	relay_fixture_expect(&fixture.client, "t(a)");
	pass_time(&fixture, 40 * 1000);
	relay_fixture_send(&fixture.client, "P() t+(not whole) Q()"); // no message
	pass_time(&fixture, 20 * 1000 - 1);
	relay_fixture_expect(&fixture.client, "");
	pass_time(&fixture, 1);
	relay_fixture_expect(&fixture.client, "C(1001 idle)");
	relay_fixture_expect(&fixture.backend, "P() t+(not whole) Q() C(1001 idle)");
	relay_fixture_close(&fixture.client);
	relay_fixture_close(&fixture.backend);
	relay_fixture_expect_done(&fixture, CLOSE_REASON_IDLE, "wherry", 1001);
	relay_fixture_finish(&fixture);
}

static void start_without_pings(struct relay_fixture *fixture)
{
	static struct conf_websocket websocket;

	websocket = RELAY_FIXTURE_DEFAULTS;
	websocket.ping_ms = CONF_OFF;
	relay_fixture_start(fixture, &websocket);
}

Test(relay_watch, ends_a_frame_that_makes_no_progress)
{
	struct relay_fixture fixture;

	start_without_pings(&fixture);
	relay_fixture_send(&fixture.client, "[82 85 00 00 00 00 61]");
	pass_time(&fixture, FRAME_STALL_MS - 1);
	relay_fixture_send(&fixture.client, "[62]"); // progress
	pass_time(&fixture, FRAME_STALL_MS - 1);
	relay_fixture_expect_open(&fixture);
	pass_time(&fixture, 1);
	relay_fixture_expect(&fixture.client, "$");
	relay_fixture_expect(&fixture.backend, "... $"); // nothing fits in there
	relay_fixture_close(&fixture.backend);
	relay_fixture_expect_done(&fixture, CLOSE_REASON_FRAME_STALL, "client", 0);
	relay_fixture_finish(&fixture);
}

Test(relay_watch, ends_a_header_that_makes_no_progress)
{
	struct relay_fixture fixture;

	start_without_pings(&fixture);
	relay_fixture_send(&fixture.backend, "t(a) [82 7e]");
	pass_time(&fixture, FRAME_STALL_MS);
	relay_fixture_expect(&fixture.client, "t(a) C(1014 frame_stall)");
	relay_fixture_expect(&fixture.backend, "$");
	relay_fixture_close(&fixture.client);
	relay_fixture_expect_done(&fixture, CLOSE_REASON_FRAME_STALL, "backend", 1014);
	relay_fixture_finish(&fixture);
}
