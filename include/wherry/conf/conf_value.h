// SPDX-License-Identifier: MIT
// Numbers, sizes and durations as the configuration writes them: "64KiB", "500ms".
#pragma once

#include "wherry/base/rate.h"
#include "wherry/base/str.h"

enum {
	CONF_VALUE_TEXT_SIZE = 32 // longest that is formatted, with its NUL
};

// False if the text has another form. A value that does not fit becomes UINT64_MAX, so
// that the range check of the key refuses it.
MUST_CHECK bool conf_value_parse_number(struct str text, uint64_t *ret_value);
// Bytes: digits alone, or with B, KiB, MiB, GiB, TiB.
MUST_CHECK bool conf_value_parse_size(struct str text, uint64_t *ret_bytes);
// Milliseconds: digits with ms, s, m or h.
MUST_CHECK bool conf_value_parse_duration(struct str text, uint64_t *ret_ms);
// "100/s", "30/m burst 10": so many in each second, minute or hour; without a burst, all
// of them may come at once.
MUST_CHECK bool conf_value_parse_rate(struct str text, struct rate_limit *ret_limit);

// With the largest unit that divides it; valid as long as text.
const char *conf_value_format_size(uint64_t bytes, char text[CONF_VALUE_TEXT_SIZE]);
const char *conf_value_format_duration(uint64_t ms, char text[CONF_VALUE_TEXT_SIZE]);
