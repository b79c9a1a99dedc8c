// SPDX-License-Identifier: MIT
// The home of live keys with two workers, all on one loop, and a clock that stands still
// between the steps.
#include "wherry/hub/live_port.h"

#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "fake_clock.h"
#include "wherry/base/now.h"
#include "wherry/hub/message.h"

#define KEY STR("host/scores?a=1\nrest")

struct worker {
	struct live_port *port;
	size_t asked, told;
	uint64_t asked_ms, newest_id;
	struct live_news news; // without its snapshot
	uint64_t news_id;      // of that; 0 = none
};

static struct loop *loop;
static struct live *live;
static struct worker workers[2];
static const struct live_rules second = {
	.interval_ms = 1000, .max_stale_ms = 30000, .max_keys = 100};

static void on_fetch(void *arg, struct str key, struct live_snapshot *newest)
{
	struct worker *worker = arg;
	worker->asked++;
	worker->asked_ms = now_ms();
	worker->newest_id = newest ? live_snapshot_id(newest) : 0;
}

static void on_news(void *arg, struct str key, const struct live_news *news)
{
	struct worker *worker = arg;
	worker->told++;
	worker->news = *news;
	worker->news_id = news->snapshot ? live_snapshot_id(news->snapshot) : 0;
}

static const struct live_port_handler handler = {on_fetch, on_news};

