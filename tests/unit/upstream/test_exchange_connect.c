// SPDX-License-Identifier: MIT
// Which server and which connection a request goes to when one of them fails it.
#include <unistd.h>

#include <criterion/criterion.h>

#include "exchange_fixture.h"
#include "wherry/base/now.h"

#define COUNT(rows) (sizeof(rows) / sizeof(*(rows)))
#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static const struct scripted_backend_step ANSWER = {.answer = OK};

Test(exchange_connect, tries_the_next_server_when_one_refuses)
{
	struct exchange_fixture fixture;

	exchange_fixture_start(&fixture, 2);
	exchange_fixture_add_refusing(&fixture);
	exchange_fixture_add(&fixture, &ANSWER, 1);
	exchange_fixture_expect(&fixture, "(200)ok;");
	cr_expect_eq(fixture.head_count, 2, "a head for each server");
	cr_expect_not(
		upstream_is_healthy(server_set_get(&fixture.servers, 0, 0), now_ms()));
	cr_expect_eq(loop_counters(fixture.loop)->backend_connect_errors, 1);
	exchange_fixture_finish(&fixture);
}

Test(exchange_connect, fails_when_all_servers_refuse)
{
	struct exchange_fixture fixture;

	exchange_fixture_start(&fixture, 2);
	exchange_fixture_add_refusing(&fixture);
	exchange_fixture_add_refusing(&fixture);
	exchange_fixture_expect(&fixture, "!refused");
	cr_expect_eq(fixture.head_count, 2);
	exchange_fixture_finish(&fixture);
}

Test(exchange_connect, fails_at_once_while_no_server_has_an_address)
{
	struct exchange_fixture fixture;
	enum exchange_failure failure;

	exchange_fixture_start(&fixture, 2);
	cr_expect_not(exchange_start(&fixture.exchange, &fixture.request, &failure));
	cr_expect_eq(failure, EXCHANGE_UNRESOLVED);
	exchange_fixture_wait(&fixture, 10);
	exchange_fixture_expect_story(&fixture, "");
	exchange_fixture_finish(&fixture);
}

Test(exchange_connect, gives_up_after_the_time_to_connect)
{
	struct exchange_fixture fixture;
	struct scripted_backend *backend = &fixture.backends[0];
	int fillers[16];

	exchange_fixture_start(&fixture, 1);
	exchange_fixture_add(&fixture, NULL, 0);
	// A full backlog drops the handshake's first segment.
	(void)event_del(&backend->event);
	cr_assert_eq(listen(backend->socket, 0), 0);
	for (size_t i = 0; i < COUNT(fillers); i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(fillers[i], &backend->address.any, backend->address.length);
	}
	fixture.request.connect_timeout_ms = 50;
	uint64_t began_ms = now_ms();
	exchange_fixture_expect(&fixture, "!connect_timeout");
	cr_expect_geq(now_ms(), began_ms + 50);
	for (size_t i = 0; i < COUNT(fillers); i++)
		close(fillers[i]);
	exchange_fixture_finish(&fixture);
}

Test(exchange_connect, reuses_the_connection)
{
	static const struct scripted_backend_step STEPS[] = {
		{.answer = OK}, {.answer = OK}, {.answer = OK}};
	struct exchange_fixture fixture;

	exchange_fixture_start(&fixture, 1);
	exchange_fixture_add(&fixture, STEPS, COUNT(STEPS));
	exchange_fixture_expect(&fixture, "(200)ok;");
	exchange_fixture_expect(&fixture, "(200)ok;");
	cr_expect_eq(fixture.backends[0].conn_count, 1);
	cr_expect_eq(loop_counters(fixture.loop)->backend_reuses, 1);
	fixture.request.may_reuse = false; // not safe to send twice
	exchange_fixture_expect(&fixture, "(200)ok;");
	cr_expect_eq(fixture.backends[0].conn_count, 2);
	exchange_fixture_finish(&fixture);
}

struct lost_row {
	const char *name;
	const char *answer;
	enum scripted_backend_end then;
	const char *story;
	size_t conns;
};

