// SPDX-License-Identifier: MIT
// Paths that can be read in several ways: all must lead to the same route (SECURITY T28).
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "conf_text.h"
#include "http_head.h"
#include "wherry/proxy/route.h"

#define COUNT(rows) (sizeof(rows) / sizeof(*(rows)))

#define HEAD                                                                             \
	"listeners: [{ address: 127.0.0.1:0 }]\n"                                        \
	"upstreams: { app: { servers: [http://127.0.0.1:9000] } }\n"

static const char PATHS_CONF[] = HEAD "routes:\n"
				      "  - { name: a, match: { path: /a/ }, to: app }\n"
				      "  - { name: rest, to: app }\n";

struct path_row {
	const char *path;
	const char *route;     // NULL: refused with 400
	const char *canonical; // if it is not
};

static const struct path_row PATH_ROWS[] = {
	// All readings agree.
	{"/a/b", "a", "/a/b"},
	{"/a/%62", "a", "/a/b"},
	{"/a/b;x=1", "a", "/a/b;x=1"},
	{"/a//b", "a", "/a//b"},
	{"/a/./b/../c", "a", "/a/c"},
	{"/a/%e4", "a", "/a/%E4"},
	{"/.well-known/x", "rest", "/.well-known/x"},
	{"/...", "rest", "/..."},
	{"/x;y/z", "rest", "/x;y/z"},
	{"//x", "rest", "//x"},
	// Some reader would take the other route.
	{"/%61/b", NULL, NULL},
	{"//a/b", NULL, NULL},
	{"/x/../a/b", NULL, NULL},
	{"/a/../b", NULL, NULL},
	{"/a/%2e%2e/b", NULL, NULL},
	{"/a;x/b", NULL, NULL},
	{"/a/..;/b", NULL, NULL},
	{"/x//../a/b", NULL, NULL},
	{"/;x/a/b", NULL, NULL},
	// Only who merges slashes, but keeps parameters.
	{"/x//../a/..;y", NULL, NULL},
	// Only who decodes, but keeps dots.
	{"/%61/../b", NULL, NULL},
	// Not a path.
	{"/a/../../b", NULL, NULL},
	{"/..", NULL, NULL},
	{"/a/%2fb", NULL, NULL},
	{"/a/%5cb", NULL, NULL},
	{"/a/%00", NULL, NULL},
	{"/a/%0d%0a", NULL, NULL},
	{"/a/%zz", NULL, NULL},
	{"/a/%4", NULL, NULL},
	{"/a/%c0%ae%c0%ae/b", NULL, NULL},
};

static const struct route_choice *choose(const struct conf *conf, const char *path)
{
	static struct http_head head;
	static struct route_choice choice;
	char lines[256];

	(void)snprintf(lines, sizeof(lines), "GET %s HTTP/1.1\nHost: x\n", path);
	http_head_read(&head, HTTP_REQUEST, lines);
	route_choose(conf, &head.message, false, &choice);
	return &choice;
}

static void expect_reading(const struct conf *conf, const struct path_row *row)
{
	const struct route_choice *choice = choose(conf, row->path);

	cr_expect_eq(choice->status, row->route ? 0 : 400, "%s: %u", row->path,
		choice->status);
	if (!row->route || !choice->route) {
		cr_expect_null(choice->route, "%s", row->path);
		return;
	}
	cr_expect_str_eq(choice->route->name, row->route, "%s", row->path);
	cr_expect(str_equal(choice->path, str_from(row->canonical)), "%s: %.*s",
		row->path, STR_ARG(choice->path));
}

Test(route, is_the_same_for_every_reading_of_the_path)
{
	struct conf *conf = conf_text_load(PATHS_CONF);

	for (size_t i = 0; i < COUNT(PATH_ROWS); i++)
		expect_reading(conf, &PATH_ROWS[i]);
	conf_unref(conf);
}

Test(route, reads_slashes_as_configured)
{
	struct conf *conf =
		conf_text_load(HEAD "paths: { merge_slashes: true }\n"
				    "routes:\n"
				    "  - { name: a, match: { path: /a/ }, to: app }\n"
				    "  - { name: rest, to: app }\n");
	const struct route_choice *choice = choose(conf, "/a//b");

	cr_expect_eq(choice->status, 0);
	cr_expect(str_equal(choice->path, STR("/a/b")));
	cr_expect_eq(choose(conf, "//a/b")->status, 400);
	conf_unref(conf);
}

