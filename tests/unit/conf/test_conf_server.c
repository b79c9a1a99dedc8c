// SPDX-License-Identifier: MIT
// Servers that no file has, and what makes two entries differ.
#include "wherry/conf/conf_server.h"

#include <string.h>

#include <criterion/criterion.h>

static void expect_refused(const char *url, uint64_t weight, const char *error)
{
	struct buf text = BUF_INIT;

	cr_expect_null(conf_server_create(str_from(url), weight, &text));
	cr_expect(str_equal(buf_str(&text), str_from(error)), "%.*s",
		STR_ARG(buf_str(&text)));
	buf_finish(&text);
}

Test(conf_server, is_as_if_nothing_else_was_written)
{
	struct buf text = BUF_INIT;
	struct conf *conf = conf_server_create(STR("http://10.0.0.1:8080"), 3, &text);

	cr_assert_not_null(conf);
	const struct conf_server *server = &conf->upstreams[0].servers[0];
	cr_expect_str_eq(server->text, "http://10.0.0.1:8080");
	cr_expect_eq(server->url.port, 8080);
	cr_expect_eq(server->weight, 3);
	cr_expect_eq(server->max_connections, CONF_OFF);
	cr_expect_not(server->is_down);
	cr_expect_eq(text.length, 0);
	conf_unref(conf);
}

Test(conf_server, has_the_bounds_of_the_file)
{
	expect_refused("http://10.0.0.1", 0,
		"bad weight 0 (expected a number from 1 "
		"to 1000)");
	expect_refused("http://10.0.0.1", 1001,
		"bad weight 1001 (expected a number "
		"from 1 to 1000)");
	expect_refused("ftp://10.0.0.1", 1,
		"bad URL \"ftp://10.0.0.1\" (expected http://, "
		"https://, ws://, wss:// or unix:/path)");
	cr_expect_eq(conf_server_max_count(), 1000);
}

Test(conf_server, differs_by_each_of_its_keys)
{
	struct conf_header zone = {.name = "zone", .value = "a"};
	struct conf_server base = {.text = "http://a", .weight = 1};
	struct conf_server others[6];

	for (size_t i = 0; i < 6; i++)
		others[i] = base;
	cr_expect(conf_server_equal(&base, &others[0]));
	cr_expect(conf_server_equal(NULL, NULL));
	cr_expect_not(conf_server_equal(&base, NULL));
	others[0].text = "http://b";
	others[1].weight = 2;
	others[2].max_connections = 5;
	others[3].is_backup = true;
	others[4].is_down = true;
	others[5].labels = &zone;
	others[5].label_count = 1;
	for (size_t i = 0; i < 6; i++)
		cr_expect_not(conf_server_equal(&base, &others[i]), "%zu", i);
}

Test(conf_server, knows_a_url_however_it_is_written)
{
	static const struct {
		const char *a, *b;
		bool is_same;
	} rows[] = {
		{"http://App:80", "http://app", true},
		{"ws://app", "http://app", true},
		{"https://app", "http://app", false},
		{"http://app:81", "http://app", false},
		{"unix:/run/A", "unix:/run/a", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct url a, b;
		const char *expected;

		cr_assert(url_parse(str_from(rows[i].a), &a, &expected));
		cr_assert(url_parse(str_from(rows[i].b), &b, &expected));
		cr_expect_eq(conf_server_is_same_url(&a, &b), rows[i].is_same, "%s %s",
			rows[i].a, rows[i].b);
	}
}
