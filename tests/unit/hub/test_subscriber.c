// SPDX-License-Identifier: MIT
// Subscribers get each message once and in order, from wherever they go on, over one or
// several channels.
#include "hub_fixture.h"

#include <stdio.h>

#include <criterion/criterion.h>

#include "wherry/base/now.h"

static void publish_numbers(
	struct hub_fixture *fixture, const char *channel, size_t from, size_t to)
{
	for (size_t i = from; i <= to; i++) {
		char payload[16];
		(void)snprintf(payload, sizeof(payload), "%zu", i);
		hub_fixture_publish(fixture, i % HUB_FIXTURE_WORKERS, channel, payload);
	}
}

// Its client was answered before, and may have told the publisher so.
Test(subscriber, is_counted_before_its_worker_has_heard_of_the_channel)
{
	struct hub_fixture fixture;
	struct reader reader = {0};
	hub_fixture_start(&fixture);
	reader_begin(&reader, &fixture, 0, "a", SUBSCRIBER_FROM_NOW, "");
	hub_fixture_publish(&fixture, 1, "a", "one");
	cr_expect_eq(fixture.reached, 1);
	reader_expect(&reader, "one ready ");
	reader_finish(&reader);
	hub_fixture_publish(&fixture, 1, "a", "two");
	cr_expect_eq(fixture.reached, 0);
	hub_fixture_finish(&fixture);
}

Test(subscriber, gets_what_comes_in_every_worker)
{
	struct hub_fixture fixture;
	struct reader readers[HUB_FIXTURE_WORKERS] = {0}, other = {0};
	hub_fixture_start(&fixture);
	for (size_t i = 0; i < HUB_FIXTURE_WORKERS; i++)
		reader_start(&readers[i], &fixture, i, "a", SUBSCRIBER_FROM_NOW);
	reader_start(&other, &fixture, 0, "b", SUBSCRIBER_FROM_NOW);
	hub_fixture_publish(&fixture, 0, "a", "one");
	cr_expect_eq(fixture.reached, HUB_FIXTURE_WORKERS);
	hub_fixture_publish(&fixture, 1, "a", "two");
	hub_fixture_publish(&fixture, 2, "c", "none");
	cr_expect_eq(fixture.reached, 0);
	for (size_t i = 0; i < HUB_FIXTURE_WORKERS; i++) {
		reader_expect(&readers[i], "ready one two ");
		reader_finish(&readers[i]);
	}
	reader_expect(&other, "ready ");
	reader_finish(&other);
	hub_fixture_finish(&fixture);
}

Test(subscriber, starts_with_history_or_without)
{
	struct hub_fixture fixture;
	struct reader all = {0}, new = {0}, late = {0};
	hub_fixture_start(&fixture);
	publish_numbers(&fixture, "a", 1, 3);
	reader_start(&all, &fixture, 0, "a", 0);
	reader_start(&new, &fixture, 0, "a", SUBSCRIBER_FROM_NOW);
	publish_numbers(&fixture, "a", 4, 4);
	reader_start(&late, &fixture, 0, "a", 0); // the feed is live
	reader_expect(&all, "1 2 3 ready 4 ");
	reader_expect(&new, "ready 4 ");
	reader_expect(&late, "1 2 3 4 ready ");
	reader_finish(&all);
	reader_finish(&new);
	reader_finish(&late);
	hub_fixture_finish(&fixture);
}

Test(subscriber, gets_what_is_published_right_behind_its_start)
{
	struct hub_fixture fixture;
	struct reader readers[2] = {0};
	hub_fixture_start(&fixture);
	publish_numbers(&fixture, "a", 1, 1);
	for (size_t i = 0; i < 2; i++) {
		reader_begin(&readers[i], &fixture, 0, "a", SUBSCRIBER_FROM_NOW, "");
		hub_fixture_publish(&fixture, 0, "a", "new");
	}
	reader_expect(&readers[0], "new ready new ");
	reader_expect(&readers[1], "ready new "); // the feed was live
	for (size_t i = 0; i < 2; i++)
		reader_finish(&readers[i]);
	hub_fixture_finish(&fixture);
}

