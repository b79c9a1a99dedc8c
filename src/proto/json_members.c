// SPDX-License-Identifier: MIT
// Members by their names; see the header.
#include "wherry/proto/json_members.h"

#include "wherry/proto/json_text.h"

// count if it is none of them.
static size_t find_name(struct str quoted, const char *const *names, size_t count)
{
	struct buf name = BUF_INIT;
	size_t i = 0;
	bool is_read = json_text_read_string(quoted, &name) && !name.is_failed;
	while (i < count && !(is_read && str_equal(buf_str(&name), str_from(names[i]))))
		i++;
	buf_finish(&name);
	return i;
}

const char *json_members_sort(
	struct str text, const char *const *names, size_t count, struct str *ret_values)
{
	struct json_text_member member;
	struct str rest;
	for (size_t i = 0; i < count; i++)
		ret_values[i] = (struct str){NULL, 0};
	if (!json_text_is_value(text) || !json_text_open_object(text, &rest))
		return "a message that is no JSON object";
	while (json_text_next_member(&rest, &member)) {
		size_t i = find_name(member.name, names, count);
		if (i == count)
			return "an unknown member";
		if (ret_values[i].data)
			return "a member that is there twice";
		ret_values[i] = member.value;
	}
	return NULL;
}
