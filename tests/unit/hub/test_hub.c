// SPDX-License-Identifier: MIT
// Channels: how many, how long they are remembered, and who is there.
#include "wherry/hub/hub.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "fake_clock.h"
#include "hub_fixture.h"

static struct hub_facts facts_of(const struct hub_fixture *fixture)
{
	struct hub_facts facts;
	hub_read_facts(fixture->hub, &facts);
	return facts;
}

Test(hub, knows_what_it_has)
{
	struct hub_fixture fixture;
	struct reader reader = {0};
	hub_fixture_start(&fixture);
	cr_expect_eq(facts_of(&fixture).bytes, 0);
	hub_fixture_publish(&fixture, 0, "a", "1");
	hub_fixture_publish(&fixture, 0, "a", "2");
	hub_fixture_publish(&fixture, 0, "b", "3");
	reader_start(&reader, &fixture, 0, "b c", 0);
	struct hub_facts facts = facts_of(&fixture);
	cr_expect_eq(facts.channels, 3);
	cr_expect_eq(facts.messages, 3);
	cr_expect_eq(facts.subscribers, 2);
	cr_expect_geq(facts.bytes, 3 * sizeof(struct message));
	cr_expect_str_eq(facts.broker, "local");
	cr_expect_str_eq(facts.broker_state, "ready");
	reader_finish(&reader);
	hub_fixture_finish(&fixture);
}

Test(hub, remembers_the_most_that_anybody_asks_for)
{
	struct hub_fixture fixture;
	struct reader reader = {0}, late = {0};
	hub_fixture_start(&fixture);
	fixture.history.messages = 1;
	hub_fixture_publish(&fixture, 0, "a", "1");
	hub_fixture_publish(&fixture, 0, "a", "2");
	fixture.rules.history.messages = 3;
	reader_start(&reader, &fixture, 0, "a", 0);
	for (size_t i = 0; i < 4; i++)
		hub_fixture_publish(&fixture, 0, "a", "more");
	reader_expect(&reader, "2 ready more more more more ");
	fixture.history.messages = 5;
	hub_fixture_publish(&fixture, 0, "a", "5");
	hub_fixture_publish(&fixture, 0, "a", "6");
	fixture.rules.history.messages = 0;
	reader_start(&late, &fixture, 0, "a", 0);
	reader_expect(&late, "more more more 5 6 ready ");
	reader_finish(&reader);
	reader_finish(&late);
	hub_fixture_finish(&fixture);
}

Test(hub, forgets_the_oldest_channel_that_nobody_has_joined)
{
	struct hub_fixture fixture;
	struct reader reader = {0}, back = {0};
	hub_fixture_start(&fixture);
	hub_set_limits(fixture.hub, 2, 64 << 20);
	hub_fixture_publish(&fixture, 0, "a", "a1");
	reader_start(&reader, &fixture, 0, "a", 0);
	hub_fixture_publish(&fixture, 0, "b", "b2");
	hub_fixture_publish(&fixture, 0, "c", "c3"); // in b's place
	cr_expect_eq(facts_of(&fixture).channels, 2);
	reader_start(&back, &fixture, 1, "c", 2);
	reader_expect(&back, "c3 ready ");
	hub_fixture_publish(&fixture, 0, "b", "b4");
	cr_expect_eq(fixture.result, PUBLICATION_REFUSED);
	reader_finish(&back);
	reader_start(&back, &fixture, 1, "d", 0);
	reader_expect(&back, "end(overload) ");
	reader_finish(&back);
	reader_finish(&reader);
	hub_fixture_finish(&fixture);
}

Test(hub, tells_of_a_gap_in_a_channel_that_it_had_forgotten)
{
	struct hub_fixture fixture;
	struct reader reader = {0};
	hub_fixture_start(&fixture);
	hub_fixture_publish(&fixture, 0, "a", "a1");
	hub_fixture_publish(&fixture, 0, "a", "a2");
	hub_set_limits(fixture.hub, 1, 64 << 20);
	hub_fixture_publish(&fixture, 0, "b", "b3");
	reader_start(&reader, &fixture, 0, "a", 1);
	reader_expect(&reader, "gap(3) ready ");
	reader_finish(&reader);
	hub_fixture_finish(&fixture);
}

