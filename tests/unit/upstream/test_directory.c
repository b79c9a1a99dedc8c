// SPDX-License-Identifier: MIT
// Which servers a set has, and how long a server is the same.
#include "wherry/upstream/directory.h"

#include <criterion/criterion.h>

#include "conf_text.h"
#include "server_set.h"
#include "wherry/upstream/upstream_pick.h"

#define CONF(servers)                                                                    \
	"listeners: [{ address: 127.0.0.1:0 }]\n"                                        \
	"routes: [{ to: app }]\n"                                                        \
	"upstreams: { app: { servers: " servers " } }\n"

static struct addr address_of(const char *text)
{
	struct addr address;

	cr_assert(addr_parse(str_from(text), &address), "%s", text);
	return address;
}

// The name app.test leads to these, "10.0.0.1:80" and so on, up to a NULL.
static void place(struct server_set *servers, const char *const *texts)
{
	struct addr addresses[4];
	size_t count = 0;

	for (; texts[count]; count++)
		addresses[count] = address_of(texts[count]);
	server_set_place(servers, STR("app.test"), 80, addresses, count);
}

// "NAME NAME", with "-" before those that are gone.
static void expect_members(const struct server_set *servers, const char *expected)
{
	const struct upstream *upstream = &servers->set->upstreams[0];
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < upstream->member_count; i++)
		buf_printf(&text, "%s%s%s", i > 0 ? " " : "",
			upstream->members[i].is_gone ? "-" : "",
			upstream->members[i].server->name);
	cr_expect(str_equal(buf_str(&text), str_from(expected)), "%.*s, not %s",
		STR_ARG(buf_str(&text)), expected);
	buf_finish(&text);
}

static struct upstream_server *reserve(const struct server_set *servers)
{
	static const struct upstream_key no_key;
	struct upstream_tries tries = {0};
	struct upstream_server *server;

	cr_assert_eq(
		upstream_pick(&servers->set->upstreams[0], &no_key, &tries, 1, &server),
		UPSTREAM_PICK_OK);
	return server;
}

Test(directory, knows_where_literal_addresses_are)
{
	struct server_set servers;

	server_set_start(&servers,
		conf_text_load(CONF("[\"http://10.0.0.1:81\", \"http://[::1]\", "
				    "unix:/run/app.sock]")));
	expect_members(&servers, "http://10.0.0.1:81 http://[::1] unix:/run/app.sock");
	static const char *const expected[] = {
		"10.0.0.1:81", "[::1]:80", "unix:/run/app.sock"};
	for (size_t i = 0; i < 3; i++) {
		struct addr address = address_of(expected[i]);

		cr_expect(addr_equal(&server_set_get(&servers, 0, i)->address, &address));
	}
	server_set_finish(&servers);
}

Test(directory, makes_a_server_of_each_address_of_a_name)
{
	struct server_set servers;

	server_set_start(&servers, conf_text_load(CONF("[http://App.test]")));
	expect_members(&servers, "");
	cr_expect_null(servers.set->upstreams[0].order);
	place(&servers, (const char *[]){"10.0.0.1:80", "[fd00::1]:80", NULL});
	expect_members(&servers, "http://App.test@10.0.0.1 http://App.test@fd00::1");
	cr_expect_eq(servers.set->upstreams[0].order_length, 2);
	server_set_finish(&servers);
}

Test(directory, keeps_a_server_over_sets_and_configurations)
{
	struct server_set servers;

	server_set_start(
		&servers, conf_text_load(CONF("[http://app.test, http://10.0.0.8]")));
	place(&servers, (const char *[]){"10.0.0.1:80", NULL});
	struct upstream_server *named = server_set_get(&servers, 0, 0);
	struct upstream_server *literal = server_set_get(&servers, 0, 1);
	struct upstream_group *group = servers.set->upstreams[0].group;
	cr_expect_neq(named->slot, literal->slot);
	place(&servers, (const char *[]){"10.0.0.2:80", "10.0.0.1:80", NULL});
	cr_expect_eq(server_set_get(&servers, 0, 1), named);
	server_set_rebuild(
		&servers, conf_text_load(CONF("[{ url: http://10.0.0.8, weight: 3 }]")));
	cr_expect_eq(server_set_get(&servers, 0, 0), literal);
	cr_expect_eq(servers.set->upstreams[0].members[0].weight, 3);
	cr_expect_eq(servers.set->upstreams[0].group, group);
	server_set_finish(&servers);
}

