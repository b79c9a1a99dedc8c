// SPDX-License-Identifier: MIT
// Machines that share a real redis-server, which is killed, emptied and started again.
#include "wherry/hub/broker_redis.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <hiredis/hiredis.h>

#include "redis_server.h"
#include "wherry/base/now.h"

enum {
	DEADLINE_MS = 60 * 1000,
	MACHINES = 2,
};

static const struct conf_history usual = {
	.messages = 1000, .age_ms = 600 * 1000, .bytes = 1 << 20};

// As the hub of one machine sees it.
struct machine {
	struct loop *loop;
	struct broker *broker;
	bool is_ready;
	size_t ready_count, answered, told;
	enum publication_result result; // of the last publication
	struct publication_receipt receipt;
	uint64_t newest;  // id that was told
	uint64_t floor;   // of the last history
	size_t histories; // that were told
	struct buf story; // payloads as they were told; "| " before a history
};

struct fixture {
	struct redis_server server;
	struct loop *loop;
	struct loop_timer deadline;
	struct machine machines[MACHINES];
};

static void note(struct machine *machine, const struct message *message)
{
	cr_expect_gt(message->id, machine->newest, "out of order: %.*s",
		STR_ARG(message->payload));
	machine->newest = message->id;
	buf_append_str(&machine->story, message->payload);
	buf_append_str(&machine->story, STR(" "));
	machine->told++;
}

static void on_message(void *arg, struct message *message)
{
	struct machine *machine = arg;
	note(machine, message);
	loop_stop(machine->loop);
}

static void on_history(void *arg, struct str channel, uint64_t floor,
	struct message *const *messages, size_t count)
{
	struct machine *machine = arg;
	buf_append_str(&machine->story, STR("| "));
	machine->floor = floor;
	machine->histories++;
	for (size_t i = 0; i < count; i++)
		note(machine, messages[i]);
	loop_stop(machine->loop);
}

static void on_state(void *arg, bool is_ready, const char *text)
{
	struct machine *machine = arg;
	machine->is_ready = is_ready;
	machine->ready_count += is_ready;
	loop_stop(machine->loop);
}

static const struct broker_handler handler = {on_message, on_history, on_state};

static void on_published(void *arg, enum publication_result result,
	const struct publication_receipt *receipts)
{
	struct machine *machine = arg;
	machine->answered++;
	machine->result = result;
	if (result == PUBLICATION_DONE)
		machine->receipt = receipts[0];
	loop_stop(machine->loop);
}

static void on_deadline(void *arg)
{
	cr_assert_fail("nothing happened in time");
}

#define RUN_UNTIL(fixture, condition)                                                    \
	while (!(condition))                                                             \
	cr_assert(loop_run((fixture)->loop))

static void start_machine(struct fixture *fixture, struct machine *machine)
{
	char error[BROKER_REDIS_ERROR_SIZE];
	struct conf conf = {
		.hub = {.url = fixture->server.url,
			.prefix = "test",
			.max_bytes = 1 << 30},
	};
	*machine = (struct machine){.loop = fixture->loop};
	machine->broker = broker_redis_create(fixture->loop, &conf, error);
	cr_assert_not_null(machine->broker, "%s", error);
	machine->broker->handler = &handler;
	machine->broker->arg = machine;
}

static void stop_machine(struct machine *machine)
{
	if (machine->broker)
		machine->broker->methods->destroy(machine->broker);
	machine->broker = NULL;
	buf_finish(&machine->story);
}

static void fixture_start(struct fixture *fixture)
{
	(void)signal(SIGPIPE, SIG_IGN);
	redis_server_start(&fixture->server, NULL);
	fixture->loop = loop_create();
	cr_assert_not_null(fixture->loop);
	loop_timer_init(&fixture->deadline, fixture->loop, on_deadline, NULL);
	loop_timer_set(&fixture->deadline, now_ms() + DEADLINE_MS);
	for (size_t i = 0; i < MACHINES; i++) {
		start_machine(fixture, &fixture->machines[i]);
		RUN_UNTIL(fixture, fixture->machines[i].is_ready);
	}
}

static void fixture_finish(struct fixture *fixture)
{
	for (size_t i = 0; i < MACHINES; i++)
		stop_machine(&fixture->machines[i]);
	loop_timer_finish(&fixture->deadline);
	loop_destroy(fixture->loop);
	redis_server_finish(&fixture->server);
}

