// SPDX-License-Identifier: MIT
// What is kept of a request leads to the route that the request took.
#include "wherry/proxy/request_facts.h"

#include <criterion/criterion.h>

#include "conf_text.h"
#include "http_head.h"
#include "wherry/proxy/route.h"

static const char CONF[] =
	"listeners: [{ address: 127.0.0.1:0 }]\n"
	"upstreams: { app: { servers: [http://127.0.0.1:9000] } }\n"
	"routes:\n"
	"  - { name: chat, match: { path: /ws/, subprotocol: chat.v2 }, to: app }\n"
	"  - { name: beta, match: { header: { X-Beta: \"1\" } }, to: app }\n"
	"  - { name: host, match: { host: a.example.com, header: { Host: \"*\" } },\n"
	"      to: app }\n"
	"  - { name: post, match: { path: /form, method: POST }, to: app }\n"
	"  - { name: rest, match: { path: / }, to: app }\n";

struct row {
	const char *name;
	const char *lines;  // a request
	const char *fields; // what is kept of its fields
	const char *route;
};

static const struct row ROWS[] = {
	{"nothing but the path", "GET /x?a=1 HTTP/1.1\nHost: x\nCookie: secret\n", "",
		"rest"},
	{"a subprotocol, not the token beside it",
		"GET /ws/1 HTTP/1.1\nHost: x\n"
		"Sec-WebSocket-Protocol: bearer, secret, chat.v2\n",
		"Sec-WebSocket-Protocol: chat.v2\r\n", "chat"},
	{"a field, in the client's spelling",
		"GET /ws/1 HTTP/1.1\nHost: x\nx-beta: 1\nX-Other: 2\n", "x-beta: 1\r\n",
		"beta"},
	{"the first of two fields", "GET / HTTP/1.1\nHost: x\nX-Beta: 2\nX-Beta: 1\n",
		"X-Beta: 2\r\n", "rest"},
	{"the host once", "GET / HTTP/1.1\nHost: a.example.com:8080\n", "", "host"},
	{"the method", "POST /form HTTP/1.1\nHost: x\n", "", "post"},
	{"a path in another spelling", "GET /%77s/../ws/1 HTTP/1.1\nHost: x\n", "",
		"rest"},
};

static struct request_facts facts_of(
	const struct http_message *message, const struct buf *fields)
{
	return (struct request_facts){
		message->method, message->host, message->target, buf_str(fields)};
}

static const char *route_of(const struct conf *conf, const struct http_message *message)
{
	struct route_choice choice;
	route_choose(conf, message, false, &choice);
	return choice.route ? choice.route->name : "";
}

Test(request_facts, lead_to_the_same_route)
{
	struct conf *conf = conf_text_load(CONF);
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		const struct row *row = &ROWS[i];
		struct http_head head;
		struct http_message message;
		struct buf fields = BUF_INIT, text = BUF_INIT;
		unsigned status;
		const char *error = "";
		http_head_read(&head, HTTP_REQUEST, row->lines);
		request_facts_write_fields(&fields, conf, &head.message);
		cr_expect(str_equal(buf_str(&fields), str_from(row->fields)), "%s: %.*s",
			row->name, STR_ARG(buf_str(&fields)));
		struct request_facts facts = facts_of(&head.message, &fields);
		cr_assert(request_facts_read(&facts, &text, &message, &status, &error),
			"%s: %s", row->name, error);
		cr_expect_str_eq(
			route_of(conf, &head.message), row->route, "%s", row->name);
		cr_expect_str_eq(route_of(conf, &message), row->route, "%s", row->name);
		buf_finish(&text);
		buf_finish(&fields);
	}
	conf_unref(conf);
}

struct bad_row {
	const char *name;
	struct request_facts facts;
	unsigned status;
};

static const struct bad_row BAD_ROWS[] = {
	{"no target", {STR("GET"), STR("x"), STR(""), STR("")}, 400},
	{"a space in the target", {STR("GET"), STR("x"), STR("/a b"), STR("")}, 400},
	{"an unknown method", {STR("FETCH"), STR("x"), STR("/"), STR("")}, 501},
	{"a bad host", {STR("GET"), STR("a b"), STR("/"), STR("")}, 400},
	{"a field without its end", {STR("GET"), STR("x"), STR("/"), STR("A: 1")}, 400},
	{"fields with the end of the head",
		{STR("GET"), STR("x"), STR("/"), STR("A: 1\r\n\r\nB: 1\r\n")}, 400},
};

Test(request_facts, are_refused_as_a_request_would_be)
{
	for (size_t i = 0; i < sizeof(BAD_ROWS) / sizeof(BAD_ROWS[0]); i++) {
		struct http_message message;
		struct buf text = BUF_INIT;
		unsigned status = 0;
		const char *error = NULL;
		cr_expect_not(request_facts_read(&BAD_ROWS[i].facts, &text, &message,
				      &status, &error),
			"%s", BAD_ROWS[i].name);
		cr_expect_eq(
			status, BAD_ROWS[i].status, "%s: %u", BAD_ROWS[i].name, status);
		cr_expect_not_null(error, "%s", BAD_ROWS[i].name);
		buf_finish(&text);
	}
}