Test(directory, keeps_what_a_name_has_left_while_it_may_be_in_use)
{
	struct server_set servers;

	server_set_start(&servers, conf_text_load(CONF("[http://app.test]")));
	place(&servers, (const char *[]){"10.0.0.1:80", NULL});
	struct upstream_server *used = reserve(&servers);
	place(&servers, (const char *[]){"10.0.0.2:80", NULL});
	expect_members(&servers, "http://app.test@10.0.0.2 -http://app.test@10.0.0.1");
	for (size_t i = 0; i < 4; i++)
		upstream_release(reserve(&servers));
	cr_expect_eq(used->active, 1, "chosen though it is gone");
	server_set_rebuild(&servers, NULL);
	expect_members(&servers, "http://app.test@10.0.0.2 -http://app.test@10.0.0.1");
	upstream_release(used);
	server_set_rebuild(&servers, NULL);
	expect_members(&servers, "http://app.test@10.0.0.2");
	server_set_finish(&servers);
}

Test(directory, keeps_what_a_name_has_left_while_an_older_set_may_choose_it)
{
	struct server_set servers;

	server_set_start(&servers, conf_text_load(CONF("[http://app.test]")));
	place(&servers, (const char *[]){"10.0.0.1:80", NULL});
	struct upstream_set *old = upstream_set_ref(servers.set);
	place(&servers, (const char *[]){"10.0.0.2:80", NULL});
	server_set_rebuild(&servers, NULL);
	expect_members(&servers, "http://app.test@10.0.0.2 -http://app.test@10.0.0.1");
	upstream_set_unref(old);
	server_set_rebuild(&servers, NULL);
	expect_members(&servers, "http://app.test@10.0.0.2");
	server_set_finish(&servers);
}

Test(directory, lets_a_gone_server_come_back)
{
	struct server_set servers;

	server_set_start(&servers, conf_text_load(CONF("[http://app.test]")));
	place(&servers, (const char *[]){"10.0.0.1:80", NULL});
	struct upstream_server *used = reserve(&servers);
	place(&servers, (const char *[]){"10.0.0.2:80", NULL});
	place(&servers, (const char *[]){"10.0.0.1:80", NULL});
	expect_members(&servers, "http://app.test@10.0.0.1 -http://app.test@10.0.0.2");
	cr_expect_eq(server_set_get(&servers, 0, 0), used);
	server_set_finish(&servers);
}

Test(directory, forgets_a_removed_server_only_when_nobody_is_on_it)
{
	struct server_set servers;

	server_set_start(
		&servers, conf_text_load(CONF("[http://10.0.0.1, http://10.0.0.2]")));
	struct upstream_server *used = server_set_get(&servers, 0, 0);
	size_t slot = used->slot;
	uint64_t id = used->id;
	used->active = 1;
	server_set_rebuild(&servers, conf_text_load(CONF("[http://10.0.0.2]")));
	expect_members(&servers, "http://10.0.0.2");
	cr_expect_null(upstream_find_member(&servers.set->upstreams[0], used));
	server_set_rebuild(
		&servers, conf_text_load(CONF("[http://10.0.0.2, http://10.0.0.3]")));
	cr_expect_neq(server_set_get(&servers, 0, 1)->slot, slot);
	upstream_release(used);
	server_set_rebuild(
		&servers, conf_text_load(CONF("[http://10.0.0.2, http://10.0.0.4]")));
	cr_expect_eq(server_set_get(&servers, 0, 1)->slot, slot);
	cr_expect_neq(server_set_get(&servers, 0, 1)->id, id);
	server_set_finish(&servers);
}

Test(directory, adds_the_weights_of_a_url_that_stands_twice)
{
	struct server_set servers;

	server_set_start(&servers,
		conf_text_load(CONF("[http://10.0.0.1, { url: http://10.0.0.1, weight: 2 "
				    "}]")));
	expect_members(&servers, "http://10.0.0.1");
	cr_expect_eq(servers.set->upstreams[0].members[0].weight, 3);
	server_set_finish(&servers);
}

Test(directory, names_what_it_cannot_read)
{
	struct conf *conf =
		conf_text_load("listeners: [{ address: 127.0.0.1:0 }]\n"
			       "routes: [{ to: app }]\n"
			       "upstreams: { app: { servers: [https://10.0.0.1], "
			       "tls: { ca: /nonexistent/ca.pem } } }\n");
	struct names *names = names_create(NULL, NULL, NULL);
	cr_assert_not_null(names);
	struct directory *directory = directory_create(names);
	cr_assert_not_null(directory);
	struct buf text = BUF_INIT;

	cr_expect_null(directory_build(directory, conf, NULL, &text));
	buf_append(&text, "", 1);
	cr_expect_not_null(strstr(text.data, "/nonexistent/ca.pem"), "%s", text.data);
	buf_finish(&text);
	directory_destroy(directory);
	names_destroy(names);
	conf_unref(conf);
}
