// SPDX-License-Identifier: MIT
#include "wherry/proxy/origins.h"

#include <stdio.h>

#include <criterion/criterion.h>

#include "http_head.h"

static const char *list[] = {"https://app.example", "https://b.example:8443"};
static const struct conf_origin_rule SAME_HOST = {CONF_ORIGINS_SAME_HOST, NULL, 0};
static const struct conf_origin_rule ANY = {CONF_ORIGINS_ANY, NULL, 0};
static const struct conf_origin_rule LIST = {CONF_ORIGINS_LIST, list, 2};

#define HEAD "GET /feed HTTP/1.1\nHost: h.example\n"
#define UPGRADE HEAD "Connection: upgrade\nUpgrade: websocket\n"
#define SAME "Origin: https://h.example\n"
#define LISTED "Origin: https://app.example\n"
#define OTHER "Origin: https://evil.example\n"

#define ALLOWED "Access-Control-Allow-Origin: "
#define CREDENTIALS "Access-Control-Allow-Credentials: true\r\n"
#define EXPOSED "Access-Control-Expose-Headers: ETag, Retry-After, Wherry-Gap\r\n"
#define VARY "Vary: Origin\r\n"

struct row {
	const char *name;
	const struct conf_origin_rule *rule;
	const char *head;
	const char *fields; // NULL: refused
};

static const struct row ROWS[] = {
	{"same host, nobody's page", &SAME_HOST, HEAD, ""},
	{"same host, its page", &SAME_HOST, HEAD SAME, ""},
	{"same host, another page", &SAME_HOST, HEAD OTHER, NULL},
	{"same host, null", &SAME_HOST, HEAD "Origin: null\n", NULL},
	{"same host, another scheme", &SAME_HOST, HEAD "Origin: http://h.example\n",
		NULL},
	{"any, nobody's page", &ANY, HEAD, ""},
	{"any, another page", &ANY, HEAD OTHER, ALLOWED "*\r\n" EXPOSED},
	{"any, its page", &ANY, HEAD SAME, ""},
	{"any, null", &ANY, HEAD "Origin: null\n", ALLOWED "*\r\n" EXPOSED},
	{"list, nobody's page", &LIST, HEAD, VARY},
	{"list, one of them", &LIST, HEAD LISTED,
		VARY ALLOWED "https://app.example\r\n" CREDENTIALS EXPOSED},
	{"list, with a port", &LIST, HEAD "Origin: https://b.example:8443\n",
		VARY ALLOWED "https://b.example:8443\r\n" CREDENTIALS EXPOSED},
	{"list, another", &LIST, HEAD OTHER, NULL},
	{"list, not listed though the same host", &LIST, HEAD SAME, NULL},
	{"WebSocket, same host, no page", &SAME_HOST, UPGRADE, ""},
	{"WebSocket, list, no page", &LIST, UPGRADE, NULL},
	{"WebSocket, list, one of them", &LIST, UPGRADE LISTED,
		VARY ALLOWED "https://app.example\r\n" CREDENTIALS EXPOSED},
};

Test(origins, let_pages_read_what_their_rule_says)
{
	static struct http_head head;
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		const struct row *row = &ROWS[i];
		struct buf out = BUF_INIT;
		http_head_read(&head, HTTP_REQUEST, row->head);
		bool is_allowed = origins_allow(row->rule, &head.message, true);
		cr_assert_eq(is_allowed, row->fields != NULL, "%s", row->name);
		if (!is_allowed)
			continue;
		origins_write_fields(&out, row->rule, &head.message, true);
		cr_assert(str_equal(buf_str(&out), str_from(row->fields)), "%s: %.*s",
			row->name, STR_ARG(buf_str(&out)));
		buf_finish(&out);
	}
}

#define ASK                                                                              \
	"OPTIONS /feed HTTP/1.1\nHost: h.example\nAccess-Control-Request-Method: POST\n"
#define ANSWER_VARY                                                                      \
	"Vary: Origin, Access-Control-Request-Method, "                                  \
	"Access-Control-Request-Headers\r\n"

Test(origins, answer_preflights)
{
	static struct http_head head;
	struct buf out = BUF_INIT;
	http_head_read(&head, HTTP_REQUEST,
		ASK LISTED "Access-Control-Request-Headers: authorization,x-a\n");
	cr_assert(origins_is_preflight(&head.message));
	origins_write_preflight(&out, &LIST, &head.message, true, "POST");
	cr_assert(str_equal(buf_str(&out),
			  STR(ANSWER_VARY ALLOWED "https://app.example\r\n" CREDENTIALS
						  "Access-Control-Allow-Methods: POST\r\n"
						  "Access-Control-Allow-Headers: "
						  "authorization,x-a\r\n"
						  "Access-Control-Max-Age: 600\r\n")),
		"%.*s", STR_ARG(buf_str(&out)));
	buf_clear(&out);
	http_head_read(&head, HTTP_REQUEST, ASK SAME);
	origins_write_preflight(&out, &SAME_HOST, &head.message, true, "POST");
	cr_assert(str_equal(buf_str(&out), STR(ANSWER_VARY)));
	buf_finish(&out);
}

Test(origins, know_a_preflight)
{
	static struct http_head head;
	http_head_read(&head, HTTP_REQUEST, ASK);
	cr_assert(!origins_is_preflight(&head.message)); // no page's
	http_head_read(&head, HTTP_REQUEST, HEAD LISTED);
	cr_assert(!origins_is_preflight(&head.message));
	http_head_read(
		&head, HTTP_REQUEST, "OPTIONS /feed HTTP/1.1\nHost: h.example\n" LISTED);
	cr_assert(!origins_is_preflight(&head.message));
}
