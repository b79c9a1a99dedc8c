// SPDX-License-Identifier: MIT
// Who may open a WebSocket, and which answer opens one (SECURITY T17, T27).
#include "wherry/proxy/upgrade.h"

#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "http_head.h"

#define COUNT(rows) (sizeof(rows) / sizeof(*(rows)))
#define REST                                                                             \
	" / HTTP/1.1\nHost: www.example:8080\nConnection: Upgrade\nUpgrade: websocket\n"
#define VERSION "Sec-WebSocket-Version: 13\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n"
#define ASK "GET" REST VERSION KEY

static const char *ORIGINS[] = {"https://app.example", "http://dev.example:3000"};

struct row {
	const char *name, *lines;
	unsigned status; // 0 = allowed
};

static void expect_statuses(
	const struct conf_route *route, const struct row *rows, size_t count)
{
	static struct http_head head;

	for (size_t i = 0; i < count; i++) {
		struct reply reply = {0};

		http_head_read(&head, HTTP_REQUEST, rows[i].lines);
		bool is_allowed = upgrade_is_allowed(&head.message, route, false, &reply);
		cr_expect_eq(is_allowed, rows[i].status == 0, "%s", rows[i].name);
		if (is_allowed)
			continue;
		cr_expect_eq(reply.status, rows[i].status, "%s: %u", rows[i].name,
			reply.status);
		cr_expect_not_null(reply.detail, "%s", rows[i].name);
		bool names_version =
			reply.field && !strcmp(reply.field, "Sec-WebSocket-Version: 13");
		cr_expect_eq(names_version, rows[i].status == 426, "%s", rows[i].name);
	}
}

