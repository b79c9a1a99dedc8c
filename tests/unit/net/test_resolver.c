// SPDX-License-Identifier: MIT
// The resolver against a scripted DNS server on loopback, on the same loop.
#include "wherry/net/resolver.h"

#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "dns_server.h"
#include "wherry/base/now.h"

enum {
	DEADLINE_MS = 10 * 1000,
};

struct fixture {
	struct loop *loop;
	struct resolver *resolver;
	struct dns_server server;
	struct loop_timer deadline;
	size_t answer_count;
	size_t stop_at_answers;
	char answer[512]; // the last one: "address address", or "! error"
};

static void on_answer(
	void *arg, const struct addr *addresses, size_t count, const char *error)
{
	struct fixture *fixture = arg;
	char text[ADDR_TEXT_SIZE];

	fixture->answer[0] = '\0';
	if (count == 0)
		(void)snprintf(fixture->answer, sizeof(fixture->answer), "! %s", error);
	for (size_t i = 0; i < count; i++) {
		strcat(fixture->answer, i > 0 ? " " : "");
		strcat(fixture->answer, addr_format(&addresses[i], text));
	}
	fixture->answer_count++;
	if (fixture->answer_count == fixture->stop_at_answers)
		loop_stop(fixture->loop);
}

static void on_deadline(void *arg)
{
	cr_assert_fail("nothing happened in time");
}

static void fixture_start(struct fixture *fixture, const struct dns_server_step *steps,
	size_t step_count, uint64_t timeout_ms, uint64_t max_ttl_ms)
{
	char text[ADDR_TEXT_SIZE];

	*fixture = (struct fixture){.loop = loop_create()};
	cr_assert_not_null(fixture->loop);
	dns_server_start(&fixture->server, fixture->loop, steps, step_count);
	loop_timer_init(&fixture->deadline, fixture->loop, on_deadline, NULL);
	loop_timer_set(&fixture->deadline, now_ms() + DEADLINE_MS);
	struct conf_resolver options = {
		.servers = dns_server_address(&fixture->server, text),
		.timeout_ms = timeout_ms,
		.max_ttl_ms = max_ttl_ms,
	};
	fixture->resolver = resolver_create(fixture->loop, &options);
	cr_assert_not_null(fixture->resolver);
}

static void fixture_finish(struct fixture *fixture)
{
	resolver_destroy(fixture->resolver);
	loop_timer_finish(&fixture->deadline);
	dns_server_finish(&fixture->server);
	loop_destroy(fixture->loop);
}

static void follow(struct fixture *fixture, struct str host)
{
	cr_assert(resolver_follow(fixture->resolver, host, 80, on_answer, fixture));
	cr_assert_eq(fixture->answer_count, 0, "told before resolver_follow returned");
}

static void run_until_answers(struct fixture *fixture, size_t count)
{
	fixture->stop_at_answers = count;
	if (fixture->answer_count < count)
		cr_assert(loop_run(fixture->loop));
	cr_assert_eq(fixture->answer_count, count);
}

static void run_until_questions(struct fixture *fixture, size_t count)
{
	fixture->server.stop_at = count;
	if (fixture->server.question_count < count)
		cr_assert(loop_run(fixture->loop));
}

Test(resolver, tells_ipv4_then_ipv6_without_duplicates)
{
	static const struct dns_server_step steps[] = {
		{.ttl = 60, .records = {"10.0.0.2", "fd00::1", "10.0.0.1", "10.0.0.2"}}};
	struct fixture fixture;

	fixture_start(&fixture, steps, 1, 2000, 60000);
	follow(&fixture, STR("backend.test"));
	run_until_answers(&fixture, 1);
	cr_expect_str_eq(fixture.answer, "10.0.0.2:80 10.0.0.1:80 [fd00::1]:80");
	fixture_finish(&fixture);
}

Test(resolver, asks_again_when_the_ttl_is_over)
{
	static const struct dns_server_step steps[] = {
		{.ttl = 1, .records = {"10.0.0.1"}}, {.ttl = 1, .records = {"10.0.0.2"}}};
	struct fixture fixture;

	fixture_start(&fixture, steps, 2, 2000, 60000);
	follow(&fixture, STR("backend.test"));
	run_until_answers(&fixture, 1);
	cr_expect_str_eq(fixture.answer, "10.0.0.1:80");
	uint64_t told_ms = now_ms();
	run_until_answers(&fixture, 2);
	cr_expect_str_eq(fixture.answer, "10.0.0.2:80");
	cr_expect_geq(now_ms() - told_ms, 990); // the clock is coarse
	fixture_finish(&fixture);
}

