// SPDX-License-Identifier: MIT
// The path on its way to the backend, and the backend's paths on their way back.
#include <stdio.h>

#include <criterion/criterion.h>

#include "conf_text.h"
#include "http_head.h"
#include "wherry/base/buf.h"
#include "wherry/proxy/route.h"

#define COUNT(rows) (sizeof(rows) / sizeof(*(rows)))

static struct conf *load(const char *paths, const char *path)
{
	char text[512];

	(void)snprintf(text, sizeof(text),
		"listeners: [{ address: 127.0.0.1:0 }]\n"
		"upstreams: { app: { servers: [http://127.0.0.1:9000] } }\n"
		"paths: { %s }\n"
		"routes: [{ to: app, path: { %s } }]\n",
		paths, path);
	return conf_text_load(text);
}

struct row {
	const char *path; // of the route's configuration
	const char *target;
	const char *expected;
};

static const struct row ROWS[] = {
	// The client's own bytes, unless a prefix is changed.
	{"", "/a/%7Eb//c;x?q=%2F", "/a/%7Eb//c;x?q=%2F"},
	{"", "/", "/"},
	{"", "/x?", "/x?"},
	{"strip: /shop", "/shop/cart?a=1", "/cart?a=1"},
	{"strip: /shop", "/shop/", "/"},
	{"strip: /shop", "/shop", "/"},
	{"strip: /shop", "/shop?a=1", "/?a=1"},
	{"strip: /shop", "/shopping", "/shopping"},
	{"strip: /shop", "/other/shop/x", "/other/shop/x"},
	{"strip: /shop", "/shop/%7Ejoe", "/%7Ejoe"},
	{"strip: /shop", "/shop//evil", "//evil"},
	// The prefix is there in another spelling only.
	{"strip: /shop", "/%73hop/%7Ejoe", "/~joe"},
	{"strip: /shop", "/x/../shop/a", "/a"},
	{"add: /legacy", "/cart", "/legacy/cart"},
	{"add: /legacy", "/", "/legacy/"},
	{"strip: /shop, add: /legacy", "/shop/cart", "/legacy/cart"},
	{"strip: /shop, add: /legacy", "/shop", "/legacy/"},
	{"strip: /shop, add: /legacy", "/other", "/other"},
};

static void expect_target(const char *paths, const struct row *row)
{
	static struct http_head head;
	static struct route_choice choice;
	struct conf *conf = load(paths, row->path);
	struct buf target = BUF_INIT;
	char lines[128];

	(void)snprintf(lines, sizeof(lines), "GET %s HTTP/1.1\nHost: x\n", row->target);
	http_head_read(&head, HTTP_REQUEST, lines);
	route_choose(conf, &head.message, false, &choice);
	cr_assert_eq(choice.status, 0, "%s", row->target);
	route_write_target(&target, conf, &choice, &head.message);
	cr_expect(str_equal(buf_str(&target), str_from(row->expected)),
		"{ %s } %s: %.*s, not %s", row->path, row->target,
		STR_ARG(buf_str(&target)), row->expected);
	buf_finish(&target);
	conf_unref(conf);
}

Test(route_target, is_what_the_client_sent_with_its_prefix_changed)
{
	for (size_t i = 0; i < COUNT(ROWS); i++)
		expect_target("", &ROWS[i]);
}

Test(route_target, is_canonical_where_that_is_configured)
{
	static const struct row CANONICAL[] = {
		{"", "/a/%7eb/./c?q=%7e", "/a/~b/c?q=%7e"},
		{"strip: /shop", "/shop/x/../%7ejoe", "/~joe"},
	};

	for (size_t i = 0; i < COUNT(CANONICAL); i++)
		expect_target("forward: canonical", &CANONICAL[i]);
}

Test(route_target, is_mapped_back)
{
	static const struct row BACK[] = {
		{"", "/a", "/a"},
		{"strip: /shop", "/a", "/shop/a"},
		{"strip: /shop", "/", "/shop/"},
		{"add: /legacy", "/legacy/a", "/a"},
		{"add: /legacy", "/legacy", "/"},
		{"add: /legacy", "/legacyx", "/legacyx"},
		{"add: /legacy", "/elsewhere", "/elsewhere"},
		{"strip: /shop, add: /legacy", "/legacy/a", "/shop/a"},
		{"strip: /shop, add: /legacy", "/other", "/other"},
	};

	for (size_t i = 0; i < COUNT(BACK); i++) {
		const struct row *row = &BACK[i];
		struct conf *conf = load("", row->path);
		struct buf path = BUF_INIT;

		route_write_path_back(&path, &conf->routes[0], str_from(row->target));
		cr_expect(str_equal(buf_str(&path), str_from(row->expected)),
			"{ %s } %s: %.*s", row->path, row->target,
			STR_ARG(buf_str(&path)));
		buf_finish(&path);
		conf_unref(conf);
	}
}
