// SPDX-License-Identifier: MIT
// Which names are followed, and what is known of them, with a scripted DNS server.
#include "wherry/upstream/names.h"

#include <criterion/criterion.h>

#include "dns_server.h"
#include "wherry/base/now.h"

enum {
	DEADLINE_MS = 10 * 1000
};

struct fixture {
	struct loop *loop;
	struct names *names;
	struct dns_server server;
	struct conf_resolver conf;
	char address[ADDR_TEXT_SIZE];
	struct loop_timer deadline;
	size_t change_count, stop_at;
};

static void on_change(void *arg)
{
	struct fixture *fixture = arg;

	if (++fixture->change_count == fixture->stop_at)
		loop_stop(fixture->loop);
}

static void on_deadline(void *arg)
{
	cr_assert_fail("nothing happened in time");
}

static void fixture_start(
	struct fixture *fixture, const struct dns_server_step *steps, size_t step_count)
{
	*fixture = (struct fixture){.loop = loop_create()};
	cr_assert_not_null(fixture->loop);
	loop_timer_init(&fixture->deadline, fixture->loop, on_deadline, NULL);
	loop_timer_set(&fixture->deadline, now_ms() + DEADLINE_MS);
	dns_server_start(&fixture->server, fixture->loop, steps, step_count);
	fixture->conf = (struct conf_resolver){
		.servers = dns_server_address(&fixture->server, fixture->address),
		.timeout_ms = 2000,
		.max_ttl_ms = 60000,
	};
	fixture->names = names_create(fixture->loop, on_change, fixture);
	cr_assert_not_null(fixture->names);
	cr_assert(names_configure(fixture->names, &fixture->conf));
}

static void fixture_finish(struct fixture *fixture)
{
	names_destroy(fixture->names);
	loop_timer_finish(&fixture->deadline);
	dns_server_finish(&fixture->server);
	loop_destroy(fixture->loop);
}

static void run_until_changes(struct fixture *fixture, size_t count)
{
	fixture->stop_at = count;
	fixture->server.stop_at = 0;
	if (fixture->change_count < count)
		cr_assert(loop_run(fixture->loop));
}

static void run_until_questions(struct fixture *fixture, size_t count)
{
	fixture->server.stop_at = count;
	if (fixture->server.question_count < count)
		cr_assert(loop_run(fixture->loop));
}

static size_t count_addresses(const struct fixture *fixture, struct str host)
{
	size_t count;

	(void)names_find(fixture->names, host, 80, &count);
	return count;
}

Test(names, follows_each_host_and_port_once)
{
	static const struct dns_server_step steps[] = {
		{.ttl = 60, .records = {"10.0.0.1", "10.0.0.2"}}};
	struct fixture fixture;

	fixture_start(&fixture, steps, 1);
	cr_expect(names_follow(fixture.names, STR("app.test"), 80));
	cr_expect(names_follow(fixture.names, STR("APP.test"), 80));
	cr_expect_eq(names_unanswered(fixture.names), 1);
	cr_expect_eq(count_addresses(&fixture, STR("app.test")), 0);
	run_until_changes(&fixture, 1);
	cr_expect_eq(names_unanswered(fixture.names), 0);
	cr_expect_eq(count_addresses(&fixture, STR("App.test")), 2);
	cr_expect_eq(count_addresses(&fixture, STR("other.test")), 0);
	fixture_finish(&fixture);
}

Test(names, counts_an_error_as_an_answer)
{
	static const struct dns_server_step steps[] = {{.rcode = DNS_SERVER_NXDOMAIN}};
	struct fixture fixture;

	fixture_start(&fixture, steps, 1);
	cr_expect(names_follow(fixture.names, STR("app.test."), 80));
	run_until_changes(&fixture, 1);
	cr_expect_eq(names_unanswered(fixture.names), 0);
	cr_expect_eq(count_addresses(&fixture, STR("app.test.")), 0);
	fixture_finish(&fixture);
}

Test(names, forgets_what_is_not_followed_again)
{
	static const struct dns_server_step steps[] = {
		{.ttl = 60, .records = {"10.0.0.1"}}};
	struct fixture fixture;

	fixture_start(&fixture, steps, 1);
	cr_expect(names_follow(fixture.names, STR("a.test"), 80));
	cr_expect(names_follow(fixture.names, STR("b.test"), 80));
	run_until_changes(&fixture, 2);
	names_begin(fixture.names);
	cr_expect(names_follow(fixture.names, STR("b.test"), 80));
	names_end(fixture.names);
	cr_expect_eq(count_addresses(&fixture, STR("a.test")), 0);
	cr_expect_eq(count_addresses(&fixture, STR("b.test")), 1);
	fixture_finish(&fixture);
}

Test(names, forgets_one_that_is_being_asked_for)
{
	static const struct dns_server_step steps[] = {{.is_silent = true}};
	struct fixture fixture;

	fixture_start(&fixture, steps, 1);
	fixture.conf.timeout_ms = 300;
	cr_assert(names_configure(fixture.names, &fixture.conf));
	cr_expect(names_follow(fixture.names, STR("a.test."), 80));
	cr_expect(names_follow(fixture.names, STR("b.test."), 80));
	run_until_questions(&fixture, 2);
	names_begin(fixture.names);
	cr_expect(names_follow(fixture.names, STR("b.test."), 80));
	names_end(fixture.names);
	run_until_changes(&fixture, 1); // b.test has timed out, and a.test with it
	cr_expect_eq(names_unanswered(fixture.names), 0);
	fixture_finish(&fixture);
}

Test(names, keeps_what_it_knows_when_another_server_is_asked)
{
	static const struct dns_server_step steps[] = {
		{.ttl = 60, .records = {"10.0.0.1"}},
		{.rcode = DNS_SERVER_NXDOMAIN},
	};
	struct fixture fixture;

	fixture_start(&fixture, steps, 2);
	cr_expect(names_follow(fixture.names, STR("app.test."), 80));
	run_until_changes(&fixture, 1);
	cr_assert(names_configure(fixture.names, &fixture.conf));
	size_t before = fixture.server.question_count;
	run_until_questions(&fixture, before + 1);
	cr_expect_eq(count_addresses(&fixture, STR("app.test.")), 1);
	fixture_finish(&fixture);
}
