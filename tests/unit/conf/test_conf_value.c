// SPDX-License-Identifier: MIT
#include "wherry/conf/conf_value.h"

#include <criterion/criterion.h>

typedef bool (*parse_cb)(struct str text, uint64_t *ret_value);

struct row {
	const char *name;
	parse_cb parse;
	const char *text;
	bool is_good;
	uint64_t value;
};

static const struct row rows[] = {
	// good
	{"number", conf_value_parse_number, "0", true, 0},
	{"largest number", conf_value_parse_number, "18446744073709551615", true,
		UINT64_MAX},
	{"too large number", conf_value_parse_number, "18446744073709551616", true,
		UINT64_MAX},
	{"much too large", conf_value_parse_number, "999999999999999999999999", true,
		UINT64_MAX},
	{"size without unit", conf_value_parse_size, "240", true, 240},
	{"bytes", conf_value_parse_size, "240B", true, 240},
	{"KiB", conf_value_parse_size, "64KiB", true, 65536},
	{"MiB", conf_value_parse_size, "16MiB", true, 16777216},
	{"GiB", conf_value_parse_size, "1GiB", true, 1073741824},
	{"TiB", conf_value_parse_size, "2TiB", true, UINT64_C(2199023255552)},
	{"too large size", conf_value_parse_size, "99999999999TiB", true, UINT64_MAX},
	{"milliseconds", conf_value_parse_duration, "500ms", true, 500},
	{"seconds", conf_value_parse_duration, "5s", true, 5000},
	{"minutes", conf_value_parse_duration, "5m", true, 300000},
	{"hours", conf_value_parse_duration, "1h", true, 3600000},
	{"too long duration", conf_value_parse_duration, "18446744073709551615h", true,
		UINT64_MAX},
	// bad
	{"empty number", conf_value_parse_number, "", false, 0},
	{"sign", conf_value_parse_number, "-1", false, 0},
	{"plus", conf_value_parse_number, "+1", false, 0},
	{"hexadecimal", conf_value_parse_number, "0x10", false, 0},
	{"fraction", conf_value_parse_number, "1.5", false, 0},
	{"space before", conf_value_parse_number, " 1", false, 0},
	{"unit alone", conf_value_parse_size, "KiB", false, 0},
	{"decimal unit", conf_value_parse_size, "10MB", false, 0},
	{"small letters", conf_value_parse_size, "10kib", false, 0},
	{"space between", conf_value_parse_size, "10 KiB", false, 0},
	{"two units", conf_value_parse_size, "1MiBKiB", false, 0},
	{"duration without unit", conf_value_parse_duration, "10", false, 0},
	{"days", conf_value_parse_duration, "1d", false, 0},
	{"two parts", conf_value_parse_duration, "1m30s", false, 0},
	{"empty duration", conf_value_parse_duration, "", false, 0},
};

Test(conf_value, parses_digits_and_unit)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		uint64_t value = 0;
		bool is_good = row->parse(str_from(row->text), &value);
		cr_expect_eq(is_good, row->is_good, "%s", row->name);
		if (is_good)
			cr_expect_eq(value, row->value, "%s", row->name);
	}
}

Test(conf_value, formats_with_largest_whole_unit)
{
	char text[CONF_VALUE_TEXT_SIZE];
	cr_expect_str_eq(conf_value_format_size(0, text), "0B");
	cr_expect_str_eq(conf_value_format_size(1023, text), "1023B");
	cr_expect_str_eq(conf_value_format_size(65536, text), "64KiB");
	cr_expect_str_eq(conf_value_format_size(UINT64_C(1) << 50, text), "1024TiB");
	cr_expect_str_eq(
		conf_value_format_size(UINT64_MAX, text), "18446744073709551615B");
	cr_expect_str_eq(conf_value_format_duration(0, text), "0s");
	cr_expect_str_eq(conf_value_format_duration(1500, text), "1500ms");
	cr_expect_str_eq(conf_value_format_duration(90000, text), "90s");
	cr_expect_str_eq(conf_value_format_duration(86400000, text), "24h");
}

struct rate_row {
	const char *text;
	bool is_good;
	struct rate_limit limit;
};

static const struct rate_row rate_rows[] = {
	// good
	{"100/s", true, {100, 1000, 100}},
	{"30/m", true, {30, 60000, 30}},
	{"1/h", true, {1, 3600000, 1}},
	{"100/s burst 20", true, {100, 1000, 20}},
	{"0/s", true, {0, 1000, 0}},
	// bad
	{"", false, {0}},
	{"100", false, {0}},
	{"100/", false, {0}},
	{"/s", false, {0}},
	{"100/d", false, {0}},
	{"100/ms", false, {0}},
	{"100 / s", false, {0}},
	{"100r/s", false, {0}},
	{"100/s burst", false, {0}},
	{"100/s burst ", false, {0}},
	{"100/s burst x", false, {0}},
	{"100/s burst 5 6", false, {0}},
	{"100/s  burst 5", false, {0}},
	{"-1/s", false, {0}},
};

Test(conf_value, parses_rates)
{
	for (size_t i = 0; i < sizeof(rate_rows) / sizeof(rate_rows[0]); i++) {
		const struct rate_row *row = &rate_rows[i];
		struct rate_limit limit;
		bool is_good = conf_value_parse_rate(str_from(row->text), &limit);
		cr_expect_eq(is_good, row->is_good, "\"%s\"", row->text);
		if (!is_good || !row->is_good)
			continue;
		cr_expect_eq(limit.count, row->limit.count, "\"%s\"", row->text);
		cr_expect_eq(limit.period_ms, row->limit.period_ms, "\"%s\"", row->text);
		cr_expect_eq(limit.burst, row->limit.burst, "\"%s\"", row->text);
	}
}