Test(subscriber, goes_on_after_an_id)
{
	struct hub_fixture fixture;
	hub_fixture_start(&fixture);
	fixture.rules.history.messages = fixture.history.messages = 3;
	publish_numbers(&fixture, "a", 1, 5);
	static const char *const stories[] = {"3 4 5 ready ", "gap(2) 3 4 5 ready ",
		"3 4 5 ready ", "4 5 ready ", "5 ready ", "ready "};
	for (size_t after = 0; after <= 5; after++) {
		for (size_t worker = 0; worker < 2; worker++) {
			struct reader reader = {0};
			reader_start(&reader, &fixture, worker, "a", after);
			reader_expect(&reader, stories[after]);
			reader_finish(&reader);
		}
	}
	hub_fixture_finish(&fixture);
}

Test(subscriber, gets_a_gap_after_an_id_that_is_not_ours)
{
	struct hub_fixture fixture;
	struct reader old = {0}, future = {0};
	hub_fixture_start(&fixture);
	publish_numbers(&fixture, "a", 1, 2);
	reader_start(&old, &fixture, 0, "a", fixture.ids[1] - 3600000000);
	reader_expect(&old, "gap(0) 1 2 ready ");
	reader_start(&future, &fixture, 0, "a", now_calendar_us() + 3600000000);
	reader_expect(&future, "gap(0) 1 2 ready ");
	publish_numbers(&fixture, "a", 3, 3);
	reader_expect(&future, "3 ");
	// the clock was set back by a second, and this one has seen what came before
	reader_finish(&future);
	reader_start(&future, &fixture, 0, "a", fixture.ids[3] + 1000000);
	reader_expect(&future, "gap(0) 1 2 3 ready ");
	reader_finish(&old);
	reader_finish(&future);
	hub_fixture_finish(&fixture);
}

Test(subscriber, misses_nothing_of_a_channel_without_history_while_it_is_there)
{
	struct hub_fixture fixture;
	struct reader reader = {0}, back = {0};
	hub_fixture_start(&fixture);
	fixture.rules.history.messages = fixture.history.messages = 0;
	reader_start(&reader, &fixture, 0, "a", SUBSCRIBER_FROM_NOW);
	publish_numbers(&fixture, "a", 1, 3);
	reader_expect(&reader, "ready 1 2 3 ");
	reader_start(&back, &fixture, 1, "a", 3);
	reader_expect(&back, "ready ");
	reader_finish(&back);
	reader_start(&back, &fixture, 1, "a", 2);
	reader_expect(&back, "gap(3) ready ");
	reader_finish(&back);
	reader_finish(&reader);
	hub_fixture_finish(&fixture);
}

Test(subscriber, merges_channels_in_the_order_of_ids)
{
	struct hub_fixture fixture;
	struct reader early = {0}, late = {0}, after = {0};
	hub_fixture_start(&fixture);
	reader_start(&early, &fixture, 0, "a b c", SUBSCRIBER_FROM_NOW);
	hub_fixture_publish(&fixture, 0, "b", "b1");
	hub_fixture_publish(&fixture, 0, "a", "a2");
	hub_fixture_publish(&fixture, 0, "c", "c3");
	hub_fixture_publish(&fixture, 0, "a", "a4");
	reader_expect(&early, "ready b1 a2 c3 a4 ");
	reader_start(&late, &fixture, 1, "c a b", 0);
	reader_expect(&late, "b1 a2 c3 a4 ready ");
	reader_start(&after, &fixture, 0, "a c", 2);
	reader_expect(&after, "c3 a4 ready ");
	hub_fixture_publish(&fixture, 2, "c", "c5");
	reader_expect(&early, "c5 ");
	reader_expect(&late, "c5 ");
	reader_expect(&after, "c5 ");
	reader_finish(&early);
	reader_finish(&late);
	reader_finish(&after);
	hub_fixture_finish(&fixture);
}

