// SPDX-License-Identifier: MIT
// A token that ends while its WebSocket is open.
#include <criterion/criterion.h>

#include "relay_fixture.h"

#include "wherry/base/now.h"

enum {
	CODE = 4401,
	LIFE_MS = 12345,
	CLOSE_WAIT_MS = 5000
};

static void pass_time(struct relay_fixture *fixture, uint64_t duration_ms)
{
	fake_clock_advance(duration_ms);
	relay_fixture_settle(fixture);
}

static void start(struct relay_fixture *fixture)
{
	relay_fixture_start(fixture, &RELAY_FIXTURE_DEFAULTS);
	relay_expire_at(fixture->relay, now_ms() + LIFE_MS, CODE);
}

Test(relay_expiry, closes_both_legs_when_the_token_ends)
{
	struct relay_fixture fixture;

	start(&fixture);
	pass_time(&fixture, LIFE_MS - 1);
	relay_fixture_send(&fixture.client, "t(still welcome)");
	relay_fixture_expect(&fixture.backend, "t(still welcome)");
	relay_fixture_expect(&fixture.client, "");
	pass_time(&fixture, 1);
	relay_fixture_expect(&fixture.client, "C(4401 token_expired)");
	relay_fixture_expect(&fixture.backend, "C(1001 token_expired)");
	relay_fixture_send(&fixture.client, "t(too late) C(4401)");
	relay_fixture_send(&fixture.backend, "t(too late) C(1001)");
	relay_fixture_expect(&fixture.client, "$");
	relay_fixture_close(&fixture.client);
	relay_fixture_close(&fixture.backend);
	relay_fixture_expect_done(&fixture, CLOSE_REASON_TOKEN_EXPIRED, "wherry", CODE);
	relay_fixture_finish(&fixture);
}

Test(relay_expiry, waits_for_the_end_of_a_frame)
{
	struct relay_fixture fixture;

	start(&fixture);
	relay_fixture_send_bytes(&fixture.backend, STR("\x81\x05"
						       "he"));
	pass_time(&fixture, LIFE_MS);
	relay_fixture_expect(&fixture.backend, "C(1001 token_expired)");
	relay_fixture_send_bytes(&fixture.backend, STR("llo"));
	relay_fixture_expect(&fixture.client, "t(hello) C(4401 token_expired)");
	relay_fixture_finish(&fixture);
}

Test(relay_expiry, waits_some_seconds_and_no_longer)
{
	struct relay_fixture fixture;

	start(&fixture);
	relay_fixture_send_bytes(&fixture.backend, STR("\x81\x05"
						       "he"));
	pass_time(&fixture, LIFE_MS);
	relay_fixture_expect_open(&fixture);
	pass_time(&fixture, CLOSE_WAIT_MS);
	cr_expect_eq(fixture.done_count, 1);
	cr_expect_eq(fixture.result.reason, CLOSE_REASON_TOKEN_EXPIRED);
	relay_fixture_finish(&fixture);
}

Test(relay_expiry, closes_at_once_when_it_is_over_already)
{
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	relay_expire_at(fixture.relay, now_ms(), CODE);
	pass_time(&fixture, 1);
	relay_fixture_expect(&fixture.client, "C(4401 token_expired)");
	relay_fixture_finish(&fixture);
}

Test(relay_expiry, changes_nothing_about_a_close_that_is_on_its_way)
{
	struct relay_fixture fixture;

	start(&fixture);
	relay_fixture_send(&fixture.client, "t+(not whole)");
	relay_drain(fixture.relay, CLOSE_REASON_SHUTDOWN, 1001,
		""); // at the end of the message
	pass_time(&fixture, LIFE_MS);
	relay_fixture_send(&fixture.client, "c(.)");
	relay_fixture_expect(&fixture.backend, "t+(not whole) c(.) C(1001 shutdown)");
	relay_fixture_expect(&fixture.client, "C(1001 shutdown)");
	relay_fixture_finish(&fixture);
}

Test(relay_expiry, never_happens_by_default)
{
	struct relay_fixture fixture;
	static struct conf_websocket websocket;

	websocket = RELAY_FIXTURE_DEFAULTS;
	websocket.ping_ms = CONF_OFF;
	relay_fixture_start(&fixture, &websocket);
	pass_time(&fixture, UINT64_C(1000) * 365 * 24 * 3600 * 1000);
	relay_fixture_expect(&fixture.client, "");
	relay_expire_at(fixture.relay, UINT64_MAX, CODE);
	pass_time(&fixture, 1000);
	relay_fixture_expect_open(&fixture);
	relay_fixture_finish(&fixture);
}
