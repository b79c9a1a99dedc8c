// SPDX-License-Identifier: MIT
#include "wherry/proto/ws_subprotocol.h"

#include <string.h>

#include <criterion/criterion.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

enum {
	FIELDS_MAX = 3
};

static const struct {
	const char *offered[FIELDS_MAX];
	const char *rest;
	const char *token; // NULL: there is none
	const char *marker;
	size_t count;
} ROWS[] = {
	{{""}, "", NULL, "", 0},
	{{"chat"}, "chat", NULL, "", 0},
	{{"a,b ,\tc,,"}, "a, b, c", NULL, "", 0},
	{{"bearer, x.y.z"}, "", "x.y.z", "bearer", 1},
	{{"bearer.x.y.z"}, "", "x.y.z", "", 1},
	{{"a, bearer, x, b"}, "a, b", "x", "bearer", 1},
	{{"a, bearer.x, b"}, "a, b", "x", "", 1},
	{{"a, bearer", "x, b"}, "a, b", "x", "bearer", 1},
	{{"bearer", "", "x"}, "", "x", "bearer", 1},
	// Not the name.
	{{"Bearer, x"}, "Bearer, x", NULL, "", 0},
	{{"bearerx, y"}, "bearerx, y", NULL, "", 0},
	{{"bearer-x"}, "bearer-x", NULL, "", 0},
	{{"xbearer.y"}, "xbearer.y", NULL, "", 0},
	// The name promises a token.
	{{"a, bearer"}, "a", NULL, "bearer", 0},
	{{"bearer."}, "", "", "", 1},
	{{"bearer, bearer"}, "", "bearer", "bearer", 1},
	{{"bearer, bearer.x"}, "", "bearer.x", "bearer", 1},
	// Not to be trusted.
	{{"bearer, x, bearer, y"}, "", "y", "bearer", 2},
	{{"bearer, x, bearer.y"}, "", "y", "bearer", 2},
	{{"bearer.x", "bearer.x"}, "", "x", "", 2},
};

static void fill(struct http_message *message, const char *const *offered)
{
	*message = (struct http_message){.kind = HTTP_REQUEST};
	message->fields[message->field_count++] = (struct http_field){
		.name = STR("Host"), .value = STR("bearer, no"), .id = HTTP_FIELD_HOST};
	for (size_t i = 0; i < FIELDS_MAX && offered[i]; i++)
		message->fields[message->field_count++] =
			(struct http_field){.name = STR("Sec-WebSocket-Protocol"),
				.value = str_from(offered[i]),
				.id = HTTP_FIELD_SEC_WEBSOCKET_PROTOCOL};
}

Test(ws_subprotocol, tells_the_token_from_the_rest)
{
	static struct http_message message;

	for (size_t i = 0; i < COUNT(ROWS); i++) {
		struct buf rest = BUF_INIT;
		struct ws_subprotocol_token token, again;
		const char *name = ROWS[i].offered[0];

		fill(&message, ROWS[i].offered);
		ws_subprotocol_split(&message, STR("bearer"), &rest, &token);
		cr_expect(str_equal(buf_str(&rest), str_from(ROWS[i].rest)), "%s: %.*s",
			name, STR_ARG(buf_str(&rest)));
		cr_expect_eq(token.count, ROWS[i].count, "%s", name);
		cr_expect_eq(token.token.data != NULL, ROWS[i].token != NULL, "%s", name);
		if (ROWS[i].token)
			cr_expect(str_equal(token.token, str_from(ROWS[i].token)), "%s",
				name);
		cr_expect(str_equal(token.marker, str_from(ROWS[i].marker)), "%s", name);
		ws_subprotocol_split(&message, STR("bearer"), NULL, &again);
		cr_expect_eq(again.count, token.count);
		buf_finish(&rest);
	}
}

Test(ws_subprotocol, leaves_all_where_no_name_is_given)
{
	static const char *const OFFERED[FIELDS_MAX] = {"bearer, x", ".y, z"};
	static struct http_message message;
	struct buf rest = BUF_INIT;
	struct ws_subprotocol_token token;

	fill(&message, OFFERED);
	ws_subprotocol_split(&message, STR(""), &rest, &token);
	cr_expect(str_equal(buf_str(&rest), STR("bearer, x, .y, z")));
	cr_expect_eq(token.count, 0);
	buf_finish(&rest);
}
