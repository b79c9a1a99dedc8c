// SPDX-License-Identifier: MIT
// The growing buffer and its sticky failure.
#include "wherry/base/buf.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

Test(buf, is_empty_at_first)
{
	struct buf buf = BUF_INIT;

	buf_append(&buf, NULL, 0);
	cr_expect_eq(buf_str(&buf).length, 0);
	cr_expect(!buf.is_failed);
	buf_finish(&buf);
}

Test(buf, appends_bytes_text_and_numbers)
{
	struct buf buf = BUF_INIT;

	buf_append(&buf, "a\0b", 3);
	buf_append_str(&buf, STR("-"));
	buf_append_u64(&buf, 0);
	buf_append_str(&buf, STR("-"));
	buf_append_u64(&buf, UINT64_MAX);
	buf_printf(&buf, " %s=%d", "x", -5);
	cr_expect(str_equal(buf_str(&buf), STR("a\0b-0-18446744073709551615 x=-5")));
	buf_finish(&buf);
	cr_expect_eq(buf.length, 0);
}

Test(buf, grows_byte_by_byte_without_losing_any)
{
	struct buf buf = BUF_INIT;

	for (size_t i = 0; i < 100000; i++) {
		char byte = (char)(i % 251);
		buf_append(&buf, &byte, 1);
	}
	cr_assert_eq(buf.length, 100000);
	for (size_t i = 0; i < buf.length; i++)
		cr_assert_eq(buf.data[i], (char)(i % 251));
	buf_finish(&buf);
}

Test(buf, prints_texts_of_any_length)
{
	struct buf buf = BUF_INIT;

	for (int width = 0; width < 600; width++) {
		buf_clear(&buf);
		buf_printf(&buf, "%*s|", width, "");
		cr_assert_eq(buf.length, (size_t)width + 1);
		cr_assert_eq(buf.data[width], '|');
	}
	buf_finish(&buf);
}

Test(buf, does_not_move_within_what_was_reserved)
{
	enum {
		RESERVED = 1000
	};
	struct buf buf = BUF_INIT;

	buf_append(&buf, "x", 1);
	buf_reserve(&buf, RESERVED);
	const char *before = buf.data;
	for (int i = 0; i < RESERVED; i++)
		buf_append(&buf, "y", 1);
	cr_expect_eq(buf.data, before);
	cr_expect_eq(buf.length, 1 + RESERVED);
	buf_reserve(&buf, BUF_LIMIT);
	cr_expect(buf.is_failed);
	buf_finish(&buf);
}

Test(buf, stays_failed_beyond_its_limit)
{
	struct buf buf = BUF_INIT;
	char *block = calloc(1, BUF_LIMIT);

	cr_assert_not_null(block);
	buf_append(&buf, block, BUF_LIMIT);
	cr_expect(!buf.is_failed);
	buf_append(&buf, block, 1);
	cr_expect(buf.is_failed);
	cr_expect_eq(buf.length, BUF_LIMIT, "the content stays");

	buf_clear(&buf);
	cr_expect(!buf.is_failed);
	buf_append_str(&buf, STR("a"));
	buf_append(&buf, block, BUF_LIMIT);
	buf_append_str(&buf, STR("b"));
	cr_expect(buf.is_failed);
	cr_expect(str_equal(buf_str(&buf), STR("a")), "nothing is appended once failed");
	free(block);
	buf_finish(&buf);
}