// Even where they are allowed, some backends take them for slashes, and some do not.
Test(route, reads_encoded_slashes_both_ways)
{
	static const struct path_row ROWS[] = {
		{"/@scope%2fname", "rest", "/@scope%2Fname"},
		{"/a/b%2fc", "a", "/a/b%2Fc"},
		{"/a/b%2f..%2fc", "a", "/a/b%2F..%2Fc"},
		{"/a%2fb", NULL, NULL},
		{"/%2fa/b", NULL, NULL},
		{"/x%2f..%2fa%2fb", NULL, NULL},
		{"/a/%2e%2e%2fb", NULL, NULL},
		{"/x/..%5ca/b", NULL, NULL},
		{"/x%2f..%2f..%2fb", NULL, NULL},
	};
	struct conf *conf =
		conf_text_load(HEAD "paths: { encoded_slash: allow }\n"
				    "routes:\n"
				    "  - { name: a, match: { path: /a/ }, to: app }\n"
				    "  - { name: rest, to: app }\n");

	for (size_t i = 0; i < COUNT(ROWS); i++)
		expect_reading(conf, &ROWS[i]);
	conf_unref(conf);
}

// T28: no spelling of a guarded path leads past its guard, whatever its reader makes of
// it; so none takes the route of all the rest.
static const char *const BEFORE[] = {"/", "//", "///", "/./", "/%2e/", "/x/../",
	"/x/%2e%2e/", "/x/.%2E/", "/;p/", "/x;p/../", "/x/..;p/", "/x//../", "/x/./../",
	"/x/y/../../", "/%78/../"};
static const char *const SPELLED[] = {
	"admin", "%61dmin", "adm%69n", "%61%64%6d%69%6e", "%61%64%6D%69%6E", "a%64min"};
static const char *const BEHIND[] = {"", ";x", ";x=1;y", "/", "/.", "/./", "/x/..", "/;x",
	"//", "/%2e", "?x", "/x?/../"};
// Refused before any route is looked for.
static const char *const NEVER[] = {"/%2fadmin", "/x%2f..%2fadmin", "/%5cadmin",
	"/x/%2e%2e%2fadmin", "/admin%00", "/admin%0a", "/%c0%afadmin",
	"/x/%c0%ae%c0%ae/admin", "/%e0%80%afadmin", "/admin%2f", "/admin%5c", "/admin%",
	"/admin%6", "/../admin", "/..;/admin", "/%2e%2e/admin"};

static void expect_guarded(const struct conf *conf, const char *path, size_t *passed)
{
	const struct route_choice *choice = choose(conf, path);

	if (choice->status == 0) {
		++*passed;
		cr_expect_str_eq(choice->route->name, "admin", "%s", path);
	} else {
		cr_expect_eq(choice->status, 400, "%s: %u", path, choice->status);
	}
}

Test(route, leads_no_spelling_of_a_path_past_its_route)
{
	struct conf *conf = conf_text_load(
		HEAD "routes:\n"
		     "  - { name: admin, match: { path: /admin }, to: app }\n"
		     "  - { name: admin, match: { path: /admin/ }, to: app }\n"
		     "  - { name: rest, to: app }\n");
	size_t spellings = COUNT(BEFORE) * COUNT(SPELLED) * COUNT(BEHIND), passed = 0;
	char path[128];

	for (size_t i = 0; i < spellings; i++) {
		size_t rest = i / COUNT(BEFORE);

		(void)snprintf(path, sizeof(path), "%s%s%s", BEFORE[i % COUNT(BEFORE)],
			SPELLED[rest % COUNT(SPELLED)], BEHIND[rest / COUNT(SPELLED)]);
		expect_guarded(conf, path, &passed);
	}
	cr_expect_geq(spellings, 1000);
	cr_expect(passed > 0 && passed < spellings / 10, "%zu passed", passed);
	for (size_t i = 0; i < COUNT(NEVER); i++)
		cr_expect_eq(choose(conf, NEVER[i])->status, 400, "%s", NEVER[i]);
	conf_unref(conf);
}
