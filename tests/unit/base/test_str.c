// SPDX-License-Identifier: MIT
// Slices: comparing, trimming, lists and numbers.
#include "wherry/base/str.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

static const struct str none = {0};

Test(str, compares_bytes)
{
	cr_expect(str_equal(STR("Host"), str_from("Host")));
	cr_expect(!str_equal(STR("Host"), STR("host")));
	cr_expect(!str_equal(STR("Host"), STR("Hos")));
	cr_expect(str_equal(none, STR("")));
	cr_expect(!str_equal(STR("a\0b"), STR("a\0c")), "bytes behind a NUL count");
}

Test(str, compares_ascii_letters_without_case)
{
	cr_expect(str_equal_nocase(STR("Content-Length"), STR("cONTENT-lENGTH")));
	cr_expect(str_equal_nocase(none, STR("")));
	cr_expect(!str_equal_nocase(STR("a"), STR("ab")));
	cr_expect(!str_equal_nocase(STR("@"), STR("`")), "0x40 and 0x60 are no letters");
	cr_expect(!str_equal_nocase(STR("["), STR("{")));
	cr_expect(!str_equal_nocase(STR("\xc4"), STR("\xe4")), "nor are Latin-1 umlauts");
}

Test(str, finds_prefix_and_suffix)
{
	cr_expect(str_has_prefix(STR("/api/x"), STR("/api/")));
	cr_expect(str_has_prefix(STR("/api"), none));
	cr_expect(str_has_prefix(none, none));
	cr_expect(!str_has_prefix(STR("/api"), STR("/api/")));
	cr_expect(!str_has_prefix(none, STR("/")));
	cr_expect(str_has_prefix_nocase(STR("Text/HTML"), STR("text/")));
	cr_expect(str_has_prefix_nocase(none, none));
	cr_expect(!str_has_prefix_nocase(STR("text"), STR("text/")));
	cr_expect(str_has_suffix_nocase(STR("a.EXAMPLE.com"), STR(".example.com")));
	cr_expect(str_has_suffix_nocase(none, none));
	cr_expect(!str_has_suffix_nocase(STR("com"), STR(".com")));
	cr_expect(!str_has_suffix_nocase(STR("a.com.evil"), STR(".com")));
}

Test(str, trims_blanks_only)
{
	cr_expect(str_equal(str_trim(STR(" \t a b\t ")), STR("a b")));
	cr_expect(str_equal(str_trim(STR(" \t")), none));
	cr_expect(str_equal(str_trim(none), none));
	cr_expect(str_equal(str_trim(STR("\va\r")), STR("\va\r")));
}

Test(str, walks_lists)
{
	static const struct {
		const char *list;
		const char *items[4]; // up to a NULL
	} rows[] = {
		{"a", {"a"}},
		{"a,b", {"a", "b"}},
		{" a\t, b c ,d", {"a", "b c", "d"}},
		{",, a ,,b,", {"a", "b"}},
		{"", {NULL}},
		{" , ,", {NULL}},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str list = str_from(rows[i].list);
		struct str item;
		size_t count = 0;

		while (str_next_item(&list, &item)) {
			cr_assert_not_null(rows[i].items[count], "%s", rows[i].list);
			cr_expect(str_equal(item, str_from(rows[i].items[count])), "%s",
				rows[i].list);
			count++;
		}
		cr_expect_null(rows[i].items[count], "%s", rows[i].list);
	}
}

Test(str, is_cut_in_pieces)
{
	struct str rest = STR("sha256=a,,b");
	cr_expect_not(str_cut_prefix(&rest, STR("sha1=")));
	cr_expect(str_cut_prefix(&rest, STR("sha256=")));
	cr_expect(str_equal(str_cut_until(&rest, ','), STR("a")));
	cr_expect(str_equal(str_cut_until(&rest, ','), STR("")));
	cr_expect(str_equal(rest, STR("b")));
	cr_expect(str_equal(str_cut_until(&rest, ','), STR("b")));
	cr_expect(str_equal(str_cut_until(&rest, ','), STR("")));
	cr_expect_eq(str_cut_until(&(struct str){NULL, 0}, ',').length, 0);
}

Test(str, reads_hex_digits)
{
	static const char DIGITS[] = "0123456789abcdefABCDEF", BAD[] = "/:@G`g \xe1";
	for (int i = 0; DIGITS[i]; i++)
		cr_expect_eq(str_hex_value(DIGITS[i]), i < 16 ? i : i - 6, "%d", i);
	for (size_t i = 0; i < sizeof(BAD); i++)
		cr_expect_eq(str_hex_value(BAD[i]), -1, "%zu", i);
}

Test(str, reads_plain_decimal_numbers)
{
	static const struct {
		const char *text;
		uint64_t max;
		bool is_good;
		uint64_t value;
	} rows[] = {
		{"0", 0, true, 0},
		{"007", 9, true, 7},
		{"65535", 65535, true, 65535},
		{"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
		// bad
		{"65536", 65535, false, 0},
		{"18446744073709551616", UINT64_MAX, false, 0},
		{"99999999999999999999", UINT64_MAX, false, 0},
		{"", 9, false, 0},
		{"+1", 9, false, 0},
		{"-1", 9, false, 0},
		{" 1", 9, false, 0},
		{"1 ", 9, false, 0},
		{"0x1", 9, false, 0},
		{"1_0", 99, false, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t value = 0;
		bool is_good = str_parse_u64(str_from(rows[i].text), rows[i].max, &value);

		cr_expect_eq(is_good, rows[i].is_good, "%s", rows[i].text);
		cr_expect_eq(value, rows[i].value, "%s", rows[i].text);
	}
}

Test(str, copies_and_terminates)
{
	char *copy = str_copy((struct str){"abcdef", 3});
	char *empty = str_copy(none);

	cr_assert(copy && empty);
	cr_expect_str_eq(copy, "abc");
	cr_expect_str_eq(empty, "");
	free(copy);
	free(empty);
}
