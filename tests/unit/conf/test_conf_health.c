// SPDX-License-Identifier: MIT
// What is known of servers that fail: defaults, all of it written, and comparing checks.
#include "wherry/conf/conf_health.h"

#include <stdio.h>

#include <criterion/criterion.h>

#include "wherry/conf/conf_load.h"

#define HEAD                                                                             \
	"listeners: [{ address: 127.0.0.1:0 }]\n"                                        \
	"routes: [{ to: app }]\n"                                                        \
	"upstreams:\n"                                                                   \
	"  app:\n"                                                                       \
	"    servers: [http://127.0.0.1:1]\n"

static struct conf *load(const char *text)
{
	struct conf_diag diag;
	conf_diag_init(&diag);
	struct conf *conf = conf_load_text("t", str_from(text), &diag);
	cr_assert_not_null(conf, "%.*s", STR_ARG(buf_str(&diag.text)));
	conf_diag_finish(&diag);
	return conf;
}

Test(conf_health, is_careful_without_a_word)
{
	struct conf *conf = load(HEAD);
	const struct conf_upstream *app = &conf->upstreams[0];
	cr_expect_not(app->has_health_check);
	cr_expect_eq(app->ejection.connect_errors, 1);
	cr_expect_eq(app->ejection.errors, 5);
	cr_expect_not(app->ejection.counts_5xx);
	cr_expect_not(app->ejection.counts_refusals);
	cr_expect_eq(app->ejection.latency_ms, CONF_OFF);
	cr_expect_eq(app->ejection.time_ms, 1000);
	cr_expect_eq(app->ejection.max_time_ms, 30000);
	cr_expect_eq(app->ejection.max_percent, 50);
	cr_expect_eq(app->retry.tries, 3);
	cr_expect_eq(app->retry.percent, 20);
	cr_expect_eq(app->retry.min, 10);
	cr_expect_eq(app->circuit.max_requests, CONF_OFF);
	cr_expect_eq(app->circuit.max_pending, CONF_OFF);
	cr_expect_eq(app->circuit.failures, CONF_OFF);
	cr_expect_eq(app->circuit.open_ms, 5000);
	conf_unref(conf);
}

Test(conf_health, takes_an_empty_check)
{
	struct conf *conf = load(HEAD "    health_check:\n");
	const struct conf_health_check *check = &conf->upstreams[0].health_check;
	cr_expect(conf->upstreams[0].has_health_check);
	cr_expect_eq(check->type, CONF_CHECK_TCP);
	cr_expect_str_eq(check->target, "/");
	cr_expect_str_eq(check->method, "GET");
	cr_expect(conf_statuses_has(&check->statuses, 200));
	cr_expect(conf_statuses_has(&check->statuses, 399));
	cr_expect_not(conf_statuses_has(&check->statuses, 400));
	cr_expect_null(check->body);
	cr_expect_null(check->host);
	cr_expect_eq(check->interval_ms, 5000);
	cr_expect_eq(check->timeout_ms, 2000);
	cr_expect_eq(check->fall, 3);
	cr_expect_eq(check->rise, 2);
	cr_expect_eq(check->jitter, 10);
	conf_unref(conf);
}

Test(conf_health, takes_all_of_a_check)
{
	struct conf *conf = load(
		HEAD "    health_check: { type: http, path: /up?deep=1, method: HEAD,\n"
		     "      status: [204, 300-302], body: '\"ok\"', host: 'app:81' }\n");
	const struct conf_health_check *check = &conf->upstreams[0].health_check;
	cr_expect_eq(check->type, CONF_CHECK_HTTP);
	cr_expect_str_eq(check->target, "/up?deep=1");
	cr_expect_str_eq(check->method, "HEAD");
	cr_expect(conf_statuses_has(&check->statuses, 204));
	cr_expect(conf_statuses_has(&check->statuses, 301));
	cr_expect_not(conf_statuses_has(&check->statuses, 200));
	cr_expect_str_eq(check->body, "\"ok\"");
	cr_expect_str_eq(check->host, "app:81");
	conf_unref(conf);
	conf = load(HEAD "    health_check: { type: websocket, subprotocol: chat.v1,\n"
			 "      send: hello, expect: welcome }\n");
	check = &conf->upstreams[0].health_check;
	cr_expect_eq(check->type, CONF_CHECK_WEBSOCKET);
	cr_expect_str_eq(check->subprotocol, "chat.v1");
	cr_expect_str_eq(check->send, "hello");
	cr_expect_str_eq(check->expect, "welcome");
	conf_unref(conf);
}

Test(conf_health, tells_whether_two_checks_are_the_same)
{
	static const struct {
		const char *a, *b;
		bool is_same;
	} rows[] = {
		{"{}", "{ type: tcp, interval: 5000ms }", true},
		{"{ type: http, body: ok }", "{ type: http, body: 'ok' }", true},
		{"{ type: http, status: 200-203 }",
			"{ type: http, status: [203, 200-202] }", true},
		{"{}", "{ type: http }", false},
		{"{}", "{ interval: 6s }", false},
		{"{}", "{ timeout: 1s }", false},
		{"{}", "{ fall: 1 }", false},
		{"{}", "{ rise: 1 }", false},
		{"{}", "{ jitter: 0 }", false},
		{"{ type: http }", "{ type: http, path: /x }", false},
		{"{ type: http }", "{ type: http, method: HEAD }", false},
		{"{ type: http }", "{ type: http, status: 200 }", false},
		{"{ type: http }", "{ type: http, body: ok }", false},
		{"{ type: http, body: ok }", "{ type: http }", false},
		{"{ type: http }", "{ type: http, host: a }", false},
		{"{ type: websocket }", "{ type: websocket, subprotocol: a }", false},
		{"{ type: websocket }", "{ type: websocket, send: a }", false},
		{"{ type: websocket }", "{ type: websocket, expect: a }", false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[2][512];
		(void)snprintf(text[0], sizeof(text[0]), HEAD "    health_check: %s\n",
			rows[i].a);
		(void)snprintf(text[1], sizeof(text[1]), HEAD "    health_check: %s\n",
			rows[i].b);
		struct conf *a = load(text[0]), *b = load(text[1]);
		cr_expect_eq(conf_health_check_is_same(&a->upstreams[0].health_check,
				     &b->upstreams[0].health_check),
			rows[i].is_same, "%s %s", rows[i].a, rows[i].b);
		conf_unref(a);
		conf_unref(b);
	}
}
