// SPDX-License-Identifier: MIT
// Access lines: fields, quotes and escapes.
#include "wherry/base/log.h"

#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "log_folder.h"

static void build(struct buf *line, enum log_format format, struct str value)
{
	log_line_begin(line, format);
	log_field_str(line, "key", value);
	log_field_u64(line, "n", 42);
	log_line_end(line);
	buf_append(line, "", 1);
	cr_assert(!line->is_failed);
}

Test(log_line, quotes_and_escapes_in_text)
{
	static const struct {
		const char *value, *written;
	} rows[] = {
		{"plain", "plain"},
		{"", "-"},
		{"-", "\"-\""},
		{"two words", "\"two words\""},
		{"a=b", "\"a=b\""},
		{"a\"b", "\"a\\x22b\""},
		{"a\\b", "\"a\\x5Cb\""},
		{"a\nb", "a\\x0Ab"},
		{"\x1b]0;x\x07", "\\x1B]0;x\\x07"},
		{"caf\xe9", "caf\\xE9"},
	};
	struct buf line = BUF_INIT;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char expected[128];
		(void)snprintf(expected, sizeof(expected), "access key=%s n=42",
			rows[i].written);
		build(&line, LOG_FORMAT_TEXT, str_from(rows[i].value));
		cr_expect_str_eq(log_folder_after_time(line.data), expected);
	}
	buf_finish(&line);
}

Test(log_line, is_one_object_in_json)
{
	static const struct {
		struct str value;
		const char *written;
	} rows[] = {
		{{"plain", 5}, "plain"},
		{{NULL, 0}, ""},
		{{"/a \"b\\\0\xff", 8}, "/a \\\"b\\\\\\u0000\\u00FF"},
	};
	struct buf line = BUF_INIT;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char expected[128];
		(void)snprintf(expected, sizeof(expected),
			"\",\"type\":\"access\",\"key\":\"%s\",\"n\":42}",
			rows[i].written);
		build(&line, LOG_FORMAT_JSON, rows[i].value);
		cr_assert_eq(strncmp(line.data, "{\"time\":\"20", 11), 0);
		cr_expect_str_eq(strstr(line.data, "\",\"type"), expected);
	}
	buf_finish(&line);
}

Test(log_line, begins_anew_in_a_used_buffer)
{
	struct buf line = BUF_INIT;

	build(&line, LOG_FORMAT_JSON, STR("first"));
	build(&line, LOG_FORMAT_TEXT, STR("second"));
	cr_expect_str_eq(log_folder_after_time(line.data), "access key=second n=42");
	buf_finish(&line);
}

Test(log_line, lets_no_byte_break_a_line)
{
	char bytes[256];
	struct buf text = BUF_INIT, json = BUF_INIT;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)i;
	log_escape(&text, LOG_FORMAT_TEXT, (struct str){bytes, sizeof(bytes)});
	log_escape(&json, LOG_FORMAT_JSON, (struct str){bytes, sizeof(bytes)});
	for (size_t i = 0; i < text.length; i++)
		cr_expect(text.data[i] >= 0x20 && text.data[i] < 0x7f &&
			  text.data[i] != '"');
	for (size_t i = 0; i < json.length; i++)
		cr_expect(json.data[i] >= 0x20 && json.data[i] < 0x7f);
	// 163 bytes have an escape of their own; in JSON two of these are short.
	cr_expect_eq(text.length, 93 + 163 * 4);
	cr_expect_eq(json.length, 93 + 161 * 6 + 2 * 2);
	buf_finish(&text);
	buf_finish(&json);
}

Test(log_line, cuts_long_values_before_it_escapes)
{
	char value[3000];
	struct buf line = BUF_INIT;

	memset(value, '\n', sizeof(value));
	log_line_begin(&line, LOG_FORMAT_TEXT);
	size_t before = line.length;
	log_field_str(&line, "k", (struct str){value, sizeof(value)});
	cr_expect_eq(line.length - before, strlen(" k=") + 1024 * strlen("\\x0A"));
	buf_finish(&line);
}
