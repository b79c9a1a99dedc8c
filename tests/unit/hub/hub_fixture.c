// SPDX-License-Identifier: MIT
// A hub to be turned by hand; see the header.
#include "hub_fixture.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "fake_clock.h"
#include "wherry/hub/broker_local.h"

void hub_fixture_start(struct hub_fixture *fixture)
{
	*fixture = (struct hub_fixture){
		.rules =
			{
				.history = {100, 1 << 20, 1 << 20},
				.queue = {10, 0, 1 << 20},
				.max_subscribers = SIZE_MAX,
			},
		.history = {100, 1 << 20, 1 << 20},
	};
	fixture->control = loop_create();
	struct hub_options options = {fixture->control, 1000, 64 << 20};
	fixture->broker = broker_local_create(fixture->control);
	fixture->hub = hub_create(&options, fixture->broker);
	cr_assert_not_null(fixture->hub);
	for (size_t i = 0; i < HUB_FIXTURE_WORKERS; i++) {
		fixture->loops[i] = loop_create();
		fixture->feeds[i] = feeds_create(fixture->loops[i], fixture->hub);
		cr_assert_not_null(fixture->feeds[i]);
	}
}

void hub_fixture_settle(struct hub_fixture *fixture)
{
	// Worker to hub and back twice: what is asked, and what that leads to.
	for (size_t round = 0; round < 4; round++) {
		for (size_t i = 0; i < HUB_FIXTURE_WORKERS; i++)
			loop_settle(fixture->loops[i]);
		loop_settle(fixture->control);
	}
	for (size_t i = 0; i < HUB_FIXTURE_WORKERS; i++)
		loop_settle(fixture->loops[i]);
}

void hub_fixture_turn(struct loop *loop)
{
	int flags = EVLOOP_ONCE | EVLOOP_NONBLOCK;
	cr_assert_geq(event_base_loop(loop_base(loop), flags), 0);
}

void hub_fixture_wait(struct hub_fixture *fixture, uint64_t duration_ms)
{
	fake_clock_advance(duration_ms);
	for (size_t i = 0; i < HUB_FIXTURE_WORKERS; i++)
		hub_fixture_turn(fixture->loops[i]);
	hub_fixture_turn(fixture->control);
	hub_fixture_settle(fixture);
}

void hub_fixture_finish(struct hub_fixture *fixture)
{
	hub_fixture_settle(fixture);
	for (size_t i = 0; i < HUB_FIXTURE_WORKERS; i++) {
		feeds_destroy(fixture->feeds[i]);
		loop_destroy(fixture->loops[i]);
	}
	struct hub_facts facts;
	hub_read_facts(fixture->hub, &facts);
	cr_expect_eq(facts.subscribers, 0);
	hub_destroy(fixture->hub);
	loop_destroy(fixture->control);
}

static void on_published(void *arg, enum publication_result result,
	const struct publication_receipt *receipts)
{
	struct hub_fixture *fixture = arg;
	fixture->result = result;
	if (result != PUBLICATION_DONE)
		return;
	cr_assert_gt(receipts[0].id, fixture->ids[fixture->published]);
	fixture->ids[++fixture->published] = receipts[0].id;
	fixture->reached = receipts[0].subscribers;
}

static void post(struct hub_fixture *fixture, size_t worker, const char *channel,
	const char *key, const char *payload)
{
	struct message_parts parts = {
		.channel = str_from(channel),
		.key = str_from(key),
		.payload = str_from(payload),
	};
	struct message *message = message_create(&parts);
	struct publication_options options = {
		.messages = &message, .count = 1, .history = fixture->history};
	cr_assert_not_null(
		feeds_publish(fixture->feeds[worker], &options, on_published, fixture));
	message_unref(message);
}

void hub_fixture_post(struct hub_fixture *fixture, size_t worker, const char *channel,
	const char *payload)
{
	post(fixture, worker, channel, "", payload);
}

void hub_fixture_publish_key(struct hub_fixture *fixture, size_t worker,
	const char *channel, const char *key, const char *payload)
{
	post(fixture, worker, channel, key, payload);
	hub_fixture_settle(fixture);
}

void hub_fixture_publish(struct hub_fixture *fixture, size_t worker, const char *channel,
	const char *payload)
{
	hub_fixture_publish_key(fixture, worker, channel, "", payload);
}