static void publish_options(
	struct machine *machine, const char *payload, struct publication_options *options)
{
	struct message_parts parts = {
		.kind = MESSAGE_DATA,
		.channel = STR("c"),
		.payload = str_from(payload),
		.key = STR("key"),
		.content_type = STR("text/plain"),
	};
	struct message *message = message_create(&parts);
	cr_assert_not_null(message);
	options->messages = &message;
	options->count = 1;
	if (options->history.messages == 0)
		options->history = usual;
	machine->broker->methods->publish(
		machine->broker, options, on_published, machine);
	message_unref(message);
}

static void publish(struct machine *machine, const char *payload)
{
	struct publication_options options = {0};
	publish_options(machine, payload, &options);
}

static void publish_and_wait(
	struct fixture *fixture, struct machine *machine, const char *payload)
{
	size_t before = machine->answered;
	publish(machine, payload);
	RUN_UNTIL(fixture, machine->answered > before);
	cr_assert_eq(machine->result, PUBLICATION_DONE);
}

static void join(struct fixture *fixture, struct machine *machine)
{
	size_t before = machine->histories;
	machine->broker->methods->join(machine->broker, STR("c"), &usual, 0);
	RUN_UNTIL(fixture, machine->histories > before);
}

static void part(struct machine *machine)
{
	machine->broker->methods->part(machine->broker, STR("c"));
	machine->newest = 0;
}

static void expect_story(struct machine *machine, const char *expected)
{
	cr_expect(str_equal(buf_str(&machine->story), str_from(expected)), "%.*s, not %s",
		STR_ARG(buf_str(&machine->story)), expected);
	buf_clear(&machine->story);
}

static void run_script(struct fixture *fixture, const char *script)
{
	redisContext *context = redisConnectUnix(fixture->server.parsed.host.data);
	cr_assert(context && context->err == 0);
	redisReply *reply = redisCommand(context, "EVAL %s 0", script);
	cr_assert_not_null(reply);
	cr_expect_neq(reply->type, REDIS_REPLY_ERROR, "%s", reply->str);
	freeReplyObject(reply);
	redisFree(context);
}

Test(broker_redis, tells_all_machines_in_order)
{
	struct fixture fixture;
	fixture_start(&fixture);
	struct machine *a = &fixture.machines[0], *b = &fixture.machines[1];
	join(&fixture, a);
	join(&fixture, b);
	publish(a, "1");
	publish(a, "2");
	publish_and_wait(&fixture, b, "3");
	RUN_UNTIL(&fixture, a->told == 3 && b->told == 3);
	cr_expect_eq(a->newest, b->newest);
	part(b);
	publish_and_wait(&fixture, b, "4");
	publish_and_wait(&fixture, a, "5");
	RUN_UNTIL(&fixture, a->told == 5);
	cr_expect_eq(a->newest, a->receipt.id);
	cr_expect_eq(b->told, 3);
	fixture_finish(&fixture);
}

Test(broker_redis, tells_who_joins_what_is_remembered)
{
	struct fixture fixture;
	fixture_start(&fixture);
	struct machine *a = &fixture.machines[0], *b = &fixture.machines[1];
	publish_and_wait(&fixture, a, "1");
	uint64_t first = a->receipt.id;
	publish_and_wait(&fixture, a, "2");
	join(&fixture, b);
	expect_story(b, "| 1 2 ");
	cr_expect_lt(b->floor, first, "nothing is missing before the first");
	part(b);
	join(&fixture, b);
	expect_story(b, "| 1 2 ");
	part(b);

	struct publication_options options = {.history = usual};
	b->broker->methods->join(b->broker, STR("c"), &usual, first);
	RUN_UNTIL(&fixture, b->histories == 3);
	expect_story(b, "| 2 ");
	part(b);

	// The most that anybody asked for is remembered.
	options.history.messages = 1;
	publish_options(a, "3", &options);
	RUN_UNTIL(&fixture, a->answered == 3);
	join(&fixture, b);
	expect_story(b, "| 1 2 3 ");
	fixture_finish(&fixture);
}

Test(broker_redis, forgets_what_is_beyond_its_limits)
{
	struct fixture fixture;
	fixture_start(&fixture);
	struct machine *a = &fixture.machines[0], *b = &fixture.machines[1];
	struct conf_history few = {.messages = 2, .age_ms = 1000, .bytes = 1 << 20};
	struct publication_options options = {.history = few};
	uint64_t ids[4];
	for (size_t i = 0; i < 4; i++) {
		publish_options(a, (const char *[]){"1", "2", "3", "4"}[i], &options);
		RUN_UNTIL(&fixture, a->answered == i + 1);
		ids[i] = a->receipt.id;
	}
	b->broker->methods->join(b->broker, STR("c"), &few, 0);
	RUN_UNTIL(&fixture, b->histories == 1);
	expect_story(b, "| 3 4 ");
	cr_expect_eq(b->floor, ids[1]);
	part(b);

	// All of it is too old at once.
	run_script(&fixture, "redis.call('DEL', 'test:h:c')");
	b->broker->methods->join(b->broker, STR("c"), &few, 0);
	RUN_UNTIL(&fixture, b->histories == 2);
	expect_story(b, "| ");
	cr_expect_eq(b->floor, ids[3]);
	fixture_finish(&fixture);
}