Test(hub, refuses_what_there_is_no_memory_for)
{
	struct hub_fixture fixture;
	struct reader reader = {0};
	char *payload = calloc(1, 100001);
	memset(payload, 'x', 100000);
	hub_fixture_start(&fixture);
	hub_set_limits(fixture.hub, 100, 350000);
	hub_fixture_publish(&fixture, 0, "idle", payload);
	reader_start(&reader, &fixture, 0, "a", SUBSCRIBER_FROM_NOW);
	for (size_t i = 0; i < 3; i++) {
		hub_fixture_publish(&fixture, 0, "a", payload);
		cr_expect_eq(fixture.result, PUBLICATION_DONE);
	}
	cr_expect_eq(facts_of(&fixture).channels, 1); // "idle" made room
	hub_fixture_publish(&fixture, 0, "a", payload);
	cr_expect_eq(fixture.result, PUBLICATION_REFUSED);
	cr_expect_leq(facts_of(&fixture).bytes, 350000);
	hub_set_limits(fixture.hub, 100, 64 << 20);
	hub_fixture_publish(&fixture, 0, "a", payload);
	cr_expect_eq(fixture.result, PUBLICATION_DONE);
	reader_finish(&reader);
	hub_fixture_finish(&fixture);
	free(payload);
}

static void on_published(void *arg, enum publication_result result,
	const struct publication_receipt *receipts)
{
	struct buf *story = arg;
	buf_printf(story, "%d ", (int)result);
}

Test(hub, publishes_a_claim_once)
{
	struct hub_fixture fixture;
	struct reader reader = {0};
	struct buf story = BUF_INIT;
	hub_fixture_start(&fixture);
	reader_start(&reader, &fixture, 0, "a b", SUBSCRIBER_FROM_NOW);
	static const char *const claims[] = {"x", "x", "y", "", ""};
	for (size_t i = 0; i < 5; i++) {
		struct message *messages[2];
		for (size_t j = 0; j < 2; j++) {
			struct message_parts parts = {.channel = j ? STR("b") : STR("a"),
				.payload = str_from(claims[i])};
			messages[j] = message_create(&parts);
		}
		struct publication_options options = {
			.messages = messages,
			.count = 2,
			.history = fixture.history,
			.claim = str_from(claims[i]),
			.claim_ms = 60000,
		};
		cr_assert_not_null(
			feeds_publish(fixture.feeds[0], &options, on_published, &story));
		message_unref(messages[0]);
		message_unref(messages[1]);
		hub_fixture_settle(&fixture);
	}
	cr_expect(str_equal(buf_str(&story), STR("0 1 0 0 0 ")), "%.*s",
		STR_ARG(buf_str(&story)));
	reader_expect(&reader, "ready x x y y     ");
	reader_finish(&reader);
	buf_finish(&story);
	hub_fixture_finish(&fixture);
}

Test(hub, answers_nobody_who_was_forgotten)
{
	struct hub_fixture fixture;
	struct reader reader = {0};
	hub_fixture_start(&fixture);
	reader_start(&reader, &fixture, 0, "a", SUBSCRIBER_FROM_NOW);
	struct message_parts parts = {.channel = STR("a"), .payload = STR("x")};
	struct message *message = message_create(&parts);
	struct publication_options options = {.messages = &message, .count = 1};
	struct publication *publication =
		feeds_publish(fixture.feeds[0], &options, on_published, NULL);
	message_unref(message);
	feeds_forget(publication);
	hub_fixture_settle(&fixture);
	reader_expect(&reader, "ready x ");
	reader_finish(&reader);
	hub_fixture_finish(&fixture);
}

