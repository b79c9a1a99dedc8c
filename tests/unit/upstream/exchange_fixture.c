// SPDX-License-Identifier: MIT
// The exchange's fixture; see the header.
#include "exchange_fixture.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "conf_text.h"
#include "wherry/base/now.h"

enum {
	DEADLINE_MS = 10 * 1000,
	PATIENT_MS = 5 * 1000, // a timeout that is not the test's subject
};

static const char *const FAILURES[] = {
	[EXCHANGE_REFUSED] = "!refused",
	[EXCHANGE_UNRESOLVED] = "!unresolved",
	[EXCHANGE_FULL] = "!full",
	[EXCHANGE_TLS] = "!tls",
	[EXCHANGE_CONNECT_TIMEOUT] = "!connect_timeout",
	[EXCHANGE_RESPONSE_TIMEOUT] = "!response_timeout",
	[EXCHANGE_IDLE_TIMEOUT] = "!idle_timeout",
	[EXCHANGE_STALL] = "!stall",
	[EXCHANGE_LOST] = "!lost",
	[EXCHANGE_BAD] = "!bad",
	[EXCHANGE_MEMORY] = "!memory",
};

static void on_writable(void *arg)
{
	struct exchange_fixture *fixture = arg;

	fixture->writable_count++;
	if (!fixture->request.has_body || !fixture->body)
		return;
	cr_expect(exchange_is_writable(&fixture->exchange));
	exchange_write(&fixture->exchange, fixture->body, strlen(fixture->body));
	fixture->body = NULL;
	if (!fixture->keeps_body)
		exchange_end_request(&fixture->exchange);
}

static void end(struct exchange_fixture *fixture)
{
	exchange_finish(&fixture->exchange);
	exchange_finish(&fixture->exchange); // twice is allowed
	loop_stop(fixture->loop);
}

static void on_head(struct exchange_fixture *fixture, const struct http_message *head)
{
	buf_printf(&fixture->story, "(%u)", head->status);
	if (head->status != 101 || !fixture->takes_stream)
		return;
	fixture->taken = exchange_take_stream(&fixture->exchange, &fixture->taken_server);
	loop_stop(fixture->loop);
}

static void on_readable(void *arg)
{
	struct exchange_fixture *fixture = arg;
	struct http_message head;

	while (!fixture->taken) {
		switch (exchange_next(&fixture->exchange, &head)) {
		case HTTP_READER_MORE:
		case HTTP_READER_BAD:
			return;
		case HTTP_READER_HEAD:
			on_head(fixture, &head);
			break;
		case HTTP_READER_BODY:
			buf_append_str(&fixture->story, fixture->exchange.reader.body);
			if (fixture->pauses) {
				exchange_pause(&fixture->exchange);
				loop_stop(fixture->loop);
			}
			break;
		case HTTP_READER_END:
			buf_append_str(&fixture->story, STR(";"));
			end(fixture);
			return;
		}
	}
}

static void on_fail(void *arg, enum exchange_failure failure)
{
	struct exchange_fixture *fixture = arg;

	buf_append_str(&fixture->story, str_from(FAILURES[failure]));
	end(fixture);
}

static const struct exchange_handler HANDLER = {
	.on_writable = on_writable, .on_readable = on_readable, .on_fail = on_fail};