static const struct lost_row LOST_ROWS[] = {
	{"closed at the request", NULL, SCRIPTED_BACKEND_CLOSE, "(200)ok;", 2},
	{"reset at the request", NULL, SCRIPTED_BACKEND_RESET, "(200)ok;", 2},
	// A server that has begun to answer has taken the request.
	{"closed within the head", "HTTP/1.1 2", SCRIPTED_BACKEND_CLOSE, "!lost", 1},
	{"closed within the body", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
		SCRIPTED_BACKEND_CLOSE, "(200)ab!lost", 1},
	{"closed after an interim response", "HTTP/1.1 103 Early Hints\r\n\r\n",
		SCRIPTED_BACKEND_CLOSE, "(103)!lost", 1},
};

Test(exchange_connect, sends_once_more_when_a_kept_connection_is_lost)
{
	for (size_t i = 0; i < COUNT(LOST_ROWS); i++) {
		const struct lost_row *row = &LOST_ROWS[i];
		struct scripted_backend_step steps[] = {
			{.answer = OK},
			{.answer = row->answer, .then = row->then},
			{.answer = OK},
		};
		struct exchange_fixture fixture;

		cr_log_info("%s", row->name);
		exchange_fixture_start(&fixture, 1);
		exchange_fixture_add(&fixture, steps, COUNT(steps));
		exchange_fixture_expect(&fixture, "(200)ok;");
		exchange_fixture_expect(&fixture, row->story);
		cr_expect_eq(fixture.backends[0].conn_count, row->conns, "%s", row->name);
		cr_expect_eq(
			loop_counters(fixture.loop)->backend_retries, row->conns - 1);
		exchange_fixture_finish(&fixture);
	}
}

Test(exchange_connect, sends_no_third_time)
{
	static const struct scripted_backend_step STEPS[] = {
		{.answer = OK},
		{.then = SCRIPTED_BACKEND_CLOSE},
		{.then = SCRIPTED_BACKEND_CLOSE},
		{.answer = OK},
	};
	struct exchange_fixture fixture;

	exchange_fixture_start(&fixture, 1);
	exchange_fixture_add(&fixture, STEPS, COUNT(STEPS));
	exchange_fixture_expect(&fixture, "(200)ok;");
	exchange_fixture_expect(&fixture, "!lost");
	cr_expect_eq(fixture.backends[0].conn_count, 2);
	exchange_fixture_finish(&fixture);
}

Test(exchange_connect, sends_nothing_twice_on_a_fresh_connection)
{
	static const struct scripted_backend_step STEP = {.then = SCRIPTED_BACKEND_CLOSE};
	struct exchange_fixture fixture;

	exchange_fixture_start(&fixture, 2);
	exchange_fixture_add(&fixture, &STEP, 1);
	exchange_fixture_add(&fixture, &ANSWER, 1);
	exchange_fixture_expect(&fixture, "!lost");
	cr_expect_eq(fixture.backends[1].conn_count, 0);
	exchange_fixture_finish(&fixture);
}

Test(exchange_connect, begins_with_a_prologue_on_a_connection_of_its_own)
{
	static const struct scripted_backend_step STEPS[] = {
		{.answer = OK}, {.answer = OK}, {.answer = OK}, {.answer = OK}};
	struct exchange_fixture fixture;

	exchange_fixture_start(&fixture, 1);
	exchange_fixture_add(&fixture, STEPS, COUNT(STEPS));
	exchange_fixture_expect(&fixture, "(200)ok;"); // leaves one in the pool
	fixture.request.prologue = STR("PROXY UNKNOWN\r\n");
	exchange_fixture_expect(&fixture, "(200)ok;");
	exchange_fixture_expect(&fixture, "(200)ok;");
	cr_expect_eq(fixture.backends[0].conn_count, 3);
	cr_expect_eq(loop_counters(fixture.loop)->backend_reuses, 0);
	for (size_t i = 1; i < 3; i++)
		cr_expect(str_has_prefix(buf_str(&fixture.backends[0].conns[i].received),
			STR("PROXY UNKNOWN\r\nGET / HTTP/1.1\r\n")));
	fixture.request.prologue = STR("");
	exchange_fixture_expect(&fixture, "(200)ok;");
	cr_expect_eq(fixture.backends[0].conn_count, 3, "the one in the pool");
	exchange_fixture_finish(&fixture);
}

