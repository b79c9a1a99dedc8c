// SPDX-License-Identifier: MIT
// Servers that take their time, and users who do.
#include <criterion/criterion.h>

#include "exchange_fixture.h"
#include "wherry/base/now.h"

enum {
	SHORT_MS = 50
};

#define HALF "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab"

static void expect_timeout(
	struct exchange_fixture *fixture, const char *story, uint64_t after_ms)
{
	uint64_t began_ms = now_ms();

	exchange_fixture_expect(fixture, story);
	cr_expect_geq(now_ms(), began_ms + after_ms);
	cr_expect_null(pool_take(fixture->pool, server_set_get(&fixture->servers, 0, 0)));
}

Test(exchange_time, waits_so_long_for_the_head)
{
	static const struct scripted_backend_step STEP = {
		.answer = "HTTP/1.1 200 OK\r\n"};
	struct exchange_fixture fixture;

	exchange_fixture_start(&fixture, 1);
	exchange_fixture_add(&fixture, &STEP, 1);
	fixture.request.response_timeout_ms = SHORT_MS;
	expect_timeout(&fixture, "!response_timeout", SHORT_MS);
	exchange_fixture_finish(&fixture);
}

Test(exchange_time, takes_an_interim_response_for_none)
{
	static const struct scripted_backend_step STEP = {
		.answer = "HTTP/1.1 103 Early Hints\r\n\r\n"};
	struct exchange_fixture fixture;

	exchange_fixture_start(&fixture, 1);
	exchange_fixture_add(&fixture, &STEP, 1);
	fixture.request.response_timeout_ms = SHORT_MS;
	expect_timeout(&fixture, "(103)!response_timeout", SHORT_MS);
	exchange_fixture_finish(&fixture);
}

Test(exchange_time, waits_so_long_in_a_silent_response)
{
	static const struct scripted_backend_step STEP = {.answer = HALF};
	struct exchange_fixture fixture;

	exchange_fixture_start(&fixture, 1);
	exchange_fixture_add(&fixture, &STEP, 1);
	fixture.request.idle_timeout_ms = SHORT_MS;
	expect_timeout(&fixture, "(200)ab!idle_timeout", SHORT_MS);
	exchange_fixture_finish(&fixture);
}

Test(exchange_time, lets_an_event_stream_be_silent)
{
	static const struct scripted_backend_step STEP = {
		.answer = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: "
			  "hi\n"};
	struct exchange_fixture fixture;

	exchange_fixture_start(&fixture, 1);
	exchange_fixture_add(&fixture, &STEP, 1);
	fixture.request.idle_timeout_ms = SHORT_MS;
	fixture.request.response_timeout_ms = SHORT_MS;
	exchange_fixture_begin(&fixture);
	exchange_fixture_wait(&fixture, 3 * SHORT_MS);
	exchange_fixture_expect_story(&fixture, "(200): hi\n");
	exchange_fixture_finish(&fixture);
}

// The time for the head starts anew with each piece of the body.
Test(exchange_time, waits_for_the_head_from_the_last_body_byte_on)
{
	static const struct scripted_backend_step STEP = {
		.after = "end", .answer = "HTTP/1.1 204 No Content\r\n\r\n"};
	struct exchange_fixture fixture;

	exchange_fixture_start(&fixture, 1);
	exchange_fixture_add(&fixture, &STEP, 1);
	fixture.request.response_timeout_ms = 2 * SHORT_MS;
	fixture.request.has_body = true;
	fixture.request.body_kind = HTTP_BODY_LENGTH;
	fixture.body = "begin";
	fixture.keeps_body = true;
	exchange_fixture_begin(&fixture);
	for (size_t i = 0; i < 3; i++) {
		exchange_fixture_wait(&fixture, SHORT_MS);
		exchange_write(&fixture.exchange, "more", 4);
	}
	exchange_write(&fixture.exchange, "end", 3);
	exchange_end_request(&fixture.exchange);
	exchange_fixture_run(&fixture);
	exchange_fixture_expect_story(&fixture, "(204);");
	exchange_fixture_finish(&fixture);
}

Test(exchange_time, stands_still_while_paused)
{
	static const struct scripted_backend_step STEP = {
		.answer = HALF "cd", .piece = 41};
	struct exchange_fixture fixture;

	exchange_fixture_start(&fixture, 1);
	exchange_fixture_add(&fixture, &STEP, 1);
	fixture.request.idle_timeout_ms = SHORT_MS;
	fixture.pauses = true;
	exchange_fixture_begin(&fixture);
	exchange_fixture_run(&fixture);
	exchange_fixture_wait(&fixture, 3 * SHORT_MS); // its silence is our doing
	cr_expect_leq(fixture.story.length, 8, "it read on");
	fixture.pauses = false;
	exchange_resume(&fixture.exchange);
	exchange_resume(&fixture.exchange);
	exchange_fixture_run(&fixture);
	exchange_fixture_expect_story(&fixture, "(200)abcd;");
	exchange_fixture_finish(&fixture);
}

// After each pause the silence of the server counts again.
Test(exchange_time, goes_on_when_resumed)
{
	static const struct scripted_backend_step STEP = {.answer = HALF};
	struct exchange_fixture fixture;

	exchange_fixture_start(&fixture, 1);
	exchange_fixture_add(&fixture, &STEP, 1);
	fixture.request.idle_timeout_ms = SHORT_MS;
	fixture.pauses = true;
	exchange_fixture_begin(&fixture);
	exchange_fixture_run(&fixture);
	exchange_resume(&fixture.exchange);
	exchange_fixture_run(&fixture);
	exchange_fixture_expect_story(&fixture, "(200)ab!idle_timeout");
	exchange_fixture_finish(&fixture);
}

// The last byte is there when the pause comes: the end needs no further one.
Test(exchange_time, tells_the_end_though_paused_at_the_last_byte)
{
	static const struct scripted_backend_step STEP = {
		.answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"};
	struct exchange_fixture fixture;

	exchange_fixture_start(&fixture, 1);
	exchange_fixture_add(&fixture, &STEP, 1);
	fixture.pauses = true;
	exchange_fixture_expect(&fixture, "(200)ab;");
	exchange_fixture_finish(&fixture);
}
