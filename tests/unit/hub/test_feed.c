// SPDX-License-Identifier: MIT
// Rounds over all who subscribe to a channel in one worker, which take several turns.
#include "hub_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

enum {
	CROWD = 700, // a few turns
	MESSAGES = 20,
};

static struct reader *start_crowd(struct hub_fixture *fixture)
{
	struct reader *crowd = calloc(CROWD, sizeof(*crowd));
	cr_assert_not_null(crowd);
	for (size_t i = 0; i < CROWD; i++)
		reader_begin(&crowd[i], fixture, 0, "a", SUBSCRIBER_FROM_NOW, "");
	hub_fixture_settle(fixture);
	return crowd;
}

static void finish_crowd(struct reader *crowd)
{
	for (size_t i = 0; i < CROWD; i++)
		reader_finish(&crowd[i]);
	free(crowd);
}

// Message and first turn; the round goes on.
static void publish_and_turn(struct hub_fixture *fixture, size_t number)
{
	char payload[16];
	(void)snprintf(payload, sizeof(payload), "%zu", number);
	hub_fixture_post(fixture, 1, "a", payload);
	hub_fixture_turn(fixture->control);
	hub_fixture_turn(fixture->loops[1]);
	hub_fixture_turn(fixture->loops[0]);
}

// Up to the last one, whenever it was ready.
static void expect_numbers_from(struct reader *reader, size_t from)
{
	struct buf story = BUF_INIT;
	struct str told = buf_str(&reader->story);
	const char *ready = memmem(told.data, told.length, "ready ", 6);
	cr_assert_not_null(ready);
	size_t before = (size_t)(ready - told.data);
	for (size_t number = from; number <= MESSAGES; number++)
		buf_printf(&story, "%zu ", number);
	cr_assert_eq(story.length, told.length - 6);
	if (story.length > 0) {
		size_t behind = story.length - before;
		cr_expect_eq(memcmp(story.data, told.data, before), 0);
		cr_expect_eq(memcmp(story.data + before, ready + 6, behind), 0);
	}
	buf_finish(&story);
}

Test(feed, tells_everybody_what_comes_while_it_goes_round)
{
	struct hub_fixture fixture;
	hub_fixture_start(&fixture);
	struct reader *crowd = start_crowd(&fixture);
	for (size_t number = 1; number <= MESSAGES; number++)
		publish_and_turn(&fixture, number);
	cr_expect_lt(fixture.told, MESSAGES * CROWD);
	hub_fixture_settle(&fixture);
	cr_expect_eq(fixture.told, MESSAGES * CROWD);
	for (size_t i = 0; i < CROWD; i++)
		expect_numbers_from(&crowd[i], 1);
	finish_crowd(crowd);
	hub_fixture_finish(&fixture);
}

// They leave in front of where the round is, where it is, and behind.
Test(feed, misses_nobody_when_others_leave_and_come)
{
	struct hub_fixture fixture;
	struct reader late[MESSAGES] = {0};
	hub_fixture_start(&fixture);
	struct reader *crowd = start_crowd(&fixture);
	for (size_t i = 0; i < CROWD; i += 5)
		crowd[i].finishes_after = 1 + i % MESSAGES;
	for (size_t number = 1; number <= MESSAGES; number++) {
		publish_and_turn(&fixture, number);
		for (size_t i = number; i < CROWD; i += 7 * MESSAGES)
			reader_finish(&crowd[i - i % 5]);
		reader_begin(
			&late[number - 1], &fixture, 0, "a", SUBSCRIBER_FROM_NOW, "");
	}
	hub_fixture_settle(&fixture);
	for (size_t i = 0; i < CROWD; i++) {
		if (i % 5 != 0)
			expect_numbers_from(&crowd[i], 1);
	}
	for (size_t number = 1; number <= MESSAGES; number++) {
		struct reader *reader = &late[number - 1];
		cr_expect_geq(reader->delivered, MESSAGES - number);
		expect_numbers_from(reader, MESSAGES - reader->delivered + 1);
		reader_finish(reader);
	}
	finish_crowd(crowd);
	hub_fixture_finish(&fixture);
}

Test(feed, lets_a_small_channel_in_between)
{
	struct hub_fixture fixture;
	struct reader other = {0};
	hub_fixture_start(&fixture);
	struct reader *crowd = start_crowd(&fixture);
	reader_start(&other, &fixture, 0, "b", SUBSCRIBER_FROM_NOW);
	hub_fixture_post(&fixture, 0, "a", "large");
	hub_fixture_post(&fixture, 0, "b", "small");
	hub_fixture_settle(&fixture);
	cr_expect_lt(other.told_as, CROWD);
	reader_finish(&other);
	finish_crowd(crowd);
	hub_fixture_finish(&fixture);
}
