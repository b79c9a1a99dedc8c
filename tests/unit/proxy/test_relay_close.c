// SPDX-License-Identifier: MIT
// Closes that somebody wants: client, backend, both, or Wherry itself (RFC 6455 section
// 7).
#include <criterion/criterion.h>

#include "relay_fixture.h"

enum {
	CLOSE_WAIT_MS = 5000
};

Test(relay_close, passes_the_client_s_close_handshake)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	relay_fixture_send(&fixture.client, "t(last) C(1000 bye)");
	relay_fixture_expect(&fixture.backend, "t(last) C(1000 bye)");
	relay_fixture_expect(&fixture.client, "");
	relay_fixture_send(&fixture.backend, "t(still on its way) C(1000 bye)");
	// The server's side ends the connection (section 7.1.1).
	relay_fixture_expect(&fixture.client, "t(still on its way) C(1000 bye) $");
	relay_fixture_expect(&fixture.backend, "");
	relay_fixture_expect_open(&fixture);
	relay_fixture_close(&fixture.backend);
	relay_fixture_expect_done(&fixture, CLOSE_REASON_CLIENT_CLOSED, "client", 1000);
	relay_fixture_finish(&fixture);
}

Test(relay_close, passes_the_backend_s_close_handshake)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	relay_fixture_send(&fixture.backend, "t(last) C(4001 elsewhere)");
	relay_fixture_expect(&fixture.client, "t(last) C(4001 elsewhere)");
	relay_fixture_send(&fixture.client, "t(on its way) C(4001)");
	relay_fixture_expect(&fixture.backend, "t(on its way) C(4001)");
	relay_fixture_expect(&fixture.client, "$");
	relay_fixture_close(&fixture.backend);
	relay_fixture_expect_done(&fixture, CLOSE_REASON_BACKEND_CLOSED, "backend", 4001);
	relay_fixture_finish(&fixture);
}

// Each legal code, and none at all, goes through as it is.
Test(relay_close, passes_each_code_unchanged)
{
	static const char *const CLOSES[] = {"C()", "C(1000)", "C(1001 gone)", "C(1002)",
		"C(1003)", "C(1007)", "C(1008)", "C(1009)", "C(1010)", "C(1011)",
		"C(1012)", "C(1013)", "C(1014)", "C(3000 registered)", "C(4999 private)"};

	for (size_t i = 0; i < sizeof(CLOSES) / sizeof(*CLOSES); i++) {
		struct relay_fixture fixture;

		relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
		relay_fixture_send(&fixture.client, CLOSES[i]);
		relay_fixture_expect(&fixture.backend, CLOSES[i]);
		relay_fixture_finish(&fixture);
		relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
		relay_fixture_send(&fixture.backend, CLOSES[i]);
		relay_fixture_expect(&fixture.client, CLOSES[i]);
		relay_fixture_finish(&fixture);
	}
}

Test(relay_close, throws_away_what_follows_a_close)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	relay_fixture_send(&fixture.client, "C(1000) t(zombie) [ff ff]");
	relay_fixture_send(&fixture.client, "C(1000)");
	relay_fixture_expect(&fixture.backend, "C(1000)");
	relay_fixture_send(&fixture.backend, "C(1000) t(zombie)");
	relay_fixture_expect(&fixture.client, "C(1000) $");
	relay_fixture_close(&fixture.backend);
	relay_fixture_expect_done(&fixture, CLOSE_REASON_CLIENT_CLOSED, "client", 1000);
	relay_fixture_finish(&fixture);
}

Test(relay_close, ends_when_closes_cross)
{
	struct relay_fixture fixture;
	struct buf close = BUF_INIT;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	ws_script_write(&fixture.client.script, "C(1000 mine)", &close);
	cr_assert_eq(send(fixture.client.socket, close.data, close.length, 0),
		(ssize_t)close.length);
	relay_fixture_send(&fixture.backend, "C(1001 no mine)"); // both in one turn
	relay_fixture_expect(&fixture.client, "C(1001 no mine) $");
	relay_fixture_expect(&fixture.backend, "C(1000 mine)");
	relay_fixture_close(&fixture.backend);
	cr_expect_eq(fixture.done_count, 1);
	buf_finish(&close);
	relay_fixture_finish(&fixture);
}