static void write_head(void *arg, const struct upstream_server *server, struct buf *head)
{
	struct exchange_fixture *fixture = arg;

	fixture->head_count++;
	buf_printf(head, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", server->text);
}

static void on_deadline(void *arg)
{
	cr_assert_fail("nothing happened in time");
}

static void adopt(struct exchange_fixture *fixture)
{
	pool_adopt(fixture->pool, fixture->servers.set);
	fixture->request.upstream = &fixture->servers.set->upstreams[0];
}

void exchange_fixture_start(struct exchange_fixture *fixture, size_t server_count)
{
	struct conf *conf = conf_text_load(
		server_count == 1
			? "listeners: [{ address: 127.0.0.1:0 }]\n"
			  "routes: [{ to: app }]\n"
			  "upstreams: { app: { servers: [http://a:1] } }\n"
			: "listeners: [{ address: 127.0.0.1:0 }]\n"
			  "routes: [{ to: app }]\n"
			  "upstreams: { app: { servers: [http://a:1, http://b:2] } }\n");

	(void)signal(SIGPIPE, SIG_IGN); // as main does
	*fixture = (struct exchange_fixture){.loop = loop_create()};
	cr_assert_not_null(fixture->loop);
	server_set_start(&fixture->servers, conf);
	fixture->pool = pool_create(fixture->loop);
	cr_assert_not_null(fixture->pool);
	adopt(fixture);
	exchange_init(&fixture->exchange, fixture->pool, fixture->loop, &HANDLER,
		write_head, fixture);
	fixture->request = (struct exchange_request){
		.upstream = &fixture->servers.set->upstreams[0],
		.may_reuse = true,
		.body_kind = HTTP_BODY_NONE,
		.connect_timeout_ms = PATIENT_MS,
		.response_timeout_ms = PATIENT_MS,
		.idle_timeout_ms = PATIENT_MS,
		.limits = HTTP_SCAN_LIMITS_DEFAULT,
	};
	loop_timer_init(&fixture->deadline, fixture->loop, on_deadline, NULL);
	loop_timer_set(&fixture->deadline, now_ms() + DEADLINE_MS);
}

void exchange_fixture_finish(struct exchange_fixture *fixture)
{
	exchange_finish(&fixture->exchange);
	loop_timer_finish(&fixture->exchange.timer);
	stream_destroy(fixture->taken);
	if (fixture->taken_server)
		upstream_release(fixture->taken_server);
	for (size_t i = 0; i < fixture->servers.set->upstreams[0].member_count; i++)
		cr_expect_eq(server_set_get(&fixture->servers, 0, i)->active, 0,
			"a reservation stands");
	cr_expect_eq(loop_counters(fixture->loop)->backend_connections, 0);
	for (size_t i = 0; i < fixture->backend_count; i++)
		scripted_backend_finish(&fixture->backends[i]);
	pool_destroy(fixture->pool);
	server_set_finish(&fixture->servers);
	loop_timer_finish(&fixture->deadline);
	loop_destroy(fixture->loop);
	buf_finish(&fixture->story);
}

void exchange_fixture_add(struct exchange_fixture *fixture,
	const struct scripted_backend_step *steps, size_t step_count)
{
	size_t index = fixture->backend_count++;
	struct scripted_backend *backend = &fixture->backends[index];

	scripted_backend_start(backend, fixture->loop, steps, step_count);
	server_set_place(&fixture->servers, index == 0 ? STR("a") : STR("b"),
		(uint16_t)(index + 1), &backend->address, 1);
	adopt(fixture);
}

void exchange_fixture_add_refusing(struct exchange_fixture *fixture)
{
	exchange_fixture_add(fixture, NULL, 0);
	struct scripted_backend *backend = &fixture->backends[fixture->backend_count - 1];
	// Bound still, so that nobody else gets the port.
	(void)event_del(&backend->event);
	close(backend->socket);
	backend->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(setsockopt(backend->socket, SOL_SOCKET, SO_REUSEADDR, &(int){1},
			     sizeof(int)),
		0);
	cr_assert_eq(
		bind(backend->socket, &backend->address.any, backend->address.length), 0);
}

void exchange_fixture_begin(struct exchange_fixture *fixture)
{
	enum exchange_failure failure;

	cr_assert(exchange_start(&fixture->exchange, &fixture->request, &failure), "%s",
		FAILURES[failure]);
	cr_expect_eq(fixture->story.length, 0, "told before the start returned");
}

void exchange_fixture_run(struct exchange_fixture *fixture)
{
	cr_assert(loop_run(fixture->loop));
}

void exchange_fixture_expect_story(struct exchange_fixture *fixture, const char *story)
{
	cr_expect(str_equal(buf_str(&fixture->story), str_from(story)), "%.*s, not %s",
		STR_ARG(buf_str(&fixture->story)), story);
	buf_clear(&fixture->story);
}

void exchange_fixture_expect(struct exchange_fixture *fixture, const char *story)
{
	exchange_fixture_begin(fixture);
	exchange_fixture_run(fixture);
	exchange_fixture_expect_story(fixture, story);
}

static void stop(void *arg)
{
	loop_stop(arg);
}

void exchange_fixture_wait(struct exchange_fixture *fixture, uint64_t duration_ms)
{
	struct loop_timer timer;

	loop_timer_init(&timer, fixture->loop, stop, fixture->loop);
	loop_timer_set(&timer, now_ms() + duration_ms);
	cr_assert(loop_run(fixture->loop));
	loop_timer_finish(&timer);
}