static size_t number_of(const struct hub_fixture *fixture, uint64_t id)
{
	size_t number = fixture->published;
	while (number > 0 && fixture->ids[number] != id)
		number--;
	return number;
}

static void tell(struct reader *reader, const struct message *message)
{
	switch (message->kind) {
	case MESSAGE_DATA:
		buf_printf(&reader->story, "%.*s ", STR_ARG(message->payload));
		return;
	case MESSAGE_GAP:
		buf_printf(&reader->story, "gap(%zu) ",
			number_of(reader->fixture, message->id));
		return;
	case MESSAGE_PRESENCE:
		if (reader->tells_presence)
			buf_printf(&reader->story, "%.*s ", STR_ARG(message->payload));
		return;
	case MESSAGE_PATCH:
	case MESSAGE_STATUS:
		return;
	}
}

static enum subscriber_answer deliver(void *arg, struct message *message)
{
	struct reader *reader = arg;
	if (reader->room == 0)
		return SUBSCRIBER_FULL;
	reader->room--;
	reader->delivered++;
	reader->told_as = ++reader->fixture->told;
	tell(reader, message);
	if (reader->delivered == reader->finishes_after)
		subscriber_finish(&reader->subscriber);
	return SUBSCRIBER_TOOK;
}

static void gather(void *arg, bool is_on)
{
	struct reader *reader = arg;
	cr_expect_neq(reader->is_gathering, is_on);
	reader->is_gathering = is_on;
	reader->gathered += is_on;
}

static void on_ready(void *arg)
{
	struct reader *reader = arg;
	buf_append_str(&reader->story, STR("ready "));
}

static void on_end(void *arg, enum close_reason reason, const char *detail)
{
	struct reader *reader = arg;
	buf_printf(&reader->story, "end(%s) ", close_reason_name(reason));
	if (reader->stays)
		return;
	subscriber_finish(&reader->subscriber);
}

static const struct subscriber_handler handler = {
	.deliver = deliver,
	.gather = gather,
	.on_ready = on_ready,
	.on_end = on_end,
};

static size_t split(const char *names, struct str out[SUBSCRIBER_MAX_CHANNELS])
{
	size_t count = 0;
	while (*names) {
		size_t length = strcspn(names, " ");
		out[count++] = (struct str){names, length};
		names += length + (names[length] == ' ');
	}
	return count;
}

void reader_begin(struct reader *reader, struct hub_fixture *fixture, size_t worker,
	const char *channels, uint64_t after, const char *member)
{
	struct str names[SUBSCRIBER_MAX_CHANNELS];
	size_t count = split(channels, names);
	bool is_number = after != SUBSCRIBER_FROM_NOW && after <= fixture->published;
	struct subscriber_options options = {
		.channels = names,
		.channel_count = count,
		.rules = &fixture->rules,
		.after = is_number ? fixture->ids[after] : after,
		.member = str_from(member),
	};
	reader->fixture = fixture;
	if (reader->room == 0)
		reader->room = SIZE_MAX;
	cr_assert(subscriber_start(
		&reader->subscriber, fixture->feeds[worker], &options, &handler, reader));
}

void reader_start_as(struct reader *reader, struct hub_fixture *fixture, size_t worker,
	const char *channels, uint64_t after, const char *member)
{
	reader_begin(reader, fixture, worker, channels, after, member);
	hub_fixture_settle(fixture);
}

void reader_start(struct reader *reader, struct hub_fixture *fixture, size_t worker,
	const char *channels, uint64_t after)
{
	reader_start_as(reader, fixture, worker, channels, after, "");
}

void reader_make_room(struct reader *reader, size_t room)
{
	reader->room = room;
	subscriber_resume(&reader->subscriber);
	hub_fixture_settle(reader->fixture);
}

void reader_expect(struct reader *reader, const char *story)
{
	cr_expect(str_equal(buf_str(&reader->story), str_from(story)), "%.*s, not %s",
		STR_ARG(buf_str(&reader->story)), story);
	buf_clear(&reader->story);
}

void reader_finish(struct reader *reader)
{
	subscriber_finish(&reader->subscriber);
	buf_finish(&reader->story);
}
