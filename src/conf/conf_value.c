// SPDX-License-Identifier: MIT
// A value is digits and a unit; the units of each kind stand in a table.
#include "wherry/conf/conf_value.h"

#include <inttypes.h>
#include <stdio.h>

struct unit {
	const char *name;
	uint64_t factor;
};

// From the largest, for formatting.
static const struct unit sizes[] = {
	{"TiB", UINT64_C(1) << 40},
	{"GiB", UINT64_C(1) << 30},
	{"MiB", UINT64_C(1) << 20},
	{"KiB", UINT64_C(1) << 10},
	{"B", 1},
};
static const struct unit durations[] = {
	{"h", 3600000},
	{"m", 60000},
	{"s", 1000},
	{"ms", 1},
};

enum {
	SIZE_COUNT = sizeof(sizes) / sizeof(sizes[0]),
	DURATION_COUNT = sizeof(durations) / sizeof(durations[0])
};

// Cuts the digits off text; false if there are none.
static bool take_digits(struct str *text, uint64_t *ret_value)
{
	uint64_t value = 0;
	size_t at = 0;
	for (; at < text->length && text->data[at] >= '0' && text->data[at] <= '9';
		at++) {
		if (__builtin_mul_overflow(value, 10, &value) ||
			__builtin_add_overflow(
				value, (uint64_t)(text->data[at] - '0'), &value))
			value = UINT64_MAX;
	}
	str_cut(text, at);
	*ret_value = value;
	return at > 0;
}

static bool scale(
	const struct unit *units, size_t count, struct str name, uint64_t *value)
{
	for (size_t i = 0; i < count; i++) {
		if (!str_equal(name, str_from(units[i].name)))
			continue;
		if (__builtin_mul_overflow(*value, units[i].factor, value))
			*value = UINT64_MAX;
		return true;
	}
	return false;
}

bool conf_value_parse_number(struct str text, uint64_t *ret_value)
{
	return take_digits(&text, ret_value) && text.length == 0;
}

bool conf_value_parse_size(struct str text, uint64_t *ret_bytes)
{
	if (!take_digits(&text, ret_bytes))
		return false;
	return text.length == 0 || scale(sizes, SIZE_COUNT, text, ret_bytes);
}

bool conf_value_parse_duration(struct str text, uint64_t *ret_ms)
{
	return take_digits(&text, ret_ms) &&
	       scale(durations, DURATION_COUNT, text, ret_ms);
}

bool conf_value_parse_rate(struct str text, struct rate_limit *ret_limit)
{
	struct rate_limit limit = {0};
	if (!take_digits(&text, &limit.count) || !str_cut_prefix(&text, STR("/")))
		return false;
	if (str_cut_prefix(&text, STR("s")))
		limit.period_ms = 1000;
	else if (str_cut_prefix(&text, STR("m")))
		limit.period_ms = 60 * 1000;
	else if (str_cut_prefix(&text, STR("h")))
		limit.period_ms = 3600 * 1000;
	else
		return false;
	limit.burst = limit.count;
	if (str_cut_prefix(&text, STR(" burst ")) && !take_digits(&text, &limit.burst))
		return false;
	*ret_limit = limit;
	return text.length == 0;
}

static const char *format(const struct unit *units, uint64_t value, const char *zero,
	char text[CONF_VALUE_TEXT_SIZE])
{
	if (value == 0)
		return zero;
	while (value % units->factor != 0)
		units++; // ends at the factor 1
	(void)snprintf(text, CONF_VALUE_TEXT_SIZE, "%" PRIu64 "%s", value / units->factor,
		units->name);
	return text;
}

const char *conf_value_format_size(uint64_t bytes, char text[CONF_VALUE_TEXT_SIZE])
{
	return format(sizes, bytes, "0B", text);
}

const char *conf_value_format_duration(uint64_t ms, char text[CONF_VALUE_TEXT_SIZE])
{
	return format(durations, ms, "0s", text);
}
