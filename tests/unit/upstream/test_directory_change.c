// SPDX-License-Identifier: MIT
// Servers that are changed while the process runs, and what a new configuration does
// then.
#include "wherry/upstream/directory_change.h"

#include <stdio.h>

#include <criterion/criterion.h>

#include "conf_text.h"
#include "server_set.h"
#include "wherry/upstream/directory_override.h"

#define CONF(servers)                                                                    \
	"listeners: [{ address: 127.0.0.1:0 }]\n"                                        \
	"routes: [{ match: { path: /a/ }, to: app }, { to: chat }]\n"                    \
	"upstreams:\n"                                                                   \
	"  app: { servers: " servers " }\n"                                              \
	"  chat: { servers: [http://10.1.0.1] }\n"

#define TWO CONF("[http://10.0.0.1, { url: http://10.0.0.2, weight: 2 }]")

// "URL*WEIGHT", with "!" before those that are down.
static void expect_members(const struct server_set *servers, const char *expected)
{
	const struct upstream *upstream = &servers->set->upstreams[0];
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < upstream->member_count; i++) {
		const struct upstream_member *member = &upstream->members[i];

		buf_printf(&text, "%s%s%s*%u", i > 0 ? " " : "",
			member->is_down ? "!" : "", member->server->text, member->weight);
	}
	cr_expect(str_equal(buf_str(&text), str_from(expected)), "%.*s, not %s",
		STR_ARG(buf_str(&text)), expected);
	buf_finish(&text);
}

static void change(struct server_set *servers, enum directory_verb verb, const char *url,
	uint64_t weight)
{
	struct directory_order order = {verb, STR("app"), str_from(url), weight};
	struct buf error = BUF_INIT;
	const char *text;

	cr_assert(directory_change_make(
			  servers->directory, servers->set, &order, &text, &error),
		"%s: %.*s", url, STR_ARG(buf_str(&error)));
	server_set_rebuild(servers, NULL);
	directory_settle(servers->directory, servers->set);
}

static void expect_refused(struct server_set *servers,
	const struct directory_order *order, const char *expected)
{
	struct buf error = BUF_INIT;
	const char *text;

	cr_expect_not(directory_change_make(
		servers->directory, servers->set, order, &text, &error));
	cr_expect(str_equal(buf_str(&error), str_from(expected)), "%.*s, not %s",
		STR_ARG(buf_str(&error)), expected);
	buf_finish(&error);
}

// The overrides as "URL" and what they say, "~" before those that are overruled.
static void write_override(void *arg, const struct directory_override *override)
{
	buf_printf(arg, "%s%s%s%s", override->is_overruled ? "~" : "", override->text,
		override->is_added ? " added" : "",
		override->is_removed ? " removed" : "");
	if (override->weight != 0)
		buf_printf(arg, " weight %u", override->weight);
	if (override->has_state)
		buf_printf(arg, " %s", override->is_down ? "down" : "up");
	buf_append_str(arg, STR(";"));
}

static void expect_overrides(const struct server_set *servers, const char *expected)
{
	struct buf text = BUF_INIT;

	directory_override_each(servers->directory, write_override, &text);
	cr_expect(str_equal(buf_str(&text), str_from(expected)), "%.*s, not %s",
		STR_ARG(buf_str(&text)), expected);
	buf_finish(&text);
}

Test(directory_change, adds_and_removes_what_the_file_does_not_have)
{
	struct server_set servers;

	server_set_start(&servers, conf_text_load(TWO));
	change(&servers, DIRECTORY_ADD, "http://10.0.0.3", 5);
	change(&servers, DIRECTORY_ADD, "http://10.0.0.4", 0);
	expect_members(&servers, "http://10.0.0.1*1 http://10.0.0.2*2 http://10.0.0.4*1 "
				 "http://10.0.0.3*5");
	struct upstream_server *added = server_set_get(&servers, 0, 3);
	change(&servers, DIRECTORY_WEIGH, "http://10.0.0.3:80", 7);
	change(&servers, DIRECTORY_DOWN, "http://10.0.0.4", 0);
	expect_members(&servers, "http://10.0.0.1*1 http://10.0.0.2*2 !http://10.0.0.4*1 "
				 "http://10.0.0.3*7");
	cr_expect_eq(server_set_get(&servers, 0, 3), added);
	change(&servers, DIRECTORY_REMOVE, "http://10.0.0.3", 0);
	change(&servers, DIRECTORY_REMOVE, "http://10.0.0.4", 0);
	expect_members(&servers, "http://10.0.0.1*1 http://10.0.0.2*2");
	expect_overrides(&servers, "");
	server_set_finish(&servers);
}

