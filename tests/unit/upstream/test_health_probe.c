// SPDX-License-Identifier: MIT
// Checks on the wire against scripted servers: what passes, and what is said of the rest.
// Good WebSockets need a peer that can count: see the integration tests.
#include "wherry/upstream/health_probe.h"

#include <stdio.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "conf_text.h"
#include "scripted_backend.h"
#include "wherry/base/now.h"

enum {
	DEADLINE_MS = 10 * 1000
};

#define HANDSHAKE                                                                        \
	"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "         \
	"Upgrade\r\n"

static const struct {
	const char *check; // as it is configured
	struct scripted_backend_step step;
	const char *reason; // NULL: it passes
} rows[] = {
	{"{}", {.answer = ""}, NULL},
	{"{ type: http }", {.answer = "HTTP/1.1 200 OK\r\n\r\n"}, NULL},
	{"{ type: http }", {.answer = "HTTP/1.1 302 Found\r\n\r\n", .piece = 1}, NULL},
	{"{ type: http }", {.answer = "HTTP/1.1 503 No\r\n\r\n"},
		"expected status 200-399, found 503"},
	{"{ type: http, status: [200, 404] }", {.answer = "HTTP/1.1 404 No\r\n\r\n"},
		NULL},
	{"{ type: http, status: [200, 404] }", {.answer = "HTTP/1.1 204 No\r\n\r\n"},
		"expected status 200, 404, found 204"},
	{"{ type: http }",
		{.answer = "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"},
		NULL},
	{"{ type: http }", {.answer = HANDSHAKE "\r\n"},
		"expected status 200-399, found 101"},
	{"{ type: http }", {.answer = "", .then = SCRIPTED_BACKEND_CLOSE},
		"expected an answer, found the end of the connection"},
	{"{ type: http }", {.answer = "", .then = SCRIPTED_BACKEND_RESET},
		"expected an answer, found Connection reset by peer"},
	{"{ type: http, timeout: 50ms }", {.answer = ""},
		"expected an answer, found none within 50ms"},
	{"{ type: http, interval: 100ms }", {.answer = ""},
		"expected an answer, found none within 100ms"},
	{"{ type: http, method: HEAD }",
		{.after = "HEAD / HTTP/1.1\r\nHost: app.internal:81\r\n"
			  "User-Agent: wherry\r\nConnection: close\r\n\r\n",
			.answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"},
		NULL},
	{"{ type: http, method: POST, path: /up?deep=1, host: other }",
		{.after = "POST /up?deep=1 HTTP/1.1\r\nHost: other\r\n"
			  "User-Agent: wherry\r\nConnection: close\r\n"
			  "Content-Length: 0\r\n\r\n",
			.answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"},
		NULL},
	{"{ type: http, body: '\"ok\"' }",
		{.answer = "HTTP/1.1 200 OK\r\nContent-Length: "
			   "15\r\n\r\n{\"state\":\"ok\"}",
			.piece = 1},
		NULL},
	{"{ type: http, body: ready }",
		{.answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
			   "3\r\nrea\r\n2\r\ndy\r\n"},
		NULL},
	{"{ type: http, body: ready }",
		{.answer = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nread"},
		"expected ready, found none in the answer"},
	{"{ type: http, body: ready }", {.answer = "HTTP/1.1 204 No\r\n\r\n"},
		"expected ready, found none in the answer"},
	{"{ type: http, body: ready }",
		{.answer = "HTTP/1.1 200 OK\r\n\r\nread", .then = SCRIPTED_BACKEND_CLOSE},
		"expected ready, found none in the answer"},
	{"{ type: http, body: ready }",
		{.answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nread",
			.then = SCRIPTED_BACKEND_CLOSE},
		"expected the end of the answer, found the end of the connection"},
	{"{ type: websocket }", {.answer = "HTTP/1.1 503 No\r\n\r\n"},
		"expected status 101, found 503"},
	{"{ type: websocket }", {.answer = "HTTP/1.1 200 OK\r\n\r\n"},
		"expected status 101, found 200"},
	{"{ type: websocket }", {.answer = HANDSHAKE "\r\n"},
		"expected a WebSocket handshake, found 101 without the right "
		"Sec-WebSocket-Accept"},
};

struct fixture {
	struct loop *loop;
	struct conf *conf;
	struct addr address;
	struct health_probe *probe;
	enum health_probe_result result;
	char reason[256];
	bool is_done;
};

static void on_done(void *arg, enum health_probe_result result, const char *reason)
{
	struct fixture *fixture = arg;

	cr_expect_not(fixture->is_done);
	fixture->is_done = true;
	fixture->result = result;
	(void)snprintf(fixture->reason, sizeof(fixture->reason), "%s", reason);
	health_probe_destroy(fixture->probe);
	fixture->probe = NULL;
	loop_stop(fixture->loop);
}

static void on_deadline(void *arg)
{
	cr_assert_fail("nothing happened in time");
}

static void fixture_load(struct fixture *fixture, const char *check)
{
	char text[512];

	(void)snprintf(text, sizeof(text),
		"listeners: [{ address: 127.0.0.1:0 }]\n"
		"routes: [{ to: app }]\n"
		"upstreams:\n"
		"  app:\n"
		"    servers: ['http://app.internal:81']\n"
		"    health_check: %s\n",
		check);
	*fixture = (struct fixture){.loop = loop_create(), .conf = conf_text_load(text)};
	cr_assert_not_null(fixture->loop);
}

static void fixture_start(struct fixture *fixture)
{
	const struct conf_upstream *group = &fixture->conf->upstreams[0];
	struct health_probe_options options = {
		.check = &group->health_check,
		.address = &fixture->address,
		.url = &group->servers[0].url,
		.proxy_header = group->proxy_header,
	};

	fixture->probe = health_probe_start(fixture->loop, &options, on_done, fixture);
	cr_assert_not_null(fixture->probe);
	cr_expect_not(fixture->is_done);
}

static void fixture_run(struct fixture *fixture)
{
	struct loop_timer deadline;

	fixture_start(fixture);
	loop_timer_init(&deadline, fixture->loop, on_deadline, NULL);
	loop_timer_set(&deadline, now_ms() + DEADLINE_MS);
	cr_assert(loop_run(fixture->loop));
	loop_timer_finish(&deadline);
	cr_assert(fixture->is_done);
}

static void fixture_finish(struct fixture *fixture)
{
	conf_unref(fixture->conf);
	loop_destroy(fixture->loop);
}

Test(health_probe, judges_what_servers_say)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct scripted_backend backend;
		struct fixture fixture;

		fixture_load(&fixture, rows[i].check);
		scripted_backend_start(&backend, fixture.loop, &rows[i].step, 1);
		fixture.address = backend.address;
		fixture_run(&fixture);
		cr_expect_eq(fixture.result,
			rows[i].reason ? HEALTH_PROBE_FAILED : HEALTH_PROBE_PASSED,
			"row %zu: %s", i, fixture.reason);
		cr_expect_str_eq(fixture.reason, rows[i].reason ? rows[i].reason : "",
			"row %zu", i);
		scripted_backend_finish(&backend);
		fixture_finish(&fixture);
	}
}

Test(health_probe, fails_where_nobody_listens)
{
	static const char *const addresses[] = {
		"127.0.0.1:1", "unix:/nonexistent/socket"};
	static const char *const reasons[] = {
		"expected a connection, found Connection refused",
		"expected a connection, found No such file or directory"};

	for (size_t i = 0; i < 2; i++) {
		struct fixture fixture;

		fixture_load(&fixture, "{}");
		cr_assert(addr_parse(str_from(addresses[i]), &fixture.address));
		fixture_run(&fixture);
		cr_expect_eq(fixture.result, HEALTH_PROBE_FAILED);
		cr_expect_str_eq(fixture.reason, reasons[i]);
		fixture_finish(&fixture);
	}
}

Test(health_probe, may_be_given_up_at_any_time)
{
	struct scripted_backend backend;
	struct fixture fixture;

	fixture_load(&fixture, "{ type: http }");
	scripted_backend_start(&backend, fixture.loop, NULL, 0);
	fixture.address = backend.address;
	fixture_start(&fixture);
	health_probe_destroy(fixture.probe); // under way
	cr_assert(addr_parse(STR("unix:/nonexistent/socket"), &fixture.address));
	fixture_start(&fixture);
	health_probe_destroy(fixture.probe); // over, but not told yet
	loop_settle(fixture.loop);
	cr_expect_not(fixture.is_done);
	health_probe_destroy(NULL);
	scripted_backend_finish(&backend);
	fixture_finish(&fixture);
}