Test(broker_redis, keeps_no_names_of_channels_that_nobody_published_in)
{
	struct fixture fixture;
	fixture_start(&fixture);
	struct machine *a = &fixture.machines[0], *b = &fixture.machines[1];
	struct conf_history few = {.messages = 1, .age_ms = 60000, .bytes = 1 << 20};
	struct publication_options options = {.history = few};
	join(&fixture, a);
	run_script(&fixture, "assert(#redis.call('KEYS', 'test:*:c') == 0)");

	// What its subscribers ask for counts all the same.
	publish_options(a, "1", &options);
	publish_options(a, "2", &options);
	RUN_UNTIL(&fixture, a->answered == 2);
	join(&fixture, b);
	expect_story(b, "| 1 2 ");
	fixture_finish(&fixture);
}

// Who comes just before its channel is joined, and before Redis is asked for the first
// time.
Test(broker_redis, has_no_gap_where_redis_begins_with_the_first_subscriber)
{
	struct fixture fixture;
	char script[128];
	fixture_start(&fixture);
	uint64_t entered = now_calendar_us();
	(void)snprintf(script, sizeof(script),
		"redis.call('HSET', 'test:ids', 'since', '%llu')",
		(unsigned long long)entered + 1);
	run_script(&fixture, script);
	join(&fixture, &fixture.machines[0]);
	cr_expect_leq(fixture.machines[0].floor, entered);
	fixture_finish(&fixture);
}

Test(broker_redis, publishes_a_claim_once)
{
	struct fixture fixture;
	fixture_start(&fixture);
	struct machine *a = &fixture.machines[0], *b = &fixture.machines[1];
	struct publication_options options = {
		.claim = STR("delivery 1"), .claim_ms = 60000};
	publish_options(a, "1", &options);
	RUN_UNTIL(&fixture, a->answered == 1);
	cr_expect_eq(a->result, PUBLICATION_DONE);
	publish_options(b, "1", &options);
	RUN_UNTIL(&fixture, b->answered == 1);
	cr_expect_eq(b->result, PUBLICATION_DUPLICATE);
	join(&fixture, b);
	expect_story(b, "| 1 ");
	fixture_finish(&fixture);
}

// Publishes numbers on both machines while Redis is killed and started again.
static void publish_through_a_crash(struct fixture *fixture, size_t rounds)
{
	struct machine *a = &fixture->machines[0], *b = &fixture->machines[1];
	char payload[32];
	for (size_t round = 0; round < rounds; round++) {
		for (int i = 0; i < 50; i++) {
			(void)snprintf(payload, sizeof(payload), "%zu.%d", round, i);
			publish(i % 2 ? a : b, payload);
			if (i % 10 == 5)
				(void)event_base_loop(loop_base(fixture->loop),
					EVLOOP_ONCE | EVLOOP_NONBLOCK);
			if (i == 25)
				redis_server_kill(&fixture->server);
		}
		size_t ready = a->ready_count + b->ready_count;
		redis_server_restart(&fixture->server);
		RUN_UNTIL(fixture, a->ready_count + b->ready_count >= ready + 2 &&
					   a->is_ready && b->is_ready);
	}
}

// Each exactly once, in the same order for both.
static void expect_numbers(struct fixture *fixture, size_t rounds)
{
	struct machine *a = &fixture->machines[0], *b = &fixture->machines[1];
	RUN_UNTIL(fixture, a->answered == rounds * 25 && b->answered == rounds * 25);
	RUN_UNTIL(fixture, a->told >= rounds * 50 && b->told >= rounds * 50);
	cr_expect_eq(a->told, rounds * 50);
	cr_expect_eq(b->told, rounds * 50);
	cr_expect(str_equal(buf_str(&a->story), buf_str(&b->story)), "%.*s\n%.*s",
		STR_ARG(buf_str(&a->story)), STR_ARG(buf_str(&b->story)));
}

Test(broker_redis, loses_and_doubles_nothing_when_redis_crashes)
{
	enum {
		ROUNDS = 5
	};
	struct fixture fixture;
	fixture_start(&fixture);
	join(&fixture, &fixture.machines[0]);
	join(&fixture, &fixture.machines[1]);
	publish_through_a_crash(&fixture, ROUNDS);
	expect_numbers(&fixture, ROUNDS);
	cr_expect_eq(fixture.machines[0].histories, 1, "no gap");
	fixture_finish(&fixture);
}

