// SPDX-License-Identifier: MIT
// The link against a real redis-server that is killed, stopped and started again.
#include "wherry/net/link_redis.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>
#include <hiredis/hiredis.h>

#include "redis_server.h"
#include "wherry/base/now.h"
#include "wherry/proto/resp.h"

enum {
	DEADLINE_MS = 30 * 1000,
	CONNECT_TIMEOUT_MS = 300,
};

struct fixture {
	struct redis_server server;
	struct loop *loop;
	struct link_redis *link;
	struct loop_timer deadline;
	size_t ups, downs, subscribed, lost;
	bool has_enough;
	char error[128], reply[64], pushed[64];
};

// What happened ends the turn of loop_run that waits for it.
static void on_up(void *arg)
{
	struct fixture *fixture = arg;
	fixture->ups++;
	loop_stop(fixture->loop);
}

static void on_down(void *arg, const char *error)
{
	struct fixture *fixture = arg;
	fixture->downs++;
	(void)snprintf(fixture->error, sizeof(fixture->error), "%s", error);
	loop_stop(fixture->loop);
}

static void on_push(
	void *arg, enum link_redis_push push, struct str channel, struct str payload)
{
	struct fixture *fixture = arg;
	if (push == LINK_REDIS_SUBSCRIBED)
		fixture->subscribed++;
	else
		(void)snprintf(fixture->pushed, sizeof(fixture->pushed), "%.*s=%.*s",
			STR_ARG(channel), STR_ARG(payload));
	loop_stop(fixture->loop);
}

static const struct link_redis_handler handler = {on_up, on_down, on_push};

static void on_reply(void *arg, const struct redisReply *reply)
{
	struct fixture *fixture = arg;
	if (!reply)
		fixture->lost++;
	else if (reply->type == REDIS_REPLY_INTEGER)
		(void)snprintf(
			fixture->reply, sizeof(fixture->reply), "%lld", reply->integer);
	else
		(void)snprintf(fixture->reply, sizeof(fixture->reply), "%s", reply->str);
	loop_stop(fixture->loop);
}

static void on_deadline(void *arg)
{
	cr_assert_fail("nothing happened in time");
}

static void fixture_start(
	struct fixture *fixture, const char *password, const char *given)
{
	(void)signal(SIGPIPE, SIG_IGN);
	*fixture = (struct fixture){0};
	redis_server_start(&fixture->server, password);
	fixture->loop = loop_create();
	cr_assert_not_null(fixture->loop);
	loop_timer_init(&fixture->deadline, fixture->loop, on_deadline, NULL);
	loop_timer_set(&fixture->deadline, now_ms() + DEADLINE_MS);
	struct link_redis_options options = {
		.loop = fixture->loop,
		.url = &fixture->server.parsed,
		.password = str_from(given),
		.connect_timeout_ms = CONNECT_TIMEOUT_MS,
	};
	fixture->link = link_redis_create(&options, &handler, fixture);
	cr_assert_not_null(fixture->link);
	cr_assert_not(link_redis_is_up(fixture->link));
}

static void fixture_finish(struct fixture *fixture)
{
	link_redis_destroy(fixture->link);
	loop_timer_finish(&fixture->deadline);
	loop_destroy(fixture->loop);
	redis_server_finish(&fixture->server);
}

static void run_until(struct fixture *fixture, const size_t *counter, size_t count)
{
	while (*counter < count)
		cr_assert(loop_run(fixture->loop));
}

static bool send_words(struct fixture *fixture, struct str verb, struct str key)
{
	struct buf command = BUF_INIT;
	resp_begin(&command, 2);
	resp_add(&command, verb);
	resp_add(&command, key);
	bool is_sent = link_redis_send(fixture->link, &command, on_reply, fixture);
	buf_finish(&command);
	return is_sent;
}

static void expect_reply(struct fixture *fixture, const char *expected)
{
	while (fixture->reply[0] == '\0')
		cr_assert(loop_run(fixture->loop));
	cr_expect_str_eq(fixture->reply, expected);
	fixture->reply[0] = '\0';
}

Test(link_redis, answers_commands)
{
	struct fixture fixture;
	fixture_start(&fixture, NULL, "");
	cr_expect_not(send_words(&fixture, STR("INCR"), STR("a")), "not up yet");
	run_until(&fixture, &fixture.ups, 1);
	cr_expect(send_words(&fixture, STR("INCR"), STR("a")));
	expect_reply(&fixture, "1");
	cr_expect(send_words(&fixture, STR("NONSENSE"), STR("a")));
	while (fixture.reply[0] == '\0')
		cr_assert(loop_run(fixture.loop));
	cr_expect_not_null(strstr(fixture.reply, "unknown command"));
	fixture_finish(&fixture);
}