static void turn(void)
{
	for (int i = 0; i < 6; i++)
		(void)event_base_loop(loop_base(loop), EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

static void pass(uint64_t duration_ms)
{
	fake_clock_advance(duration_ms);
	turn();
}

static void begin(void)
{
	fake_clock_stop();
	loop = loop_create();
	live = live_create(loop);
	memset(workers, 0, sizeof(workers));
	for (int i = 0; i < 2; i++)
		workers[i].port = live_port_create(live, loop, &handler, &workers[i]);
	cr_assert(workers[0].port && workers[1].port);
}

static void end(void)
{
	for (int i = 0; i < 2; i++)
		live_port_destroy(workers[i].port);
	loop_settle(loop);
	live_destroy(live);
	loop_destroy(loop);
	fake_clock_resume();
}

static void join_by(
	int worker, struct str key, struct str route, const struct live_rules *rules)
{
	cr_assert(live_port_join(workers[worker].port, key, route, rules));
	turn();
}

static void join_as(int worker, struct str key, const struct live_rules *rules)
{
	join_by(worker, key, STR("route"), rules);
}

static void join(int worker)
{
	join_as(worker, KEY, &second);
}

static struct live_snapshot *make_snapshot(uint64_t id, const char *body)
{
	struct message_parts parts = {
		.id = id, .channel = STR("/scores"), .payload = str_from(body)};
	struct message *message = message_create(&parts);
	cr_assert(message);
	struct live_snapshot_parts all = {
		.message = message,
		.fields = STR("A: b\r\n"),
		.etag = STR("\"1\""),
		.cache_control = STR("no-cache"),
	};
	struct live_snapshot *snapshot = live_snapshot_create(&all);
	message_unref(message);
	cr_assert(snapshot);
	return snapshot;
}

// took_ms ago it was asked; now it answers.
static void report_as(int worker, struct str key, const struct live_result *result)
{
	struct live_result own = *result;
	own.turn.started_ms = workers[worker].asked_ms;
	own.turn.ended_ms = now_ms();
	own.turn.is_changed = result->outcome == LIVE_NEW;
	cr_assert(live_port_report(workers[worker].port, key, &own));
	turn();
}

static void report(int worker, enum live_outcome outcome)
{
	report_as(worker, KEY,
		&(struct live_result){
			.outcome = outcome, .status = 502, .reason = "a test"});
}

static void report_new(int worker, uint64_t id)
{
	struct live_snapshot *snapshot = make_snapshot(id, "body");
	report_as(worker, KEY,
		&(struct live_result){.outcome = LIVE_NEW, .snapshot = snapshot});
	live_snapshot_unref(snapshot);
}

Test(live, asks_one_worker_and_tells_all, .init = begin, .fini = end)
{
	join(0);
	cr_expect_eq(workers[0].asked, 1);
	join(1);
	cr_expect_eq(workers[1].asked, 0, "one is at it already");
	report_new(0, 7);
	for (int i = 0; i < 2; i++) {
		cr_expect_eq(workers[i].told, 1);
		cr_expect_eq(workers[i].news.state, LIVE_GOOD);
		cr_expect_eq(workers[i].news_id, 7);
	}
}

Test(live, asks_once_an_interval, .init = begin, .fini = end)
{
	join(0);
	join(1);
	for (uint64_t i = 1; i <= 5; i++) {
		cr_expect_eq(workers[0].asked + workers[1].asked, i);
		cr_expect_eq(workers[0].newest_id, i > 1 ? 7 : 0);
		pass(300);
		i == 1 ? report_new(0, 7) : report(0, LIVE_SAME);
		cr_expect_eq(workers[1].told, i);
		pass(699);
		cr_expect_eq(workers[0].asked + workers[1].asked, i);
		pass(1);
	}
}

Test(live, tells_a_late_one_at_once, .init = begin, .fini = end)
{
	join(0);
	report_new(0, 7);
	pass(500);
	join(1);
	cr_expect_eq(workers[1].told, 1);
	cr_expect_eq(workers[1].news_id, 7);
	cr_expect_eq(workers[1].news.checked_ms, now_ms() - 500);
	cr_expect_eq(workers[0].asked + workers[1].asked, 1);
}

Test(live, tells_a_late_one_at_once_though_the_backend_is_being_asked, .init = begin,
	.fini = end)
{
	join(0);
	report_new(0, 7);
	pass(1000);
	cr_expect_eq(workers[0].asked, 2);
	join(1);
	cr_expect_eq(workers[1].told, 1);
	cr_expect_eq(workers[1].news_id, 7);
	report(0, LIVE_SAME);
	cr_expect_eq(workers[1].told, 2);
	cr_expect_eq(workers[0].asked + workers[1].asked, 2);
}

Test(live, asks_the_other_worker_when_one_has_no_clients, .init = begin, .fini = end)
{
	join(0);
	join(1);
	report_new(0, 7);
	pass(1000);
	cr_expect_eq(workers[0].asked, 2);
	report(0, LIVE_UNWANTED);
	cr_expect_eq(workers[1].asked, 1);
	report(1, LIVE_SAME);
	cr_expect_eq(workers[0].told, 1, "it left");
	cr_expect_eq(workers[1].told, 2);
}

Test(live, asks_nobody_when_nobody_wants_it, .init = begin, .fini = end)
{
	join(0);
	report_new(0, 7);
	pass(1000);
	report(0, LIVE_UNWANTED);
	pass(5000);
	cr_expect_eq(workers[0].asked, 2);
	join(1);
	cr_expect_eq(workers[1].asked, 1);
	cr_expect_eq(workers[1].newest_id, 7, "it is still there");
	report(1, LIVE_UNWANTED);
	pass(30000);
	join(1);
	cr_expect_eq(workers[1].newest_id, 0, "it is not any more");
}

Test(live, does_not_ask_more_often_for_those_who_come_and_go, .init = begin, .fini = end)
{
	join(0);
	report_new(0, 7);
	for (int i = 0; i < 9; i++) {
		cr_assert(live_port_part(workers[0].port, KEY));
		pass(50);
		join(0);
	}
	cr_expect_eq(workers[0].asked, 1);
	cr_expect_eq(workers[0].told, 10);
	pass(550);
	cr_expect_eq(workers[0].asked, 2);
}

Test(live, keeps_what_it_has_while_the_backend_is_down, .init = begin, .fini = end)
{
	join(0);
	report_new(0, 7);
	uint64_t checked_ms = now_ms();
	for (size_t i = 2; i < 5; i++) {
		pass(1000);
		report(0, LIVE_FAILED);
		cr_expect_eq(workers[0].asked, i);
		cr_expect_eq(workers[0].news.state, LIVE_DOWN);
		cr_expect_eq(workers[0].news.status, 502);
		cr_expect_eq(workers[0].news.checked_ms, checked_ms);
		cr_expect_eq(workers[0].news_id, 7);
	}
	pass(1000);
	report(0, LIVE_SAME);
	cr_expect_eq(workers[0].news.state, LIVE_GOOD);
	cr_expect_eq(workers[0].news.checked_ms, now_ms());
	cr_expect_null(workers[0].news.reason);
}

Test(live, forgets_what_is_private, .init = begin, .fini = end)
{
	join(0);
	report_new(0, 7);
	pass(1000);
	report(0, LIVE_UNSHARED);
	cr_expect_eq(workers[0].news.state, LIVE_PRIVATE);
	cr_expect_eq(workers[0].news_id, 0);
	join(1);
	cr_expect_eq(workers[1].news.state, LIVE_PRIVATE);
	pass(LIVE_PRIVATE_MS - 1);
	cr_expect_eq(workers[0].asked, 2);
	pass(1);
	cr_expect_eq(workers[0].asked, 3, "it is looked at again");
	report_new(0, 8);
	cr_expect_eq(workers[1].news.state, LIVE_GOOD);
	cr_expect_eq(workers[1].news_id, 8);
}

Test(live, has_a_bound_for_keys, .init = begin, .fini = end)
{
	struct live_rules two = second;
	two.max_keys = 2;
	join_as(0, STR("a"), &two);
	join_as(0, STR("b"), &two);
	join_as(0, STR("c"), &two);
	cr_expect_eq(workers[0].asked, 2);
	cr_expect_eq(workers[0].news.state, LIVE_PRIVATE);
	cr_expect(workers[0].news.is_final);
	// one that nobody asks for makes room
	report_as(0, STR("a"), &(struct live_result){.outcome = LIVE_UNWANTED});
	join_as(0, STR("c"), &two);
	cr_expect_eq(workers[0].asked, 3);
}

static bool is_refused(int worker)
{
	bool is_final = workers[worker].news.is_final;
	workers[worker].news = (struct live_news){0};
	return is_final;
}

Test(live, has_that_bound_for_each_route, .init = begin, .fini = end)
{
	struct live_rules two = second;
	two.max_keys = 2;
	join_by(0, STR("a"), STR("crowded"), &two);
	join_by(0, STR("b"), STR("crowded"), &two);
	join_by(0, STR("c"), STR("other"), &two);
	join_by(0, STR("d"), STR("other"), &two);
	cr_expect_eq(workers[0].asked, 4);
	join_by(0, STR("e"), STR("crowded"), &two);
	cr_expect(is_refused(0));
	// one of another route makes no room, though nobody asks for it
	report_as(0, STR("c"), &(struct live_result){.outcome = LIVE_UNWANTED});
	join_by(0, STR("e"), STR("crowded"), &two);
	cr_expect(is_refused(0));
	join_by(0, STR("e"), STR("other"), &two);
	cr_expect_not(is_refused(0));
	cr_expect_eq(workers[0].asked, 5);
}

Test(live, counts_a_key_for_the_route_that_asks_now, .init = begin, .fini = end)
{
	struct live_rules one = second;
	one.max_keys = 1;
	join_by(0, STR("a"), STR("former"), &one);
	join_by(0, STR("a"), STR("later"), &one);
	cr_expect_not(is_refused(0));
	join_by(0, STR("b"), STR("former"), &one);
	cr_expect_not(is_refused(0));
	join_by(0, STR("c"), STR("later"), &one);
	cr_expect(is_refused(0));
	// the one key that there is makes room for the next
	report_as(0, STR("a"), &(struct live_result){.outcome = LIVE_UNWANTED});
	join_by(0, STR("c"), STR("later"), &one);
	cr_expect_not(is_refused(0));
	cr_expect_eq(workers[0].asked, 3);
}

Test(live, has_a_bound_for_bytes, .init = begin, .fini = end)
{
	struct live_snapshot *snapshot = make_snapshot(7, "body");
	struct live_result result = {.outcome = LIVE_NEW, .snapshot = snapshot};
	live_set_limit(live, 2 * snapshot->size);
	join_as(0, STR("a"), &second);
	report_as(0, STR("a"), &result);
	join_as(0, STR("b"), &second);
	report_as(0, STR("b"), &result);
	cr_expect_eq(workers[0].news.state, LIVE_GOOD);
	join_as(0, STR("c"), &second);
	report_as(0, STR("c"), &result);
	cr_expect_eq(workers[0].news.state, LIVE_PRIVATE);
	// one that nobody asks for makes room
	cr_assert(live_port_part(workers[0].port, STR("a")));
	pass(LIVE_PRIVATE_MS);
	report_as(0, STR("c"), &result);
	cr_expect_eq(workers[0].news.state, LIVE_GOOD);
	live_snapshot_unref(snapshot);
}

Test(live, asks_another_one_when_a_worker_is_gone, .init = begin, .fini = end)
{
	join(0);
	join(1);
	report_new(0, 7);
	live_port_destroy(workers[0].port);
	workers[0].port = NULL;
	pass(1000);
	cr_expect_eq(workers[1].asked, 1);
	report(1, LIVE_SAME);
	cr_expect_eq(workers[1].told, 2);
}

Test(live, does_not_wait_for_a_worker_that_went_while_asked, .init = begin, .fini = end)
{
	join(0);
	join(1);
	cr_expect_eq(workers[0].asked, 1);
	live_port_destroy(workers[0].port);
	workers[0].port = NULL;
	pass(1000);
	cr_expect_eq(workers[1].asked, 1);
}