Test(subscriber, is_offered_again_what_it_had_no_room_for)
{
	struct hub_fixture fixture;
	struct reader reader = {.room = 2};
	size_t messages;
	uint64_t bytes;
	hub_fixture_start(&fixture);
	reader_start(&reader, &fixture, 0, "a", SUBSCRIBER_FROM_NOW);
	publish_numbers(&fixture, "a", 1, 6);
	reader_expect(&reader, "ready 1 2 ");
	subscriber_lag(&reader.subscriber, &messages, &bytes);
	cr_expect_eq(messages, 4);
	cr_expect_eq(bytes, 4);
	reader_make_room(&reader, 3);
	reader_expect(&reader, "3 4 5 ");
	reader_make_room(&reader, 3);
	reader_expect(&reader, "6 ");
	subscriber_lag(&reader.subscriber, &messages, &bytes);
	cr_expect_eq(messages + bytes, 0);
	reader_finish(&reader);
	hub_fixture_finish(&fixture);
}

Test(subscriber, is_told_that_several_come_at_once)
{
	struct hub_fixture fixture;
	struct reader reader = {.room = 2};
	hub_fixture_start(&fixture);
	reader_start(&reader, &fixture, 0, "a b", SUBSCRIBER_FROM_NOW);
	publish_numbers(&fixture, "a", 1, 2);
	cr_expect_eq(reader.gathered, 0);
	publish_numbers(&fixture, "a", 3, 4);
	publish_numbers(&fixture, "b", 5, 5);
	reader_make_room(&reader, 2);
	cr_expect_eq(reader.gathered, 1);
	reader_make_room(&reader, 1);
	cr_expect_eq(reader.gathered, 1);
	cr_expect(!reader.is_gathering);
	reader_expect(&reader, "ready 1 2 3 4 5 ");
	reader_finish(&reader);
	hub_fixture_finish(&fixture);
}

Test(subscriber, may_finish_while_it_is_told)
{
	struct hub_fixture fixture;
	struct reader first = {.finishes_after = 2}, second = {0}, third = {0};
	hub_fixture_start(&fixture);
	third.finishes_after = 1;
	reader_start(&first, &fixture, 0, "a", SUBSCRIBER_FROM_NOW);
	reader_start(&second, &fixture, 0, "a", SUBSCRIBER_FROM_NOW);
	reader_start(&third, &fixture, 0, "a", SUBSCRIBER_FROM_NOW);
	publish_numbers(&fixture, "a", 1, 3);
	reader_expect(&first, "ready 1 2 ");
	reader_expect(&second, "ready 1 2 3 ");
	reader_expect(&third, "ready 1 ");
	cr_expect_eq(fixture.reached, 1);
	reader_finish(&first); // again
	reader_finish(&second);
	reader_finish(&third);
	hub_fixture_finish(&fixture);
}

Test(subscriber, may_finish_before_its_channels_are_known)
{
	struct hub_fixture fixture;
	struct subscriber subscriber, zeroed = {0};
	struct str name = STR("a");
	hub_fixture_start(&fixture);
	struct subscriber_options options = {
		.channels = &name, .channel_count = 1, .rules = &fixture.rules};
	static const struct subscriber_handler none;
	cr_assert(subscriber_start(&subscriber, fixture.feeds[0], &options, &none, NULL));
	subscriber_finish(&subscriber);
	subscriber_finish(&subscriber);
	subscriber_finish(&zeroed);
	hub_fixture_finish(&fixture);
}

