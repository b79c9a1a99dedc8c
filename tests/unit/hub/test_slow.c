// SPDX-License-Identifier: MIT
// Subscribers that are too slow, each as its policy says; their queues hold ten messages.
#include "hub_fixture.h"

#include <stdio.h>

#include <criterion/criterion.h>

#include "../../../src/hub/feeds_priv.h"

// What the worker's only feed holds.
static uint64_t held_bytes(const struct hub_fixture *fixture)
{
	const struct history *history = &TAILQ_FIRST(&fixture->feeds[0]->all)->history;
	return history_bytes_from(history, history->first);
}

static uint64_t full_count(const struct hub_fixture *fixture)
{
	return loop_counters(fixture->loops[0])->push_full;
}

static void publish_numbers(struct hub_fixture *fixture, size_t from, size_t to)
{
	for (size_t i = from; i <= to; i++) {
		char payload[16];
		(void)snprintf(payload, sizeof(payload), "%zu", i);
		hub_fixture_publish(fixture, 0, "a", payload);
	}
}

static void start_slow(
	struct hub_fixture *fixture, struct reader *reader, enum conf_slow slow)
{
	hub_fixture_start(fixture);
	fixture->rules.slow = slow;
	fixture->rules.history.messages = fixture->history.messages = 0;
	reader->room = 1;
	reader_start(reader, fixture, 0, "a", SUBSCRIBER_FROM_NOW);
}

Test(slow, is_closed_beyond_its_queue)
{
	struct hub_fixture fixture;
	struct reader reader = {0}, healthy = {0};
	start_slow(&fixture, &reader, CONF_SLOW_CLOSE);
	reader_start(&healthy, &fixture, 0, "a", SUBSCRIBER_FROM_NOW);
	publish_numbers(&fixture, 1, 11);
	reader_expect(&reader, "ready 1 ");
	publish_numbers(&fixture, 12, 12);
	reader_expect(&reader, "end(subscriber_slow) ");
	publish_numbers(&fixture, 13, 13);
	reader_expect(&reader, "");
	reader_expect(&healthy, "ready 1 2 3 4 5 6 7 8 9 10 11 12 13 ");
	reader_finish(&reader);
	reader_finish(&healthy);
	hub_fixture_finish(&fixture);
}

Test(slow, is_told_once_that_it_is_closed)
{
	struct hub_fixture fixture;
	struct reader reader = {.stays = true};
	start_slow(&fixture, &reader, CONF_SLOW_CLOSE);
	publish_numbers(&fixture, 1, 12);
	reader_expect(&reader, "ready 1 end(subscriber_slow) ");
	reader_make_room(&reader, 10); // while its Close is on its way
	publish_numbers(&fixture, 13, 13);
	reader_expect(&reader, "");
	reader_finish(&reader);
	cr_expect_eq(full_count(&fixture), 0);
	cr_expect_eq(loop_counters(fixture.loops[0])->push_subscribers, 0);
	hub_fixture_finish(&fixture);
}

Test(slow, drops_the_oldest_and_is_told_of_the_gap)
{
	struct hub_fixture fixture;
	struct reader reader = {0};
	start_slow(&fixture, &reader, CONF_SLOW_DROP_OLDEST);
	publish_numbers(&fixture, 1, 20);
	reader_expect(&reader, "ready 1 ");
	reader_make_room(&reader, 4);
	reader_expect(&reader, "gap(10) 11 12 13 ");
	reader_make_room(&reader, 100);
	reader_expect(&reader, "14 15 16 17 18 19 20 ");
	publish_numbers(&fixture, 21, 22);
	reader_expect(&reader, "21 22 ");
	reader_finish(&reader);
	hub_fixture_finish(&fixture);
}

Test(slow, gets_the_newest_of_each_key)
{
	struct hub_fixture fixture;
	struct reader reader = {0};
	start_slow(&fixture, &reader, CONF_SLOW_LATEST);
	static const char *const keys[] = {"x", "y", "x", "z", "y", "x"};
	for (size_t i = 0; i < 6; i++) {
		char payload[16];
		(void)snprintf(payload, sizeof(payload), "%s%zu", keys[i], i);
		hub_fixture_publish_key(&fixture, 0, "a", keys[i], payload);
	}
	reader_expect(&reader, "ready x0 ");
	reader_make_room(&reader, 100);
	reader_expect(&reader, "z3 y4 x5 ");
	reader.room = 0;
	for (size_t i = 0; i < 50; i++)
		hub_fixture_publish_key(&fixture, 0, "a", "x", "again");
	hub_fixture_publish_key(&fixture, 0, "a", "y", "last");
	reader_make_room(&reader, 100);
	reader_expect(&reader, "again last ");
	reader_finish(&reader);
	hub_fixture_finish(&fixture);
}

Test(slow, gets_a_gap_when_there_are_more_keys_than_the_queue_has_room_for)
{
	struct hub_fixture fixture;
	struct reader reader = {0};
	start_slow(&fixture, &reader, CONF_SLOW_LATEST);
	for (size_t i = 0; i < 13; i++) {
		char key[16];
		(void)snprintf(key, sizeof(key), "k%zu", i);
		hub_fixture_publish_key(&fixture, 0, "a", key, key);
	}
	reader_expect(&reader, "ready k0 ");
	reader_make_room(&reader, 100);
	reader_expect(&reader, "gap(3) k3 k4 k5 k6 k7 k8 k9 k10 k11 k12 ");
	reader_finish(&reader);
	hub_fixture_finish(&fixture);
}

Test(slow, holds_back_nobody_else_and_no_memory_when_it_has_caught_up)
{
	struct hub_fixture fixture;
	struct reader reader = {0};
	start_slow(&fixture, &reader, CONF_SLOW_DROP_OLDEST);
	publish_numbers(&fixture, 1, 5);
	cr_expect_eq(full_count(&fixture), 1);
	cr_expect_eq(held_bytes(&fixture), 4);
	reader_make_room(&reader, 100);
	publish_numbers(&fixture, 6, 6);
	cr_expect_eq(full_count(&fixture), 0);
	cr_expect_eq(held_bytes(&fixture), 0);
	reader_expect(&reader, "ready 1 2 3 4 5 6 ");
	reader_finish(&reader);
	hub_fixture_finish(&fixture);
}

Test(slow, is_measured_in_each_of_its_channels)
{
	struct hub_fixture fixture;
	struct reader reader = {.room = 1};
	hub_fixture_start(&fixture);
	fixture.rules.slow = CONF_SLOW_DROP_OLDEST;
	fixture.rules.history.messages = fixture.history.messages = 0;
	reader_start(&reader, &fixture, 0, "a b", SUBSCRIBER_FROM_NOW);
	hub_fixture_publish(&fixture, 0, "b", "b1");
	hub_fixture_publish(&fixture, 0, "b", "b2");
	publish_numbers(&fixture, 3, 14);
	reader_make_room(&reader, 100);
	reader_expect(&reader, "ready b1 gap(1) b2 5 6 7 8 9 10 11 12 13 14 ");
	reader_finish(&reader);
	hub_fixture_finish(&fixture);
}