static const struct row SAME_HOST_ROWS[] = {
	{"complete", ASK, 0},
	{"same origin", ASK "Origin: http://WWW.example:8080\n", 0},
	{"another host", ASK "Origin: http://evil.test:8080\n", 403},
	{"another port", ASK "Origin: http://www.example\n", 403},
	{"the host as a prefix", ASK "Origin: http://www.example:8080.evil.test\n", 403},
	{"the host as a suffix", ASK "Origin: http://evil.www.example:8080\n", 403},
	{"null", ASK "Origin: null\n", 403},
	{"POST", "POST" REST VERSION KEY, 400},
	{"no key", "GET" REST VERSION, 400},
	{"a short key", "GET" REST VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZQ==\n", 400},
	{"no version", "GET" REST KEY, 426},
	{"version 777", "GET" REST KEY "Sec-WebSocket-Version: 777\n", 426},
	{"version 8", "GET" REST KEY "Sec-WebSocket-Version: 8\n", 426},
};

Test(upgrade, is_checked_before_a_backend_hears_of_it)
{
	struct conf_route route = {.has_websocket = true};

	expect_statuses(&route, SAME_HOST_ROWS, COUNT(SAME_HOST_ROWS));
}

Test(upgrade, needs_a_route_that_takes_it)
{
	static const struct row ROWS[] = {
		{"complete", ASK, 403}, {"bad", "GET" REST, 403}};
	struct conf_route route = {.has_websocket = false};

	expect_statuses(&route, ROWS, COUNT(ROWS));
}

Test(upgrade, takes_any_origin_where_that_is_configured)
{
	static const struct row ROWS[] = {
		{"none", ASK, 0},
		{"a stranger", ASK "Origin: https://evil.test\n", 0},
		{"null", ASK "Origin: null\n", 0},
	};
	struct conf_route route = {.has_websocket = true,
		.websocket = {.origins = {.kind = CONF_ORIGINS_ANY}}};

	expect_statuses(&route, ROWS, COUNT(ROWS));
}

Test(upgrade, takes_the_origins_of_a_list)
{
	static const struct row ROWS[] = {
		{"none", ASK, 403},
		{"the first", ASK "Origin: https://app.example\n", 0},
		{"the second, in capitals", ASK "Origin: http://DEV.example:3000\n", 0},
		{"another scheme", ASK "Origin: http://app.example\n", 403},
		{"another port", ASK "Origin: https://app.example:444\n", 403},
		{"a longer name", ASK "Origin: https://app.example.evil.test\n", 403},
		{"our own host", ASK "Origin: http://www.example:8080\n", 403},
		{"two at once", ASK "Origin: https://app.example, https://evil.test\n",
			403},
		{"null", ASK "Origin: null\n", 403},
	};
	struct conf_route route = {
		.has_websocket = true,
		.websocket = {.origins = {CONF_ORIGINS_LIST, ORIGINS, COUNT(ORIGINS)}},
	};

	expect_statuses(&route, ROWS, COUNT(ROWS));
}

#define SWITCH                                                                           \
	"HTTP/1.1 101 Switching Protocols\nConnection: Upgrade\nUpgrade: websocket\n"
#define ACCEPT "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\n"
#define OFFER_PROTOCOLS                                                                  \
	"Sec-WebSocket-Protocol: chat.v1, chat.v2\nSec-WebSocket-Protocol: soap\n"
#define OFFER_DEFLATE                                                                    \
	"Sec-WebSocket-Extensions: x-foo, permessage-deflate; client_max_window_bits\n"

static const struct {
	const char *name, *offer, *answer;
	bool is_accepted, uses_deflate;
} ANSWERS[] = {
	{"plain", "", SWITCH ACCEPT, true, false},
	{"no Accept", "", SWITCH, false, false},
	{"another Accept", "",
		SWITCH "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", false,
		false},
	{"Accept in another case", "",
		SWITCH "Sec-WebSocket-Accept: S3PPLMBITXAQ9KYGZZHZRBK+XOO=\n", false,
		false},
	{"a subprotocol", OFFER_PROTOCOLS,
		SWITCH ACCEPT "Sec-WebSocket-Protocol: chat.v2\n", true, false},
	{"a subprotocol of the second field", OFFER_PROTOCOLS,
		SWITCH ACCEPT "Sec-WebSocket-Protocol: soap\n", true, false},
	{"no subprotocol", OFFER_PROTOCOLS, SWITCH ACCEPT, true, false},
	{"a subprotocol nobody offered", OFFER_PROTOCOLS,
		SWITCH ACCEPT "Sec-WebSocket-Protocol: chat.v3\n", false, false},
	{"a subprotocol without offer", "",
		SWITCH ACCEPT "Sec-WebSocket-Protocol: chat.v1\n", false, false},
	{"deflate", OFFER_DEFLATE,
		SWITCH ACCEPT "Sec-WebSocket-Extensions: permessage-deflate; "
			      "server_no_context_takeover\n",
		true, true},
	{"no deflate", OFFER_DEFLATE, SWITCH ACCEPT, true, false},
	{"deflate without offer", "",
		SWITCH ACCEPT "Sec-WebSocket-Extensions: permessage-deflate\n", false,
		false},
	{"an extension we took out of the offer", OFFER_DEFLATE,
		SWITCH ACCEPT "Sec-WebSocket-Extensions: x-foo\n", false, false},
	{"deflate twice", OFFER_DEFLATE,
		SWITCH ACCEPT "Sec-WebSocket-Extensions: permessage-deflate, "
			      "permessage-deflate\n",
		false, false},
};

Test(upgrade, is_opened_by_the_answer_to_its_offer_only)
{
	static const struct conf_route plain;
	static struct http_head request, response;
	char lines[1024];

	for (size_t i = 0; i < COUNT(ANSWERS); i++) {
		const char *text = NULL;
		bool uses_deflate = false;

		(void)snprintf(lines, sizeof(lines), ASK "%s", ANSWERS[i].offer);
		http_head_read(&request, HTTP_REQUEST, lines);
		struct upgrade *upgrade = upgrade_create(&request.message, &plain);
		cr_assert_not_null(upgrade);
		memset(request.text, '#', sizeof(request.text)); // it has copies
		http_head_read(&response, HTTP_RESPONSE, ANSWERS[i].answer);
		bool is_accepted = upgrade_is_accepted(
			upgrade, &response.message, &uses_deflate, &text);
		cr_expect_eq(is_accepted, ANSWERS[i].is_accepted, "%s", ANSWERS[i].name);
		if (is_accepted)
			cr_expect_eq(uses_deflate, ANSWERS[i].uses_deflate, "%s",
				ANSWERS[i].name);
		else
			cr_expect_not_null(text, "%s", ANSWERS[i].name);
		upgrade_destroy(upgrade);
	}
	upgrade_destroy(NULL);
}

Test(upgrade, offers_no_token_and_names_what_it_stood_for)
{
	static const struct conf_route route = {.jwt.subprotocol = "bearer"};
	static const struct {
		const char *offer, *answer;
		bool is_accepted;
		const char *added;
	} ROWS[] = {
		{"chat, bearer, x", "chat", true, ""},
		{"chat, bearer, x", NULL, true, "bearer"},
		{"bearer, x", NULL, true, "bearer"},
		{"bearer.x", NULL, true, ""},
		{"chat, bearer", NULL, true, ""},
		{"chat", NULL, true, ""},
		{"chat, bearer, x", "bearer", false, ""},
		{"chat, bearer, x", "x", false, ""},
		{"chat, bearer.x", "bearer.x", false, ""},
	};
	static struct http_head request, response;
	char lines[1024];

	for (size_t i = 0; i < COUNT(ROWS); i++) {
		const char *text = NULL;
		bool uses_deflate = false;

		(void)snprintf(lines, sizeof(lines), ASK "Sec-WebSocket-Protocol: %s\n",
			ROWS[i].offer);
		http_head_read(&request, HTTP_REQUEST, lines);
		struct upgrade *upgrade = upgrade_create(&request.message, &route);
		cr_assert_not_null(upgrade);
		memset(request.text, '#', sizeof(request.text));
		(void)snprintf(lines, sizeof(lines), SWITCH ACCEPT "%s%s%s",
			ROWS[i].answer ? "Sec-WebSocket-Protocol: " : "",
			ROWS[i].answer ? ROWS[i].answer : "", ROWS[i].answer ? "\n" : "");
		http_head_read(&response, HTTP_RESPONSE, lines);
		cr_expect_eq(upgrade_is_accepted(
				     upgrade, &response.message, &uses_deflate, &text),
			ROWS[i].is_accepted, "%s", ROWS[i].offer);
		if (ROWS[i].is_accepted)
			cr_expect(str_equal(upgrade_added_subprotocol(
						    upgrade, &response.message),
					  str_from(ROWS[i].added)),
				"%s", ROWS[i].offer);
		upgrade_destroy(upgrade);
	}
}
