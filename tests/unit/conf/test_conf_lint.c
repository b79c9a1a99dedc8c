// SPDX-License-Identifier: MIT
// Warnings: what is said about what is hardly meant, and where; and that what is meant
// gets none.
#include "wherry/conf/conf_lint.h"

#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "data_file.h"

#include "wherry/conf/conf_load.h"

static struct conf *load(const char *path, const char *name)
{
	struct conf_diag diag;
	conf_diag_init(&diag);
	struct buf text = data_file_read(path);
	struct conf *conf = conf_load_text(name, buf_str(&text), &diag);
	cr_assert_not_null(conf, "%.*s", STR_ARG(buf_str(&diag.text)));
	buf_finish(&text);
	conf_diag_finish(&diag);
	return conf;
}

static void expect_warnings(const char *path, const char *name)
{
	char expected_path[1024];
	(void)snprintf(expected_path, sizeof(expected_path), "%.*s.expected",
		(int)(strlen(path) - strlen(".yaml")), path);
	struct buf expected = data_file_read(expected_path);
	struct conf *conf = load(path, name);
	cr_expect_str_eq(conf->warnings, expected.data, "%s: %s", name, conf->warnings);
	conf_unref(conf);
	buf_finish(&expected);
}

Test(conf_lint, says_what_is_hardly_meant)
{
	cr_expect_eq(data_file_each(TEST_DATA "/lint", expect_warnings), 4);
}

static void expect_none(const char *path, const char *name)
{
	struct conf *conf = load(path, name);
	cr_expect_str_empty(conf->warnings, "%s: %s", name, conf->warnings);
	conf_unref(conf);
}

Test(conf_lint, finds_nothing_in_the_examples)
{
	cr_expect_gt(data_file_each(TEST_CONFIG, expect_none), 0);
	cr_expect_gt(data_file_each(TEST_CONFIG "/examples", expect_none), 5);
}
