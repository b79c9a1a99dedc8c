// SPDX-License-Identifier: MIT
// The hub with threads: publishers and subscribers on several workers, who come and go.
// Each subscriber gets what is published in its two channels in order and without a hole,
// however often it leaves and goes on where it was.
#include <pthread.h>
#include <stdio.h>

#include <criterion/criterion.h>

#include "wherry/base/buf.h"
#include "wherry/hub/broker_local.h"
#include "wherry/hub/feeds.h"
#include "wherry/hub/hub.h"

enum {
	WORKERS = 3,
	READERS = 20,   // of each worker
	MESSAGES = 600, // of each worker
	BURST = 5,
	DEADLINE_S = 60,
};

static const struct conf_channel rules = {
	.history = {100000, 3600 * 1000, 64 << 20},
	.queue = {10000, 0, 64 << 20},
	.max_subscribers = 1000,
};
static const struct str channels[] = {STR("a"), STR("b")};

struct reader {
	struct worker *worker;
	struct subscriber subscriber;
	uint64_t last_id;
	size_t numbers[WORKERS]; // the next one of each publisher
	size_t until_leave;      // messages
	bool is_done;
};

struct worker {
	pthread_t thread;
	struct loop *loop;
	struct feeds *feeds;
	size_t index, published, answered;
	struct event *pace;
	struct reader readers[READERS];
	size_t wrong, done;
};

static void start(struct reader *reader);

static void go_on(void *arg)
{
	start(arg);
}

static enum subscriber_answer deliver(void *arg, struct message *message)
{
	struct reader *reader = arg;
	unsigned publisher, number;
	if (sscanf(message->payload.data, "%u %u.", &publisher, &number) != 2 ||
		message->kind != MESSAGE_DATA || message->id <= reader->last_id ||
		reader->numbers[publisher] != number)
		reader->worker->wrong++;
	else
		reader->numbers[publisher]++;
	reader->last_id = message->id;
	size_t total = 0;
	for (size_t i = 0; i < WORKERS; i++)
		total += reader->numbers[i];
	if (total == WORKERS * MESSAGES && !reader->is_done) {
		reader->is_done = true;
		reader->worker->done++;
	} else if (--reader->until_leave == 0) {
		subscriber_finish(&reader->subscriber);
		cr_assert(loop_post(reader->worker->loop, go_on, reader));
	}
	return SUBSCRIBER_TOOK;
}

static void on_end(void *arg, enum close_reason reason, const char *detail)
{
	struct reader *reader = arg;
	reader->worker->wrong++;
	subscriber_finish(&reader->subscriber);
}

static const struct subscriber_handler handler = {.deliver = deliver, .on_end = on_end};

static void start(struct reader *reader)
{
	struct subscriber_options options = {
		.channels = channels,
		.channel_count = 2,
		.rules = &rules,
		.after = reader->last_id,
	};
	reader->until_leave = 17 + reader->last_id % 100;
	cr_assert(subscriber_start(
		&reader->subscriber, reader->worker->feeds, &options, &handler, reader));
}

static void on_published(void *arg, enum publication_result result,
	const struct publication_receipt *receipts)
{
	struct worker *worker = arg;
	worker->wrong += result != PUBLICATION_DONE;
	worker->answered++;
}

static void publish_one(struct worker *worker)
{
	char payload[32];
	int length = snprintf(
		payload, sizeof(payload), "%zu %zu.", worker->index, worker->published);
	struct message_parts parts = {
		.channel = channels[worker->published % 2],
		.payload = {payload, (size_t)length},
	};
	struct message *message = message_create(&parts);
	struct publication_options options = {
		.messages = &message, .count = 1, .history = rules.history};
	cr_assert_not_null(feeds_publish(worker->feeds, &options, on_published, worker));
	message_unref(message);
	worker->published++;
}

static void turn(evutil_socket_t fd, short events, void *arg)
{
	struct worker *worker = arg;
	for (size_t i = 0; i < BURST && worker->published < MESSAGES; i++)
		publish_one(worker);
	if (worker->done == READERS && worker->answered == MESSAGES)
		loop_stop(worker->loop);
}

static void *run(void *arg)
{
	struct worker *worker = arg;
	for (size_t i = 0; i < READERS; i++)
		start(&worker->readers[i]);
	cr_assert(loop_run(worker->loop));
	for (size_t i = 0; i < READERS; i++)
		subscriber_finish(&worker->readers[i].subscriber);
	return NULL;
}

static void stop(void *arg)
{
	loop_stop(arg);
}

static void *run_control(void *arg)
{
	cr_assert(loop_run(arg));
	return NULL;
}

static void make_worker(struct worker *worker, size_t index, struct hub *hub)
{
	*worker = (struct worker){.index = index, .loop = loop_create()};
	worker->feeds = feeds_create(worker->loop, hub);
	cr_assert_not_null(worker->feeds);
	for (size_t i = 0; i < READERS; i++)
		worker->readers[i].worker = worker;
	worker->pace = event_new(loop_base(worker->loop), -1, EV_PERSIST, turn, worker);
	(void)event_add(worker->pace, &(struct timeval){.tv_usec = 2000});
}

Test(hub_threads, gets_everybody_everything_once_and_in_order, .timeout = DEADLINE_S)
{
	static struct worker workers[WORKERS];
	struct loop *control = loop_create();
	struct hub_options options = {control, 100, 256 << 20};
	struct hub *hub = hub_create(&options, broker_local_create(control));
	pthread_t control_thread;
	for (size_t i = 0; i < WORKERS; i++)
		make_worker(&workers[i], i, hub);
	cr_assert_eq(pthread_create(&control_thread, NULL, run_control, control), 0);
	for (size_t i = 0; i < WORKERS; i++)
		cr_assert_eq(
			pthread_create(&workers[i].thread, NULL, run, &workers[i]), 0);
	for (size_t i = 0; i < WORKERS; i++)
		(void)pthread_join(workers[i].thread, NULL);
	cr_assert(loop_post(control, stop, control));
	(void)pthread_join(control_thread, NULL);
	loop_settle(control); // what the workers have still told it
	for (size_t i = 0; i < WORKERS; i++) {
		cr_expect_eq(workers[i].wrong, 0, "%zu", workers[i].wrong);
		loop_settle(workers[i].loop);
		feeds_destroy(workers[i].feeds);
		event_free(workers[i].pace);
		loop_destroy(workers[i].loop);
	}
	hub_destroy(hub);
	loop_destroy(control);
}
