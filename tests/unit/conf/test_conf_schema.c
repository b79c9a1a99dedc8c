// SPDX-License-Identifier: MIT
#include "wherry/conf/conf_schema.h"

#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "wherry/conf/conf_schema_print.h"

typedef void (*visit_cb)(const struct conf_schema_key *key);

// Each key of the tree, a parent before its children; gives their number.
static size_t visit_all(const char *parent, visit_cb visit)
{
	size_t count = 0;
	const struct conf_schema_key *key = NULL;
	while ((key = conf_schema_next(parent, key)) != NULL) {
		visit(key);
		count += 1 + visit_all(key->items ? key->items : key->path, visit);
	}
	return count;
}

static size_t line_count(const struct buf *text)
{
	size_t count = 0;
	for (size_t i = 0; i < text->length; i++)
		count += text->data[i] == '\n';
	return count;
}

// Where its row stands in the table, of all its parts.
static size_t find_row(const char *path)
{
	struct buf lines = BUF_INIT;
	char start[128];
	(void)snprintf(start, sizeof(start), "\n%s\t", path);
	conf_schema_print_keys(&lines);
	const char *row = memmem(lines.data, lines.length, start, strlen(start));
	size_t at =
		row ? (size_t)(row - lines.data) : 0; // the first has no "\n" before it
	buf_finish(&lines);
	return at;
}

static void visit_key(const struct conf_schema_key *key)
{
	bool is_number = key->type == CONF_SCHEMA_INTEGER ||
			 key->type == CONF_SCHEMA_SIZE || key->type == CONF_SCHEMA_RATE ||
			 key->type == CONF_SCHEMA_DURATION;
	bool is_collection =
		key->type == CONF_SCHEMA_NAMED || key->type == CONF_SCHEMA_LIST;
	cr_expect_eq(conf_schema_find(key->path), key, "%s stands twice", key->path);
	cr_expect(key->help[0] != '\0', "%s has no help", key->path);
	cr_expect_null(strpbrk(key->help, "\t\n"), "%s", key->path);
	cr_expect_eq(is_number || is_collection, key->max > 0, "%s: range", key->path);
	cr_expect_leq(key->min, key->max, "%s: range", key->path);
	cr_expect_eq(is_collection, key->items != NULL && key->item_size > 0, "%s: items",
		key->path);
	if (key->type == CONF_SCHEMA_ENUM)
		cr_expect_not_null(key->words, "%s", key->path);
	if (key->type != CONF_SCHEMA_MAPPING)
		cr_expect_neq(key->field.size, CONF_SCHEMA_NO_FIELD, "%s", key->path);
	if (!key->default_from)
		return;
	const struct conf_schema_key *from = conf_schema_find(key->default_from);
	cr_assert_not_null(from, "%s", key->path);
	cr_expect_eq(from->type, key->type, "%s", key->path);
	cr_expect_eq(from->field.size, key->field.size, "%s", key->path);
	cr_expect_lt(find_row(from->path), find_row(key->path),
		"%s is loaded before its default", key->path);
}

Test(conf_schema, has_consistent_rows_that_all_hang_together)
{
	struct buf lines = BUF_INIT;
	size_t count = visit_all("", visit_key);
	conf_schema_print_keys(&lines);
	cr_expect_eq(count, line_count(&lines), "each row is below another one");
	buf_finish(&lines);
}

Test(conf_schema, finds_keys_by_path)
{
	const struct conf_schema_key *key =
		conf_schema_find("routes[].websocket.max_message");
	cr_assert_not_null(key);
	cr_expect_str_eq(conf_schema_leaf(key), "max_message");
	cr_expect_str_eq(conf_schema_leaf(conf_schema_find("workers")), "workers");
	cr_expect_null(conf_schema_find("routes[].websocket.max"));
	cr_expect_null(conf_schema_find(""));
	cr_expect_null(conf_schema_next("workers", NULL));
	cr_expect_null(conf_schema_next("rout", NULL));
}

Test(conf_schema, says_what_it_expects)
{
	static const struct {
		const char *path;
		const char *expected;
	} rows[] = {
		{"workers", "a number from 1 to 256 or auto"},
		{"limits.header", "a size from 1KiB to 256KiB"},
		{"drain.window", "a duration from 0s to 24h"},
		{"log.level", "error, warn, info or debug"},
		{"log.format", "text or json"},
		{"paths.merge_slashes", "true or false"},
		{"routes[].redirect.status", "301, 302, 303, 307 or 308"},
		{"routes[].host", "a host name, pass or backend"},
		{"log.access", "a path with a \"/\", stdout, stderr or off"},
	};
	char text[CONF_SCHEMA_TEXT_SIZE];
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_expect_str_eq(
			conf_schema_expected(conf_schema_find(rows[i].path), text),
			rows[i].expected, "%s", rows[i].path);
}

static bool has(const struct buf *text, const char *part)
{
	return memmem(text->data, text->length, part, strlen(part)) != NULL;
}

Test(conf_schema_print, prints_one_line_for_each_key)
{
	struct buf out = BUF_INIT;
	conf_schema_print_keys(&out);
	cr_expect(str_has_prefix(buf_str(&out), STR("workers\tinteger:auto\tauto\t")));
	cr_expect(has(&out, "\nlimits.exempt\tnetworks\t[127.0.0.0/8, ::1]\t"));
	cr_expect(has(&out, "\nroutes[].body\tsize\tlimits.body\tbody of a request\n"));
	cr_expect(has(&out, "\nupstreams.NAME.servers[].url\turl\t-\t"));
	buf_finish(&out);
}

Test(conf_schema_print, prints_json_schema)
{
	struct buf out = BUF_INIT;
	conf_schema_print_json(&out);
	cr_expect_not(out.is_failed);
	cr_expect(has(&out,
		"\"workers\":{\"description\":\"threads, each with its own event "
		"loop; auto is one for each CPU\",\"default\":\"auto\",\"anyOf\":"
		"[{\"enum\":[\"auto\"]},{\"type\":\"integer\",\"minimum\":1,"
		"\"maximum\":256}]}"));
	cr_expect(has(&out, "{\"enum\":[301,302,303,307,308]}"));
	cr_expect(has(&out, "\"default\":[\"127.0.0.0/8\",\"::1\"]"));
	cr_expect(has(&out, "\"required\":[\"listeners\",\"routes\"]}\n"));
	int depth = 0;
	for (size_t i = 0; i < out.length; i++) {
		depth += out.data[i] == '{' || out.data[i] == '[';
		depth -= out.data[i] == '}' || out.data[i] == ']';
	}
	// The patterns of sizes and durations hold pairs of brackets, too.
	cr_expect_eq(depth, 0);
	buf_finish(&out);
}
