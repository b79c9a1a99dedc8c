// SPDX-License-Identifier: MIT
// The way down to a value; see the header.
#include "wherry/proto/json_way.h"

#include <string.h>

#include "wherry/proto/json_text.h"

// Hardly a name has escapes; those without are compared as they stand.
static bool is_named(struct str quoted, struct str name)
{
	struct str inside = {quoted.data + 1, quoted.length - 2};
	struct buf text = BUF_INIT;
	if (!memchr(inside.data, '\\', inside.length))
		return str_equal(inside, name);
	bool is_same = json_text_read_string(quoted, &text) && !text.is_failed &&
		       str_equal(buf_str(&text), name);
	buf_finish(&text);
	return is_same;
}

static bool find_member(struct str rest, struct str name, struct str *ret_value)
{
	struct json_text_member member;
	size_t count = 0;
	while (json_text_next_member(&rest, &member)) {
		if (!is_named(member.name, name))
			continue;
		*ret_value = member.value;
		count++;
	}
	return count == 1;
}

static bool find_item(struct str rest, struct str number, struct str *ret_value)
{
	uint64_t wanted;
	if (!str_parse_u64(number, UINT32_MAX, &wanted))
		return false;
	for (uint64_t i = 0; json_text_next_item(&rest, ret_value); i++) {
		if (i == wanted)
			return true;
	}
	return false;
}

bool json_way_find(struct str text, struct str way, struct str *ret_value)
{
	struct str value = text, rest;
	while (way.length > 0) {
		struct str step = str_cut_until(&way, '.');
		bool is_found = json_text_open_object(value, &rest)
					? find_member(rest, step, &value)
					: json_text_open_array(value, &rest) &&
						  find_item(rest, step, &value);
		if (!is_found)
			return false;
	}
	*ret_value = value;
	return true;
}
