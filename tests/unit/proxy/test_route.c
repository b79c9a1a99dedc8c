// SPDX-License-Identifier: MIT
// Which route a request takes, and which target the backend gets.
#include "wherry/proxy/route.h"

#include <criterion/criterion.h>

#include "conf_text.h"
#include "http_head.h"

#define HEAD                                                                             \
	"listeners: [{ address: 127.0.0.1:0 }]\n"                                        \
	"upstreams: { app: { servers: [http://127.0.0.1:9000] } }\n"

static const char CONF[] = HEAD
	"routes:\n"
	"  - { name: chat, match: { host: chat.example.com, path: /ws/,\n"
	"      subprotocol: chat.v2 }, to: app }\n"
	"  - { name: beta, match: { header: { X-Beta: \"1\", X-Tester: \"*\" } },\n"
	"      to: app }\n"
	"  - { name: post, match: { path: /form, method: POST }, to: app }\n"
	"  - { name: form, match: { path: /form }, to: app }\n"
	"  - { name: deep, match: { host: \"*.a.example.com\" }, to: app }\n"
	"  - { name: wild, match: { host: \"*.example.com\", path: /w/ }, to: app }\n"
	"  - { name: v6, match: { host: \"[::1]\" }, to: app }\n"
	"  - { name: blank, match: { path: \"/a%20b\" }, to: app }\n"
	"  - { name: first, match: { path: /same/, header: { X: \"1\" } }, to: app }\n"
	"  - { name: second, match: { path: /same/too }, to: app }\n"
	"  - { name: dir, match: { path: /dir/ }, to: app }\n";

struct row {
	const char *name;
	const char *lines; // a request
	const char *route; // NULL: none
};

static const struct row ROWS[] = {
	{"exact path", "GET /form HTTP/1.1\nHost: x\n", "form"},
	{"exact path, with a query", "GET /form?a=/b HTTP/1.1\nHost: x\n", "form"},
	{"exact path, longer", "GET /forms HTTP/1.1\nHost: x\n", NULL},
	{"exact path, in another case", "GET /Form HTTP/1.1\nHost: x\n", NULL},
	{"exact path as a folder", "GET /form/ HTTP/1.1\nHost: x\n", NULL},
	{"prefix", "GET /dir/x/y HTTP/1.1\nHost: x\n", "dir"},
	{"prefix itself", "GET /dir/ HTTP/1.1\nHost: x\n", "dir"},
	{"prefix without its slash", "GET /dir HTTP/1.1\nHost: x\n", NULL},
	{"prefix, longer", "GET /direct HTTP/1.1\nHost: x\n", NULL},
	{"method", "POST /form HTTP/1.1\nHost: x\n", "post"},
	{"method in another case", "post /form HTTP/1.1\nHost: x\n", "form"},
	{"all headers", "GET /form HTTP/1.1\nHost: x\nx-beta: 1\nX-TESTER: anyone\n",
		"beta"},
	{"a header with an empty value",
		"GET /form HTTP/1.1\nHost: x\nX-Beta: 1\nX-Tester:\n", "beta"},
	{"one header missing", "GET /form HTTP/1.1\nHost: x\nX-Beta: 1\n", "form"},
	{"another value", "GET /form HTTP/1.1\nHost: x\nX-Beta: 10\nX-Tester: a\n",
		"form"},
	{"subprotocol",
		"GET /ws/1 HTTP/1.1\nHost: chat.example.com\n"
		"Sec-WebSocket-Protocol: chat.v1, chat.v2\n",
		"chat"},
	{"subprotocol in a second field",
		"GET /ws/1 HTTP/1.1\nHost: chat.example.com\n"
		"Sec-WebSocket-Protocol: a\nSec-WebSocket-Protocol: chat.v2\n",
		"chat"},
	{"subprotocol not offered",
		"GET /ws/1 HTTP/1.1\nHost: chat.example.com\n"
		"Sec-WebSocket-Protocol: chat.v22\n",
		NULL},
	{"host in another case, with a port",
		"GET /ws/1 HTTP/1.1\nHost: CHAT.Example.COM:8080\n"
		"Sec-WebSocket-Protocol: chat.v2\n",
		"chat"},
	{"wildcard host", "GET /w/ HTTP/1.1\nHost: www.example.com\n", "wild"},
	{"wildcard host, two labels", "GET /w/ HTTP/1.1\nHost: a.b.example.com\n",
		"wild"},
	{"wildcard host, the longer one first",
		"GET /w/ HTTP/1.1\nHost: x.a.example.com:1\n", "deep"},
	{"wildcard host with the root's dot",
		"GET /w/ HTTP/1.1\nHost: www.example.com.\n", "wild"},
	{"host with the root's dot and a port",
		"GET /ws/ HTTP/1.1\nHost: chat.example.com.:80\n"
		"Sec-WebSocket-Protocol: chat.v2\n",
		"chat"},
	{"wildcard host without label", "GET /w/ HTTP/1.1\nHost: example.com\n", NULL},
	{"wildcard host, another name", "GET /w/ HTTP/1.1\nHost: badexample.com\n", NULL},
	{"wildcard host as a prefix",
		"GET /w/ HTTP/1.1\nHost: www.example.com.evil.test\n", NULL},
	{"IPv6 host", "GET / HTTP/1.1\nHost: [::1]:80\n", "v6"},
	{"no host at all", "GET /form HTTP/1.0\n", "form"},
	{"no host, but one is wanted", "GET /w/ HTTP/1.0\n", NULL},
	{"absolute target",
		"GET http://www.example.com/w/ HTTP/1.1\n"
		"Host: www.example.com\n",
		"wild"},
	{"first match", "GET /same/too HTTP/1.1\nHost: x\nX: 1\n", "first"},
	{"escapes in capitals or not", "GET /a%20b HTTP/1.1\nHost: x\n", "blank"},
	{"nothing", "GET /other HTTP/1.1\nHost: x\n", NULL},
	{"asterisk", "OPTIONS * HTTP/1.1\nHost: x\n", NULL},
};

static struct route_choice *choose(const struct conf *conf, const char *lines)
{
	static struct http_head head;
	static struct route_choice choice;

	http_head_read(&head, HTTP_REQUEST, lines);
	route_choose(conf, &head.message, false, &choice);
	return &choice;
}

Test(route, is_the_first_that_matches)
{
	struct conf *conf = conf_text_load(CONF);

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		const struct row *row = &ROWS[i];
		const struct route_choice *choice = choose(conf, row->lines);
		const char *found = choice->route ? choice->route->name : "none";

		cr_expect_str_eq(
			found, row->route ? row->route : "none", "%s", row->name);
		cr_expect_eq(choice->status, row->route ? 0 : 404, "%s", row->name);
		cr_expect_eq(choice->error != NULL, row->route == NULL, "%s", row->name);
	}
	conf_unref(conf);
}