Test(broker_redis, tells_of_a_gap_when_redis_has_lost_its_data)
{
	struct fixture fixture;
	fixture_start(&fixture);
	struct machine *a = &fixture.machines[0], *b = &fixture.machines[1];
	join(&fixture, a);
	publish_and_wait(&fixture, b, "1");
	RUN_UNTIL(&fixture, a->told == 1);
	uint64_t before = a->newest;

	redis_server_kill(&fixture.server);
	RUN_UNTIL(&fixture, !a->is_ready && !b->is_ready);
	char command[96];
	(void)snprintf(command, sizeof(command), "rm -r %s/appendonlydir",
		fixture.server.folder);
	cr_assert_eq(system(command), 0);
	redis_server_restart(&fixture.server);
	RUN_UNTIL(&fixture, a->histories == 2 && b->is_ready);
	cr_expect_geq(a->floor, before);
	publish_and_wait(&fixture, b, "2");
	RUN_UNTIL(&fixture, a->told == 2);
	expect_story(a, "| 1 | 2 ");
	fixture_finish(&fixture);
}

Test(broker_redis, goes_on_without_redis_where_that_is_allowed)
{
	struct fixture fixture;
	fixture_start(&fixture);
	struct machine *a = &fixture.machines[0], *b = &fixture.machines[1];
	struct publication_options local = {.is_local_allowed = true};
	join(&fixture, a);
	publish_and_wait(&fixture, b, "1");
	RUN_UNTIL(&fixture, a->told == 1);
	redis_server_kill(&fixture.server);
	RUN_UNTIL(&fixture, !a->is_ready && !b->is_ready);

	publish_options(a, "2", &local);
	cr_expect_eq(a->told, 2, "at once");
	publish(a, "waits");
	RUN_UNTIL(&fixture, a->answered == 2);
	cr_expect_eq(a->result, PUBLICATION_AWAY);
	publish(a, "fails");
	cr_expect_eq(a->answered, 3, "at once");
	cr_expect_eq(a->result, PUBLICATION_AWAY);

	// So does a channel that is joined now.
	b->broker->methods->join(b->broker, STR("c"), &usual, 0);
	RUN_UNTIL(&fixture, b->histories == 1);
	publish_options(b, "3", &local);
	cr_expect_eq(b->told, 1);

	redis_server_restart(&fixture.server);
	RUN_UNTIL(&fixture, a->is_ready && b->is_ready);
	publish_and_wait(&fixture, b, "4");
	RUN_UNTIL(&fixture, a->told == 3 && b->told == 2);
	expect_story(a, "| 1 2 4 ");
	expect_story(b, "| 3 4 ");
	fixture_finish(&fixture);
}

Test(broker_redis, counts_and_names_the_subscribers_of_all_machines)
{
	struct fixture fixture;
	fixture_start(&fixture);
	struct machine *a = &fixture.machines[0], *b = &fixture.machines[1];
	join(&fixture, a);
	join(&fixture, b);
	a->broker->methods->enter(a->broker, STR("c"), STR("ann"), CONF_PRESENCE_LIST, 1);
	RUN_UNTIL(&fixture, a->told == 1);
	expect_story(a, "| {\"count\":1,\"members\":[\"ann\"],\"joined\":[\"ann\"]} ");
	b->broker->methods->enter(b->broker, STR("c"), STR("bob"), CONF_PRESENCE_LIST, 1);
	RUN_UNTIL(&fixture, a->told == 2 && b->told >= 1);
	publish_and_wait(&fixture, a, "1");
	cr_expect_eq(a->receipt.subscribers, 1); // on the other machine
	RUN_UNTIL(&fixture, a->told == 3);
	cr_expect_not_null(memmem(a->story.data, a->story.length, "\"count\":2", 9),
		"%.*s", STR_ARG(a->story));
	cr_expect_not_null(
		memmem(a->story.data, a->story.length, "\"joined\":[\"bob\"]", 16),
		"%.*s", STR_ARG(a->story));

	// The machine ends: nobody is there any more, and that needs no long silence.
	uint64_t ended_ms = now_ms();
	buf_clear(&a->story);
	stop_machine(b);
	RUN_UNTIL(&fixture, a->told == 4);
	cr_expect_lt(now_ms() - ended_ms, 15 * 1000);
	expect_story(a, "{\"count\":1,\"members\":[\"ann\"],\"left\":[\"bob\"]} ");
	a->broker->methods->leave(a->broker, STR("c"), STR("ann"), CONF_PRESENCE_LIST, 0);
	part(a);
	publish_and_wait(&fixture, a, "2");
	fixture_finish(&fixture);
}
