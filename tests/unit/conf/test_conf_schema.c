// SPDX-License-Identifier: MIT
#include "wherry/conf/conf_schema.h"

#include <string.h>

#include <criterion/criterion.h>

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

// How many rows stand before this one, of all parts; before NULL stand all.
static size_t rows_before(const struct conf_schema_key *key)
{
	size_t count = 0;
	const struct conf_schema_key *row = NULL;
	while ((row = conf_schema_next_row(row)) != key)
		count++;
	return count;
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
	cr_expect_lt(rows_before(from), rows_before(key),
		"%s is loaded before its default", key->path);
}

Test(conf_schema, has_consistent_rows_that_all_hang_together)
{
	cr_expect_eq(visit_all("", visit_key), rows_before(NULL),
		"each row is below another one");
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
