// SPDX-License-Identifier: MIT
// An exchange waits for a place on a server, and for nothing longer than it may.
#include <criterion/criterion.h>

#include "exchange_fixture.h"

static const struct scripted_backend_step ANSWER = {
	.answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"};

// One server with a place for one, which somebody has.
struct full {
	struct exchange_fixture fixture;
	struct wait_queue *queue;
	struct upstream_server *server;
};

static void start(struct full *full, uint64_t size, uint64_t timeout_ms)
{
	exchange_fixture_start(&full->fixture, 1);
	exchange_fixture_add(&full->fixture, &ANSWER, 1);
	struct upstream *upstream = &full->fixture.servers.set->upstreams[0];
	struct conf_upstream *conf = (struct conf_upstream *)upstream->conf;
	struct conf_server *server = (struct conf_server *)upstream->members[0].conf;
	conf->queue = (struct conf_queue){size, timeout_ms};
	server->max_connections = 1;
	full->queue = upstream->queue = wait_queue_create();
	cr_assert_not_null(full->queue);
	full->server = upstream->members[0].server;
	full->server->queue = wait_queue_ref(full->queue);
	full->server->active = 1;
}

static uint64_t waiting(const struct full *full)
{
	return loop_counters(full->fixture.loop)->backend_waiting;
}

static void finish(struct full *full)
{
	cr_expect_eq(waiting(full), 0);
	cr_expect_not(wait_queue_is_busy(full->queue));
	exchange_fixture_finish(&full->fixture);
	wait_queue_unref(full->queue);
}

Test(exchange_wait, goes_on_when_a_place_is_given_back)
{
	struct full full;
	start(&full, 1, 60000);
	exchange_fixture_begin(&full.fixture);
	exchange_fixture_wait(&full.fixture, 20);
	exchange_fixture_expect_story(&full.fixture, "");
	cr_expect_eq(waiting(&full), 1);
	cr_expect_eq(full.fixture.head_count, 0);
	cr_expect_not(exchange_is_writable(&full.fixture.exchange));
	upstream_release(full.server);
	exchange_fixture_run(&full.fixture);
	exchange_fixture_expect_story(&full.fixture, "(200)ok;");
	finish(&full);
}

Test(exchange_wait, fails_when_it_has_waited_too_long)
{
	struct full full;
	start(&full, 1, 30);
	exchange_fixture_expect(&full.fixture, "!full");
	upstream_release(full.server);
	finish(&full);
}

Test(exchange_wait, fails_at_once_when_too_many_wait)
{
	struct full full;
	enum exchange_failure failure;
	start(&full, 0, 60000);
	cr_expect_not(
		exchange_start(&full.fixture.exchange, &full.fixture.request, &failure));
	cr_expect_eq(failure, EXCHANGE_FULL);
	upstream_release(full.server);
	finish(&full);
}

Test(exchange_wait, leaves_the_line_when_it_is_finished)
{
	struct full full;
	start(&full, 1, 60000);
	exchange_fixture_begin(&full.fixture);
	exchange_finish(&full.fixture.exchange);
	upstream_release(full.server);
	exchange_fixture_wait(&full.fixture, 10);
	exchange_fixture_expect_story(&full.fixture, "");
	finish(&full);
}

Test(exchange_wait, tries_again_after_a_false_alarm)
{
	struct full full;
	start(&full, 1, 60000);
	exchange_fixture_begin(&full.fixture);
	exchange_fixture_wait(&full.fixture, 10);
	for (size_t i = 0; i < 3; i++) {
		wait_queue_wake(full.queue);
		exchange_fixture_wait(&full.fixture, 10);
	}
	cr_expect_eq(waiting(&full), 1);
	upstream_release(full.server);
	exchange_fixture_run(&full.fixture);
	exchange_fixture_expect_story(&full.fixture, "(200)ok;");
	finish(&full);
}