Test(directory_change, changes_what_the_file_has_and_takes_it_back)
{
	struct server_set servers;

	server_set_start(&servers, conf_text_load(TWO));
	change(&servers, DIRECTORY_WEIGH, "http://10.0.0.2", 9);
	change(&servers, DIRECTORY_DOWN, "http://10.0.0.2", 0);
	expect_members(&servers, "http://10.0.0.1*1 !http://10.0.0.2*9");
	expect_overrides(&servers, "http://10.0.0.2 weight 9 down;");
	change(&servers, DIRECTORY_UP, "http://10.0.0.2", 0);
	change(&servers, DIRECTORY_WEIGH, "http://10.0.0.2", 2);
	expect_overrides(&servers, "");
	change(&servers, DIRECTORY_REMOVE, "http://10.0.0.1", 0);
	expect_members(&servers, "http://10.0.0.2*2");
	change(&servers, DIRECTORY_ADD, "http://10.0.0.1", 4);
	expect_members(&servers, "http://10.0.0.1*4 http://10.0.0.2*2");
	server_set_finish(&servers);
}

Test(directory_change, takes_back_what_no_set_could_be_made_with)
{
	struct server_set servers;
	struct directory_order order = {
		DIRECTORY_WEIGH, STR("app"), STR("http://10.0.0.2"), 3};
	struct buf error = BUF_INIT;
	const char *text;

	server_set_start(&servers, conf_text_load(TWO));
	change(&servers, DIRECTORY_WEIGH, "http://10.0.0.2", 9);
	cr_assert(directory_change_make(
		servers.directory, servers.set, &order, &text, &error));
	cr_expect_str_eq(text, "http://10.0.0.2");
	directory_change_undo(servers.directory);
	order.verb = DIRECTORY_ADD;
	order.url = STR("http://10.0.0.3");
	cr_assert(directory_change_make(
		servers.directory, servers.set, &order, &text, &error));
	directory_change_undo(servers.directory);
	server_set_rebuild(&servers, NULL);
	expect_members(&servers, "http://10.0.0.1*1 http://10.0.0.2*9");
	expect_overrides(&servers, "http://10.0.0.2 weight 9;");
	server_set_finish(&servers);
}

Test(directory_change, holds_until_a_file_says_otherwise_of_that_server)
{
	struct server_set servers;

	server_set_start(&servers, conf_text_load(TWO));
	change(&servers, DIRECTORY_WEIGH, "http://10.0.0.2", 9);
	change(&servers, DIRECTORY_REMOVE, "http://10.0.0.1", 0);
	change(&servers, DIRECTORY_ADD, "http://10.0.0.3", 0);
	server_set_rebuild(&servers,
		conf_text_load(CONF("[http://10.0.0.1, { url: http://10.0.0.2, weight: 2 "
				    "}, http://10.0.0.5]")));
	expect_members(&servers, "http://10.0.0.2*9 http://10.0.0.5*1 http://10.0.0.3*1");
	directory_settle(servers.directory, servers.set);
	server_set_rebuild(&servers,
		conf_text_load(CONF("[{ url: http://10.0.0.1, weight: 4 }, { url: "
				    "http://10.0.0.2, weight: 3 }, http://10.0.0.3]")));
	expect_members(&servers, "http://10.0.0.1*4 http://10.0.0.2*3 http://10.0.0.3*1");
	expect_overrides(&servers,
		"~http://10.0.0.3 added;~http://10.0.0.1 removed;~http://10.0.0.2 weight "
		"9;");
	directory_settle(servers.directory, servers.set);
	expect_overrides(&servers, "");
	server_set_finish(&servers);
}