static const struct scripted_backend_step LOSE = {.then = SCRIPTED_BACKEND_RESET};

static void start_two(
	struct exchange_fixture *fixture, const struct scripted_backend_step *first)
{
	exchange_fixture_start(fixture, 2);
	fixture->request.may_repeat = true;
	exchange_fixture_add(fixture, first, 1);
	exchange_fixture_add(fixture, &ANSWER, 1);
}

Test(exchange_connect, sends_again_to_another_server)
{
	static const struct scripted_backend_step steps[] = {
		{.then = SCRIPTED_BACKEND_RESET}, {.then = SCRIPTED_BACKEND_CLOSE},
		{.answer = ""}, // silence
	};
	for (size_t i = 0; i < COUNT(steps); i++) {
		struct exchange_fixture fixture;

		start_two(&fixture, &steps[i]);
		fixture.request.response_timeout_ms = 50;
		exchange_fixture_expect(&fixture, "(200)ok;");
		cr_expect_eq(fixture.head_count, 2, "step %zu", i);
		cr_expect_eq(loop_counters(fixture.loop)->backend_retries, 1);
		exchange_fixture_finish(&fixture);
	}
}

Test(exchange_connect, sends_nothing_again_that_might_be_done_twice)
{
	struct exchange_fixture fixture;

	start_two(&fixture, &LOSE);
	fixture.request.may_repeat = fixture.request.may_reuse = false;
	exchange_fixture_expect(&fixture, "!lost");
	cr_expect_eq(fixture.head_count, 1);
	exchange_fixture_finish(&fixture);
}

Test(exchange_connect, sends_nothing_again_once_an_answer_began)
{
	static const struct scripted_backend_step steps[] = {
		{.answer = "H", .then = SCRIPTED_BACKEND_RESET},
		{.answer = "HTTP/1.1 103 Early Hints\r\n\r\n",
			.then = SCRIPTED_BACKEND_CLOSE},
	};
	static const char *const stories[] = {"!lost", "(103)!lost"};

	for (size_t i = 0; i < COUNT(steps); i++) {
		struct exchange_fixture fixture;

		start_two(&fixture, &steps[i]);
		exchange_fixture_expect(&fixture, stories[i]);
		cr_expect_eq(fixture.head_count, 1);
		cr_expect_eq(loop_counters(fixture.loop)->backend_retries, 0);
		exchange_fixture_finish(&fixture);
	}
}

Test(exchange_connect, sends_nothing_again_beyond_the_budget)
{
	struct exchange_fixture fixture;

	start_two(&fixture, &LOSE);
	struct upstream *upstream = &fixture.servers.set->upstreams[0];
	while (retry_budget_take(
		&upstream->group->retries, &upstream->conf->retry, now_ms()))
		continue;
	exchange_fixture_expect(&fixture, "!lost");
	cr_expect_eq(loop_counters(fixture.loop)->backend_retries, 0);
	cr_expect_eq(loop_counters(fixture.loop)->backend_retries_refused, 1);
	exchange_fixture_finish(&fixture);
}

Test(exchange_connect, spends_nothing_where_no_server_is_left)
{
	struct exchange_fixture fixture;

	exchange_fixture_start(&fixture, 1);
	fixture.request.may_repeat = true;
	exchange_fixture_add(&fixture, &LOSE, 1);
	exchange_fixture_expect(&fixture, "!lost");
	cr_expect_eq(loop_counters(fixture.loop)->backend_retries, 0);
	cr_expect_eq(loop_counters(fixture.loop)->backend_retries_refused, 0);
	exchange_fixture_finish(&fixture);
}