Test(hub, forgets_a_channel_when_all_in_it_is_old_and_nobody_is_there)
{
	struct hub_fixture fixture;
	struct reader reader = {0}, back = {0};
	fake_clock_stop();
	hub_fixture_start(&fixture);
	fixture.rules.history.age_ms = fixture.history.age_ms = 30 * 1000;
	hub_fixture_publish(&fixture, 0, "a", "a1");
	hub_fixture_publish(&fixture, 0, "a", "a2");
	reader_start(&reader, &fixture, 0, "a", 0);
	hub_fixture_wait(&fixture, 29 * 1000);
	cr_expect_eq(facts_of(&fixture).messages, 2);
	hub_fixture_wait(&fixture, 2 * 1000);
	cr_expect_eq(facts_of(&fixture).messages, 0);
	cr_expect_eq(facts_of(&fixture).bytes, 0); // nor in the workers
	hub_fixture_publish(&fixture, 0, "a", "a3");
	reader_expect(&reader, "a1 a2 ready a3 ");
	reader_finish(&reader);
	hub_fixture_wait(&fixture, 11 * 1000);
	cr_expect_eq(facts_of(&fixture).channels, 1);
	hub_fixture_wait(&fixture, 31 * 1000);
	cr_expect_eq(facts_of(&fixture).channels, 0);
	reader_start(&back, &fixture, 0, "a", 3); // it has missed nothing
	reader_expect(&back, "ready ");
	reader_finish(&back);
	reader_start(&back, &fixture, 0, "a", 2);
	reader_expect(&back, "gap(3) ready ");
	reader_finish(&back);
	hub_fixture_finish(&fixture);
	fake_clock_resume();
}

Test(hub, takes_back_who_comes_while_the_worker_parts)
{
	struct hub_fixture fixture;
	struct reader reader = {0}, back = {0};
	fake_clock_stop();
	hub_fixture_start(&fixture);
	hub_fixture_publish(&fixture, 0, "a", "a1");
	reader_start(&reader, &fixture, 0, "a", 0);
	reader_finish(&reader);
	fake_clock_advance(11 * 1000);
	(void)event_base_loop(loop_base(fixture.loops[0]), EVLOOP_ONCE | EVLOOP_NONBLOCK);
	reader_start(&back, &fixture, 0, "a", 0); // the hub has not heard yet
	hub_fixture_publish(&fixture, 1, "a", "a2");
	reader_expect(&back, "a1 ready a2 ");
	cr_expect_eq(fixture.reached, 1);
	reader_finish(&back);
	hub_fixture_finish(&fixture);
	fake_clock_resume();
}

static void on_batch(void *arg, enum publication_result result,
	const struct publication_receipt *receipts)
{
	*(enum publication_result *)arg = result;
}

// With each of them in a channel of its own.
static enum publication_result publish_batch(
	struct hub_fixture *fixture, const char *const *channels, size_t count)
{
	struct message *messages[8];
	enum publication_result result = PUBLICATION_MEMORY;
	struct publication_options options = {
		.messages = messages, .count = count, .history = fixture->history};
	for (size_t i = 0; i < count; i++)
		messages[i] = message_create(&(struct message_parts){
			.channel = str_from(channels[i]), .payload = STR("1")});
	cr_assert(feeds_publish(fixture->feeds[0], &options, on_batch, &result));
	for (size_t i = 0; i < count; i++)
		message_unref(messages[i]);
	hub_fixture_settle(fixture);
	return result;
}

Test(hub, forgets_no_channel_for_another_one_of_the_same_publication)
{
	static const char *const names[] = {"a", "d", "e", "f"};
	struct hub_fixture fixture;
	struct reader reader = {0};
	hub_fixture_start(&fixture);
	hub_set_limits(fixture.hub, 3, 64 << 20);
	hub_fixture_publish(&fixture, 0, "a", "0");
	hub_fixture_publish(&fixture, 0, "b", "0");
	hub_fixture_publish(&fixture, 0, "c", "0");
	cr_expect_eq(publish_batch(&fixture, names, 3), PUBLICATION_DONE);
	reader_start(&reader, &fixture, 0, "a", 0);
	reader_expect(&reader, "0 1 ready ");
	cr_expect_eq(publish_batch(&fixture, names, 4), PUBLICATION_REFUSED);
	reader_finish(&reader);
	hub_fixture_finish(&fixture);
}