Test(subscriber, is_one_too_many)
{
	struct hub_fixture fixture;
	struct reader readers[3] = {0}, third = {0};
	hub_fixture_start(&fixture);
	fixture.rules.max_subscribers = 2;
	for (size_t i = 0; i < 3; i++)
		reader_start(&readers[i], &fixture, i, "a", SUBSCRIBER_FROM_NOW);
	reader_expect(&readers[0], "ready ");
	reader_expect(&readers[1], "ready ");
	reader_expect(&readers[2], "end(overload) ");
	reader_finish(&readers[0]);
	reader_start(&third, &fixture, 2, "a", SUBSCRIBER_FROM_NOW);
	reader_expect(&third, "ready ");
	for (size_t i = 1; i < 3; i++)
		reader_finish(&readers[i]);
	reader_finish(&third);
	hub_fixture_finish(&fixture);
}

Test(subscriber, gets_all_while_another_one_makes_its_channel_remember_more)
{
	struct hub_fixture fixture;
	struct reader reader = {0}, other = {0};
	hub_fixture_start(&fixture);
	fixture.rules.history.messages = fixture.history.messages = 0;
	reader_start(&reader, &fixture, 0, "a", SUBSCRIBER_FROM_NOW);
	for (size_t i = 0; i < 3; i++)
		hub_fixture_post(&fixture, 1, "a", "more");
	fixture.rules.history.messages = 10;
	reader_start(&other, &fixture, 0, "a", SUBSCRIBER_FROM_NOW);
	reader_expect(&reader, "ready more more more ");
	reader_finish(&reader);
	reader_finish(&other);
	hub_fixture_finish(&fixture);
}

static void join_late(struct broker *broker, struct str channel,
	const struct conf_history *limits, uint64_t after)
{
	if (!str_equal(channel, STR("late")))
		broker->handler->on_history(broker->arg, channel, 0, NULL, 0);
}

Test(subscriber, misses_nothing_until_all_its_channels_are_known)
{
	struct hub_fixture fixture;
	struct reader first = {0}, reader = {0};
	hub_fixture_start(&fixture);
	struct broker_methods methods = *fixture.broker->methods;
	methods.join = join_late;
	fixture.broker->methods = &methods;
	fixture.rules.history.messages = fixture.history.messages = 0;
	reader_start(&first, &fixture, 0, "a", SUBSCRIBER_FROM_NOW);
	reader_start(&reader, &fixture, 0, "a late", SUBSCRIBER_FROM_NOW);
	publish_numbers(&fixture, "a", 1, 3);
	reader_expect(&reader, "");
	fixture.broker->handler->on_history(fixture.broker->arg, STR("late"), 0, NULL, 0);
	hub_fixture_settle(&fixture);
	reader_expect(&reader, "1 2 3 ready ");
	reader_finish(&first);
	reader_finish(&reader);
	hub_fixture_finish(&fixture);
}

// Our clock was set back, or Redis has another time.
Test(subscriber, trusts_ids_that_are_ahead_of_the_clock)
{
	struct hub_fixture fixture;
	struct reader all = {0}, new = {0}, back = {0};
	hub_fixture_start(&fixture);
	struct broker_methods methods = *fixture.broker->methods;
	methods.join = join_late;
	fixture.broker->methods = &methods;
	struct message_parts parts = {
		.id = now_calendar_us() + UINT64_C(3600000000),
		.channel = STR("late"),
		.payload = STR("old"),
	};
	struct message *message = message_create(&parts);
	reader_start(&all, &fixture, 0, "late", 0);
	fixture.broker->handler->on_history(
		fixture.broker->arg, STR("late"), 0, &message, 1);
	hub_fixture_settle(&fixture);
	reader_expect(&all, "old ready ");
	reader_start(&new, &fixture, 1, "late", SUBSCRIBER_FROM_NOW);
	reader_expect(&new, "ready ");
	reader_start(&back, &fixture, 2, "late", parts.id);
	reader_expect(&back, "ready ");
	message_unref(message);
	reader_finish(&all);
	reader_finish(&new);
	reader_finish(&back);
	hub_fixture_finish(&fixture);
}
