// SPDX-License-Identifier: MIT
// Who is in a channel, and what is told of it.
#include "wherry/hub/presence.h"

#include <stdio.h>

#include <criterion/criterion.h>

static void expect(struct presence *presence, enum conf_presence kind, size_t count,
	const char *expected)
{
	struct buf event = BUF_INIT;
	presence_write(presence, kind, count, &event);
	cr_expect(str_equal(buf_str(&event), str_from(expected)), "%.*s, not %s",
		STR_ARG(buf_str(&event)), expected);
	buf_finish(&event);
}

Test(presence, tells_how_many_there_are)
{
	struct presence *presence = presence_create();
	presence_enter(presence, STR("a"));
	expect(presence, CONF_PRESENCE_COUNT, 3, "{\"count\":3}");
	presence_destroy(presence);
	presence_destroy(NULL);
}

Test(presence, tells_who_is_there_came_and_left)
{
	struct presence *presence = presence_create();
	presence_enter(presence, STR("a"));
	presence_enter(presence, STR("\"b\""));
	presence_enter(presence, STR(""));
	expect(presence, CONF_PRESENCE_LIST, 3,
		"{\"count\":3,\"members\":[\"a\",\"\\\"b\\\"\"],"
		"\"joined\":[\"a\",\"\\\"b\\\"\"]}");
	presence_leave(presence, STR("a"));
	presence_enter(presence, STR("c"));
	expect(presence, CONF_PRESENCE_LIST, 2,
		"{\"count\":2,\"members\":[\"\\\"b\\\"\",\"c\"],\"joined\":[\"c\"],"
		"\"left\":[\"a\"]}");
	expect(presence, CONF_PRESENCE_LIST, 2,
		"{\"count\":2,\"members\":[\"\\\"b\\\"\",\"c\"]}");
	presence_destroy(presence);
}

Test(presence, knows_who_is_there_twice)
{
	struct presence *presence = presence_create();
	presence_enter(presence, STR("a"));
	presence_enter(presence, STR("a"));
	presence_leave(presence, STR("a"));
	expect(presence, CONF_PRESENCE_LIST, 1,
		"{\"count\":1,\"members\":[\"a\"],\"joined\":[\"a\"]}");
	presence_leave(presence, STR("a"));
	presence_enter(presence, STR("a")); // a reload of its page
	expect(presence, CONF_PRESENCE_LIST, 1, "{\"count\":1,\"members\":[\"a\"]}");
	presence_leave(presence, STR("a"));
	presence_leave(presence, STR("a"));
	presence_leave(presence, STR("nobody"));
	expect(presence, CONF_PRESENCE_LIST, 0, "{\"count\":0,\"left\":[\"a\"]}");
	presence_enter(presence, STR("b"));
	presence_leave(presence, STR("b"));
	expect(presence, CONF_PRESENCE_LIST, 0, "{\"count\":0}");
	presence_destroy(presence);
}

Test(presence, names_only_so_many)
{
	struct presence *presence = presence_create();
	for (size_t i = 0; i < PRESENCE_MAX_NAMES + 10; i++) {
		char name[16];
		int length = snprintf(name, sizeof(name), "%zu", i);
		presence_enter(presence, (struct str){name, (size_t)length});
	}
	struct buf event = BUF_INIT;
	presence_write(presence, CONF_PRESENCE_LIST, PRESENCE_MAX_NAMES + 10, &event);
	cr_expect(str_has_prefix(
		buf_str(&event), STR("{\"count\":10010,\"joined\":[\"0\",\"1\",")));
	cr_expect_lt(event.length, 1000);
	buf_finish(&event);
	presence_destroy(presence);
}
