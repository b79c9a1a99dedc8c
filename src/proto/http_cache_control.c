// SPDX-License-Identifier: MIT
// Reads the directives of Cache-Control; see the header.
#include "wherry/proto/http_cache_control.h"

#include <string.h>

static bool cut_argument(struct str *name, struct str *ret_argument)
{
	const char *equals = name->length ? memchr(name->data, '=', name->length) : NULL;
	if (!equals)
		return false;
	size_t length = (size_t)(equals - name->data);
	*ret_argument = str_trim((struct str){equals + 1, name->length - length - 1});
	name->length = length;
	*name = str_trim(*name);
	return true;
}

// Section 1.2.2: more than fits is as good as the largest number. Also in quotes
// (section 5.2: recipients ought to take both forms).
static bool read_seconds(struct str text, uint64_t *ret_seconds)
{
	if (text.length >= 2 && text.data[0] == '"' && text.data[text.length - 1] == '"')
		text = (struct str){text.data + 1, text.length - 2};
	for (size_t i = 0; i < text.length; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
	}
	if (text.length == 0)
		return false;
	if (!str_parse_u64(text, HTTP_CACHE_CONTROL_MAX_AGE_S, ret_seconds))
		*ret_seconds = HTTP_CACHE_CONTROL_MAX_AGE_S;
	return true;
}

static void read_directive(
	struct str name, struct http_cache_control *control, bool *has_shared_max_age)
{
	struct str argument = {0};
	bool has_argument = cut_argument(&name, &argument);
	uint64_t seconds;
	if (str_equal_nocase(name, STR("private"))) {
		control->is_private = true;
	} else if (str_equal_nocase(name, STR("no-store"))) {
		control->is_no_store = true;
	} else if (has_argument && str_equal_nocase(name, STR("s-maxage")) &&
		   read_seconds(argument, &seconds)) {
		*has_shared_max_age = true;
		control->has_max_age = true;
		control->max_age_s = seconds;
	} else if (has_argument && !*has_shared_max_age &&
		   str_equal_nocase(name, STR("max-age")) &&
		   read_seconds(argument, &seconds)) {
		control->has_max_age = true;
		control->max_age_s = seconds;
	}
}

void http_cache_control_read(
	const struct http_message *message, struct http_cache_control *ret_control)
{
	bool has_shared_max_age = false;
	*ret_control = (struct http_cache_control){0};
	for (size_t i = 0; i < message->field_count; i++) {
		struct str list = message->fields[i].value, item;
		if (!str_equal_nocase(message->fields[i].name, STR("Cache-Control")))
			continue;
		while (str_next_item(&list, &item))
			read_directive(item, ret_control, &has_shared_max_age);
	}
}