Test(resolver, tells_nothing_while_the_set_is_the_same)
{
	static const struct dns_server_step steps[] = {
		{.ttl = 3600, .records = {"10.0.0.1", "10.0.0.2"}},
		{.ttl = 3600, .records = {"10.0.0.2", "10.0.0.1"}},
		{.ttl = 3600, .records = {"10.0.0.1", "10.0.0.2", "10.0.0.1"}},
		{.ttl = 3600, .records = {"10.0.0.2"}},
	};
	struct fixture fixture;

	fixture_start(&fixture, steps, 4, 2000, 20);
	follow(&fixture, STR("backend.test"));
	run_until_questions(&fixture, 4);
	cr_expect_eq(fixture.answer_count, 1);
	cr_expect_str_eq(fixture.answer, "10.0.0.1:80 10.0.0.2:80");
	fixture.server.stop_at = 0;
	run_until_answers(&fixture, 2);
	cr_expect_str_eq(fixture.answer, "10.0.0.2:80");
	fixture_finish(&fixture);
}

Test(resolver, tells_the_first_error_once_and_then_the_answer)
{
	static const struct dns_server_step steps[] = {
		{.rcode = DNS_SERVER_NXDOMAIN}, {.ttl = 60, .records = {"10.0.0.1"}}};
	struct fixture fixture;

	fixture_start(&fixture, steps, 2, 2000, 60000);
	follow(&fixture, STR("missing.test."));
	run_until_answers(&fixture, 1);
	cr_expect_eq(fixture.answer[0], '!');
	cr_expect_not_null(strstr(fixture.answer, "not found"), "%s", fixture.answer);
	run_until_answers(&fixture, 2);
	cr_expect_str_eq(fixture.answer, "10.0.0.1:80");
	fixture_finish(&fixture);
}

Test(resolver, keeps_the_last_good_answer_over_failures)
{
	static const struct dns_server_step steps[] = {
		{.ttl = 60, .records = {"10.0.0.1"}},
		{.rcode = DNS_SERVER_NXDOMAIN},
		{.ttl = 60}, // a name without addresses
		{.ttl = 60, .records = {"10.0.0.1"}},
		{.ttl = 60, .records = {"10.0.0.3"}},
	};
	struct fixture fixture;

	fixture_start(&fixture, steps, 5, 2000, 20);
	follow(&fixture, STR("backend.test."));
	run_until_answers(&fixture, 2);
	cr_expect_str_eq(fixture.answer, "10.0.0.3:80");
	cr_expect_eq(fixture.server.question_count, 5);
	fixture_finish(&fixture);
}

Test(resolver, gives_up_on_a_silent_server)
{
	static const struct dns_server_step steps[] = {{.is_silent = true}};
	struct fixture fixture;

	fixture_start(&fixture, steps, 1, 300, 60000);
	follow(&fixture, STR("backend.test."));
	run_until_answers(&fixture, 1);
	cr_expect_not_null(strstr(fixture.answer, "imeout"), "%s", fixture.answer);
	fixture_finish(&fixture);
}

Test(resolver, ends_while_a_question_is_open)
{
	static const struct dns_server_step steps[] = {{.is_silent = true}};
	struct fixture fixture;

	fixture_start(&fixture, steps, 1, 5000, 60000);
	follow(&fixture, STR("backend.test."));
	run_until_questions(&fixture, 1);
	fixture_finish(&fixture);
	cr_expect_eq(fixture.answer_count, 0);
}

Test(resolver, knows_localhost_without_asking)
{
	static const struct dns_server_step steps[] = {{.rcode = DNS_SERVER_NXDOMAIN}};
	struct fixture fixture;

	fixture_start(&fixture, steps, 1, 2000, 60000);
	follow(&fixture, STR("localhost"));
	run_until_answers(&fixture, 1);
	cr_expect_not_null(strstr(fixture.answer, "127.0.0.1:80"), "%s", fixture.answer);
	cr_expect_eq(fixture.server.question_count, 0);
	fixture_finish(&fixture);
}

Test(resolver, follows_several_names)
{
	static const struct dns_server_step steps[] = {
		{.ttl = 60, .records = {"10.0.0.1"}}};
	struct fixture fixture;

	fixture_start(&fixture, steps, 1, 2000, 60000);
	follow(&fixture, STR("one.test."));
	follow(&fixture, STR("two.test."));
	follow(&fixture, STR("three.test."));
	run_until_answers(&fixture, 3);
	fixture_finish(&fixture);
}

Test(resolver, refuses_a_server_list_that_is_none)
{
	struct loop *loop = loop_create();
	struct conf_resolver options = {
		.servers = "not an address", .timeout_ms = 1000, .max_ttl_ms = 1000};

	cr_assert_not_null(loop);
	cr_expect_null(resolver_create(loop, &options));
	loop_destroy(loop);
}
