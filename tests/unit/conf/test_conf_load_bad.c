// SPDX-License-Identifier: MIT
// Mistakes: what is said about them, and where.
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "data_file.h"

#include "wherry/conf/conf_load.h"

// The diagnostics of a text that can't be loaded, terminated.
static struct conf_diag load_bad(const char *name, struct str text)
{
	struct conf_diag diag;
	conf_diag_init(&diag);
	struct conf *conf = conf_load_text(name, text, &diag);
	cr_expect_null(conf, "%s", name);
	buf_append(&diag.text, "", 1);
	return diag;
}

static void expect_diagnostics(const char *path, const char *name)
{
	char expected_path[1024];
	(void)snprintf(expected_path, sizeof(expected_path), "%.*s.expected",
		(int)(strlen(path) - strlen(".yaml")), path);
	struct buf text = data_file_read(path);
	struct buf expected = data_file_read(expected_path);
	struct conf_diag diag = load_bad(name, buf_str(&text));
	cr_expect_str_eq(diag.text.data, expected.data, "%s: %s", name, diag.text.data);
	conf_diag_finish(&diag);
	buf_finish(&text);
	buf_finish(&expected);
}

Test(conf_load_bad, says_all_mistakes_of_each_bad_file)
{
	cr_expect_geq(data_file_each(TEST_DATA "/bad", expect_diagnostics), 30);
}

Test(conf_load_bad, says_ten_mistakes_in_one_run)
{
	struct buf text = data_file_read(TEST_DATA "/bad/ten-mistakes.yaml");
	struct conf_diag diag = load_bad("t", buf_str(&text));
	cr_expect_eq(diag.count, 10);
	conf_diag_finish(&diag);
	buf_finish(&text);
}

Test(conf_load_bad, says_why_a_file_can_not_be_read)
{
	static const struct {
		const char *path;
		const char *expected;
	} rows[] = {
		{"/nonexistent/a.yaml", "/nonexistent/a.yaml: can't be read: No such "
					"file or directory\n"},
		{"/", "/: can't be read: Is a directory\n"},
		{"/dev/zero",
			"/dev/zero: the file is too long (expected at most 1MiB)\n"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct conf_diag diag;
		conf_diag_init(&diag);
		cr_expect_null(conf_load_file(rows[i].path, &diag));
		cr_expect_eq(diag.count, 1);
		buf_append(&diag.text, "", 1);
		cr_expect_str_eq(diag.text.data, rows[i].expected);
		conf_diag_finish(&diag);
	}
}

Test(conf_load_bad, suggests_the_nearest_key)
{
	static const struct {
		const char *key;
		const char *suggestion; // NULL: none
	} rows[] = {
		{"wrokers", "workers"},
		{"worker", "workers"},
		{"Workers", "workers"},
		{"trusted-proxy", "trusted_proxies"},
		{"route", "routes"},
		{"lgo", "log"},
		{"limit", "limits"},
		{"upstraem", "upstreams"},
		{"x", NULL},
		{"abc", NULL},
		{"servers", NULL},
		{"loglevelloglevelloglevelloglevelloglevelloglevelloglevel", NULL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[256];
		char line[256];
		(void)snprintf(text, sizeof(text),
			"{listeners: [{address: ':1'}], routes: [{redirect: {to: /}}], "
			"%s: 1}",
			rows[i].key);
		(void)snprintf(line, sizeof(line),
			rows[i].suggestion
				? "unknown key \"%s\", did you mean \"%s\"?\n"
				: "unknown key \"%s\" (expected one of workers",
			rows[i].key, rows[i].suggestion);
		struct conf_diag diag = load_bad("t", str_from(text));
		cr_expect_eq(diag.count, 1);
		cr_expect_not_null(strstr(diag.text.data, line), "%s", diag.text.data);
		conf_diag_finish(&diag);
	}
}

Test(conf_load_bad, bounds_how_many_items_there_are)
{
	struct buf text = BUF_INIT;
	buf_append_str(&text, STR("routes: [{redirect: {to: /}}]\nlisteners:\n"));
	for (int i = 1; i <= 257; i++)
		buf_printf(&text, "- address: ':%d'\n", i);
	struct conf_diag diag = load_bad("t", buf_str(&text));
	cr_expect_str_eq(diag.text.data, "t:3:1: listeners: more than 256 items\n");
	conf_diag_finish(&diag);
	buf_finish(&text);
}

// Whatever a half-written file holds: an answer, and never both or neither.
static void expect_survives_truncation(const char *path, const char *name)
{
	struct buf text = data_file_read(path);
	for (size_t length = 0; length <= text.length; length++) {
		struct conf_diag diag;
		conf_diag_init(&diag);
		struct str begin = {text.data, length};
		struct conf *conf = conf_load_text(name, begin, &diag);
		cr_expect_eq(conf != NULL, diag.count == 0, "%s: %zu", name, length);
		conf_unref(conf);
		conf_diag_finish(&diag);
	}
	buf_finish(&text);
}

Test(conf_load_bad, survives_truncation_at_every_byte)
{
	expect_survives_truncation(TEST_DATA "/good/everything.yaml", "everything");
	expect_survives_truncation(TEST_DATA "/bad/ten-mistakes.yaml", "ten-mistakes");
	expect_survives_truncation(TEST_DATA "/bad/headers.yaml", "headers");
}

// Each byte in turn becomes one that means something to YAML.
Test(conf_load_bad, survives_any_byte_replaced)
{
	static const char bytes[] = {'\0', '\n', ':', '{', '[', '-', '"', '&', '\xff'};
	struct buf text = data_file_read(TEST_DATA "/bad/ten-mistakes.yaml");
	for (size_t at = 0; at < text.length; at++) {
		char original = text.data[at];
		for (size_t i = 0; i < sizeof(bytes); i++) {
			struct conf_diag diag;
			conf_diag_init(&diag);
			text.data[at] = bytes[i];
			struct conf *conf = conf_load_text("t", buf_str(&text), &diag);
			cr_expect_eq(conf != NULL, diag.count == 0);
			conf_unref(conf);
			conf_diag_finish(&diag);
		}
		text.data[at] = original;
	}
	buf_finish(&text);
}
