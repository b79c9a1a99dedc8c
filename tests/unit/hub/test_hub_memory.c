// SPDX-License-Identifier: MIT
// Every allocation on the way of messages fails once: the linker puts these wrappers in
// place of the C library's functions (-Wl,--wrap). Whoever was not ended gets what was
// published in order, and a gap in the place of what is missing.
#include <stdio.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "fake_clock.h"
#include "hub_fixture.h"

enum {
	READERS = 4,
	MESSAGES = 12,
	LATER_MS = 200, // than what is tried again
};

static size_t allocations_left; // before one fails
static bool fails;
static bool has_failed;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *data, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *data, size_t size);

static bool fails_now(void)
{
	if (!fails || has_failed || allocations_left-- > 0)
		return false;
	has_failed = true;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fails_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails_now() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *data, size_t size)
{
	return fails_now() ? NULL : __real_realloc(data, size);
}

struct witness {
	struct subscriber subscriber;
	size_t seen;  // number of the last message
	size_t wrong; // steps in its way
	bool has_gap; // was the last thing that it was told
	bool has_ended;
};

static enum subscriber_answer deliver(void *arg, struct message *message)
{
	struct witness *witness = arg;
	if (message->kind == MESSAGE_GAP)
		witness->has_gap = true;
	if (message->kind != MESSAGE_DATA)
		return SUBSCRIBER_TOOK;
	size_t number = (size_t)atoi(message->payload.data);
	bool is_next = witness->seen == 0 || number == witness->seen + 1;
	if (number <= witness->seen || (!is_next && !witness->has_gap))
		witness->wrong++;
	witness->seen = number;
	witness->has_gap = false;
	return SUBSCRIBER_TOOK;
}

static void on_end(void *arg, enum close_reason reason, const char *detail)
{
	struct witness *witness = arg;
	witness->has_ended = true;
	subscriber_finish(&witness->subscriber);
}

static const struct subscriber_handler handler = {.deliver = deliver, .on_end = on_end};

static void start(struct hub_fixture *fixture, struct witness *witness, size_t index)
{
	static const struct str channels[] = {STR("a"), STR("b")};
	struct subscriber_options options = {
		.channels = channels,
		.channel_count = 1 + index % 2,
		.rules = &fixture->rules,
		.member = STR("someone"),
	};
	witness->has_ended = !subscriber_start(&witness->subscriber,
		fixture->feeds[index % 2], &options, &handler, witness);
}

struct answer {
	size_t count;
	enum publication_result result;
};

static void on_published(void *arg, enum publication_result result,
	const struct publication_receipt *receipts)
{
	struct answer *answer = arg;
	answer->count++;
	answer->result = result;
}

static bool try_to_publish(struct hub_fixture *fixture, struct str payload)
{
	struct answer answer = {0};
	struct message_parts parts = {.channel = STR("a"), .payload = payload};
	struct message *message = message_create(&parts);
	struct publication_options options = {
		.messages = &message, .count = 1, .history = fixture->history};
	bool is_sent = message &&
		       feeds_publish(fixture->feeds[2], &options, on_published, &answer);
	message_unref(message);
	hub_fixture_settle(fixture);
	if (is_sent && answer.count == 0)
		hub_fixture_wait(fixture, LATER_MS);
	cr_assert_eq(answer.count, is_sent);
	return is_sent && answer.result == PUBLICATION_DONE;
}

// The failure comes only once.
static void publish(struct hub_fixture *fixture, size_t number)
{
	char payload[16];
	int length = snprintf(payload, sizeof(payload), "%zu", number);
	struct str text = {payload, (size_t)length + 1};
	cr_assert(try_to_publish(fixture, text) || try_to_publish(fixture, text));
}

static void play(enum conf_slow slow, size_t allocations)
{
	struct hub_fixture fixture;
	struct witness witnesses[READERS] = {0};
	hub_fixture_start(&fixture);
	fixture.rules.presence = CONF_PRESENCE_LIST;
	fixture.rules.slow = slow;
	fixture.history.messages = fixture.rules.history.messages = 4;
	allocations_left = allocations;
	has_failed = false;
	fails = true;
	for (size_t i = 0; i < MESSAGES; i++) {
		if (i % 3 == 0)
			start(&fixture, &witnesses[i / 3], i / 3);
		publish(&fixture, i + 1);
		hub_fixture_wait(&fixture, LATER_MS);
	}
	for (size_t i = 0; i < 10; i++)
		hub_fixture_wait(&fixture, LATER_MS);
	fails = false;
	for (size_t i = 0; i < READERS; i++) {
		struct witness *witness = &witnesses[i];
		cr_expect_eq(witness->wrong, 0, "after %zu: %zu", allocations, i);
		if (!witness->has_ended)
			cr_expect(witness->seen == MESSAGES || witness->has_gap,
				"after %zu: %zu has %zu", allocations, i, witness->seen);
		subscriber_finish(&witness->subscriber);
	}
	hub_fixture_finish(&fixture);
}

static void expect_survives(enum conf_slow slow)
{
	size_t allocations = 0;
	fake_clock_stop();
	do
		play(slow, allocations++);
	while (has_failed);
	fake_clock_resume();
	cr_expect_gt(allocations, 100, "the wrappers are in place");
}

Test(hub_memory, survives_each_failed_allocation)
{
	expect_survives(CONF_SLOW_CLOSE);
}

Test(hub_memory, survives_each_failed_allocation_of_the_newest)
{
	expect_survives(CONF_SLOW_LATEST);
}