Test(link_redis, logs_in)
{
	struct fixture fixture;
	fixture_start(&fixture, "secret", "secret");
	run_until(&fixture, &fixture.ups, 1);
	cr_expect(send_words(&fixture, STR("INCR"), STR("a")));
	expect_reply(&fixture, "1");
	fixture_finish(&fixture);
}

static void on_enough(void *arg)
{
	struct fixture *fixture = arg;
	fixture->has_enough = true;
	loop_stop(fixture->loop);
}

static void run_for(struct fixture *fixture, uint64_t wait_ms)
{
	struct loop_timer enough;
	loop_timer_init(&enough, fixture->loop, on_enough, fixture);
	loop_timer_set(&enough, now_ms() + wait_ms);
	while (!fixture->has_enough)
		cr_assert(loop_run(fixture->loop));
	loop_timer_finish(&enough);
}

Test(link_redis, never_comes_up_without_the_right_password)
{
	struct fixture fixture;
	fixture_start(&fixture, "secret", "wrong");
	run_for(&fixture, 300);
	cr_expect_eq(fixture.ups, 0);
	cr_expect_not_null(strstr(fixture.error, "WRONGPASS"), "%s", fixture.error);
	fixture_finish(&fixture);
}

Test(link_redis, comes_back_when_the_server_was_killed)
{
	struct fixture fixture;
	fixture_start(&fixture, NULL, "");
	run_until(&fixture, &fixture.ups, 1);
	cr_expect(send_words(&fixture, STR("INCR"), STR("a")));
	expect_reply(&fixture, "1");

	redis_server_signal(&fixture.server, SIGSTOP);
	cr_expect(send_words(&fixture, STR("INCR"), STR("a")));
	redis_server_kill(&fixture.server);
	run_until(&fixture, &fixture.downs, 1);
	cr_expect_eq(fixture.lost, 1);
	cr_expect_not(link_redis_is_up(fixture.link));
	cr_expect_not(send_words(&fixture, STR("INCR"), STR("a")));

	redis_server_restart(&fixture.server);
	run_until(&fixture, &fixture.ups, 2);
	cr_expect(send_words(&fixture, STR("INCR"), STR("a")));
	expect_reply(&fixture, "2");
	fixture_finish(&fixture);
}

Test(link_redis, gives_up_on_a_server_that_does_not_answer)
{
	struct fixture fixture;
	fixture_start(&fixture, NULL, "");
	run_until(&fixture, &fixture.ups, 1);
	redis_server_signal(&fixture.server, SIGSTOP);
	cr_expect(send_words(&fixture, STR("INCR"), STR("a")));
	link_redis_drop(fixture.link, "silence");
	cr_expect_eq(fixture.downs, 1);
	cr_expect_eq(fixture.lost, 1);
	cr_expect_not_null(strstr(fixture.error, "/socket: silence"));

	// Attempts that wait for their login meanwhile end, too.
	run_for(&fixture, 2 * CONNECT_TIMEOUT_MS);
	cr_expect_eq(fixture.ups, 1);
	redis_server_signal(&fixture.server, SIGCONT);
	run_until(&fixture, &fixture.ups, 2);
	fixture_finish(&fixture);
}

Test(link_redis, pushes_what_is_published)
{
	struct fixture fixture;
	fixture_start(&fixture, NULL, "");
	run_until(&fixture, &fixture.ups, 1);
	cr_expect(link_redis_subscribe(fixture.link, STR("a")));
	cr_expect(link_redis_subscribe(fixture.link, STR("b")));
	run_until(&fixture, &fixture.subscribed, 2);

	redisContext *publisher = redisConnectUnix(fixture.server.parsed.host.data);
	cr_assert(publisher && publisher->err == 0);
	freeReplyObject(redisCommand(publisher, "PUBLISH b hello"));
	while (fixture.pushed[0] == '\0')
		cr_assert(loop_run(fixture.loop));
	cr_expect_str_eq(fixture.pushed, "b=hello");

	// Off and on again in one go, all channels gone in between: it hears again.
	link_redis_unsubscribe(fixture.link, STR("a"));
	link_redis_unsubscribe(fixture.link, STR("b"));
	cr_expect(link_redis_subscribe(fixture.link, STR("b")));
	run_until(&fixture, &fixture.subscribed, 3);
	fixture.pushed[0] = '\0';
	freeReplyObject(redisCommand(publisher, "PUBLISH a lost"));
	freeReplyObject(redisCommand(publisher, "PUBLISH b again"));
	while (fixture.pushed[0] == '\0')
		cr_assert(loop_run(fixture.loop));
	cr_expect_str_eq(fixture.pushed, "b=again");
	redisFree(publisher);
	fixture_finish(&fixture);
}