Test(directory_change, holds_if_a_file_comes_to_nothing)
{
	struct server_set servers;
	struct buf text = BUF_INIT;
	struct conf *next = conf_text_load(CONF("[http://10.0.0.1, http://10.0.0.2]"));

	server_set_start(&servers, conf_text_load(TWO));
	change(&servers, DIRECTORY_WEIGH, "http://10.0.0.2", 9);
	struct upstream_set *unused =
		directory_build(servers.directory, next, servers.set, &text);
	cr_assert(unused);
	expect_overrides(&servers, "~http://10.0.0.2 weight 9;");
	upstream_set_unref(unused);
	directory_cancel(servers.directory, servers.set);
	expect_overrides(&servers, "http://10.0.0.2 weight 9;");
	server_set_rebuild(&servers, NULL);
	expect_members(&servers, "http://10.0.0.1*1 http://10.0.0.2*9");
	conf_unref(next);
	server_set_finish(&servers);
}

Test(directory_change, goes_with_its_group)
{
	struct server_set servers;

	server_set_start(&servers, conf_text_load(TWO));
	change(&servers, DIRECTORY_ADD, "http://10.0.0.3", 0);
	server_set_rebuild(&servers,
		conf_text_load("listeners: [{ address: 127.0.0.1:0 }]\n"
			       "routes: [{ to: chat }]\n"
			       "upstreams: { chat: { servers: [http://10.1.0.1] } }\n"));
	expect_members(&servers, "http://10.1.0.1*1");
	expect_overrides(&servers, "~http://10.0.0.3 added;");
	directory_settle(servers.directory, servers.set);
	expect_overrides(&servers, "");
	server_set_finish(&servers);
}

Test(directory_change, says_what_there_is)
{
	static const struct {
		struct directory_order order;
		const char *error;
	} rows[] = {
		{{DIRECTORY_ADD, {"ap", 2}, {"http://10.0.0.9", 15}, 0},
			"unknown upstream \"ap\", did you mean \"app\"? (expected one of "
			"app, chat)"},
		{{DIRECTORY_DOWN, {"app", 3}, {"http://10.0.0.11", 16}, 0},
			"app: unknown server \"http://10.0.0.11\", did you mean "
			"\"http://10.0.0.1\"? (expected one of http://10.0.0.1, "
			"http://10.0.0.2)"},
		{{DIRECTORY_ADD, {"app", 3}, {"http://10.0.0.2:80", 18}, 0},
			"app has http://10.0.0.2 already"},
		{{DIRECTORY_ADD, {"app", 3}, {"10.0.0.3", 8}, 0},
			"bad URL \"10.0.0.3\" (expected http://, https://, "
			"ws://, wss:// or unix:/path)"},
		{{DIRECTORY_ADD, {"app", 3}, {"http://10.0.0.3", 15}, 1001},
			"bad weight 1001 (expected a number from 1 to 1000)"},
		{{DIRECTORY_WEIGH, {"app", 3}, {"http://10.0.0.2", 15}, 0},
			"bad weight 0 (expected a number from 1 to 1000)"},
		{{DIRECTORY_REMOVE, {"chat", 4}, {"http://10.1.0.1", 15}, 0},
			"http://10.1.0.1 is the last server of chat (expected another "
			"one to be added first, or \"down\" instead)"},
	};
	struct server_set servers;

	server_set_start(&servers, conf_text_load(TWO));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect_refused(&servers, &rows[i].order, rows[i].error);
	expect_overrides(&servers, "");
	server_set_finish(&servers);
}

Test(directory_change, has_the_bound_of_a_file)
{
	struct server_set servers;
	char url[64];

	server_set_start(&servers, conf_text_load(TWO));
	for (size_t i = 2; i < 1000; i++) {
		struct directory_order order = {DIRECTORY_ADD, STR("app"), {url, 0}, 0};
		struct buf error = BUF_INIT;
		const char *text;

		order.url.length = (size_t)snprintf(
			url, sizeof(url), "http://10.2.%zu.%zu", i / 250, i % 250);
		cr_assert(directory_change_make(
			servers.directory, servers.set, &order, &text, &error));
	}
	server_set_rebuild(&servers, NULL);
	cr_expect_eq(servers.set->upstreams[0].member_count, 1000);
	struct directory_order order = {
		DIRECTORY_ADD, STR("app"), STR("http://10.3.0.1"), 0};
	expect_refused(&servers, &order, "app has 1000 servers, as many as it may");
	server_set_finish(&servers);
}