Test(relay_close, waits_some_seconds_for_the_answer)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	relay_fixture_send(&fixture.client, "C(1000)");
	fake_clock_advance(CLOSE_WAIT_MS - 1);
	relay_fixture_settle(&fixture);
	relay_fixture_expect_open(&fixture);
	fake_clock_advance(1);
	relay_fixture_settle(&fixture);
	relay_fixture_expect_done(&fixture, CLOSE_REASON_CLIENT_CLOSED, "client", 1000);
	relay_fixture_expect(&fixture.client, "$");
	relay_fixture_expect(&fixture.backend, "C(1000) $");
	relay_fixture_finish(&fixture);
}

Test(relay_close, waits_some_seconds_for_the_backend_s_end)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	relay_fixture_send(&fixture.client, "C(1000)");
	relay_fixture_send(&fixture.backend, "C(1000)");
	fake_clock_advance(CLOSE_WAIT_MS);
	relay_fixture_settle(&fixture);
	relay_fixture_expect_done(&fixture, CLOSE_REASON_CLIENT_CLOSED, "client", 1000);
	relay_fixture_finish(&fixture);
}

// A backend that closes its connection instead of answering has still been told.
Test(relay_close, takes_an_end_for_the_answer_to_a_close)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	relay_fixture_send(&fixture.client, "C(1000 bye)");
	relay_fixture_close(&fixture.backend);
	relay_fixture_expect(&fixture.client, "C(1014 client_closed) $");
	relay_fixture_expect_done(&fixture, CLOSE_REASON_CLIENT_CLOSED, "client", 1000);
	relay_fixture_finish(&fixture);
}

Test(relay_close, says_goodbye_on_both_legs)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	relay_drain(fixture.relay, CLOSE_REASON_SHUTDOWN, 1001, "");
	relay_fixture_expect(&fixture.client, "C(1001 shutdown)");
	relay_fixture_expect(&fixture.backend, "C(1001 shutdown)");
	// After our Close nothing more is written there.
	relay_fixture_send(&fixture.client, "t(late) C(1001)");
	relay_fixture_expect(&fixture.backend, "");
	relay_fixture_expect(&fixture.client, "$");
	relay_fixture_send(&fixture.backend, "t(late) C(1001)");
	relay_fixture_close(&fixture.backend);
	relay_fixture_expect_done(&fixture, CLOSE_REASON_SHUTDOWN, "wherry", 1001);
	relay_fixture_finish(&fixture);
}

Test(relay_close, says_goodbye_at_the_end_of_the_message)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	relay_fixture_send(&fixture.backend, "t+(a)");
	relay_fixture_send(&fixture.client, "[82 85 00 00 00 00] [61 62]");
	relay_drain(fixture.relay, CLOSE_REASON_SHUTDOWN, 1001, "");
	relay_fixture_expect(&fixture.client, "t+(a)");
	relay_fixture_send(&fixture.backend, "c+(b) P() c(c) t(too late)");
	relay_fixture_expect(&fixture.client, "c+(b) P() c(c) C(1001 shutdown)");
	relay_fixture_send(&fixture.client, "[63 64 65] t(too late)");
	relay_fixture_expect(&fixture.backend, "b(abcde) C(1001 shutdown)");
	relay_fixture_send(&fixture.client, "C(1001)");
	relay_fixture_send(&fixture.backend, "C(1001)");
	relay_fixture_close(&fixture.backend);
	relay_fixture_expect_done(&fixture, CLOSE_REASON_SHUTDOWN, "wherry", 1001);
	relay_fixture_finish(&fixture);
}

Test(relay_close, says_goodbye_once)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	relay_drain(fixture.relay, CLOSE_REASON_SERVER_DRAINED, 1012, "");
	relay_drain(fixture.relay, CLOSE_REASON_SHUTDOWN, 1001, "");
	relay_fixture_expect(&fixture.client, "C(1012 server_drained)");
	relay_fixture_finish(&fixture);
}

Test(relay_close, is_cut_at_once_when_told_so)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	relay_fixture_send(&fixture.backend, "t+(a)");
	relay_drain(fixture.relay, CLOSE_REASON_SHUTDOWN, 1001, "");
	relay_cut(fixture.relay, CLOSE_REASON_SHUTDOWN);
	relay_fixture_expect_done(&fixture, CLOSE_REASON_SHUTDOWN, "wherry", 1001);
	relay_cut(fixture.relay, CLOSE_REASON_SHUTDOWN);
	relay_fixture_expect(&fixture.client, "t+(a) $");
	relay_fixture_expect(&fixture.backend, "C(1001 shutdown) $");
	relay_fixture_finish(&fixture);
}
