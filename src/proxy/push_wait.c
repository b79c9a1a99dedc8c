// SPDX-License-Identifier: MIT
// Waits that requests ask for; see the header.
#include "wherry/proxy/push_wait.h"

#include "wherry/base/buf.h"
#include "wherry/proxy/push_values.h"

static struct str find_preference(const struct http_message *message)
{
	struct str wait = STR("wait=");
	for (size_t i = 0; i < message->field_count; i++) {
		struct str list = message->fields[i].value, item;
		if (!str_equal_nocase(message->fields[i].name, STR("Prefer")))
			continue;
		while (str_next_item(&list, &item)) {
			struct str start = {item.data,
				item.length < wait.length ? item.length : wait.length};
			if (str_equal_nocase(start, wait))
				return (struct str){item.data + wait.length,
					item.length - wait.length};
		}
	}
	return (struct str){NULL, 0};
}

bool push_wait_read(const struct http_message *message, uint64_t *ret_wait_ms)
{
	struct buf text = BUF_INIT;
	uint64_t seconds = 0;
	struct str wanted = find_preference(message);
	if (push_values_read_parameter(message->query, STR("wait"), &text))
		wanted = buf_str(&text);
	bool is_read = str_parse_u64(wanted, UINT32_MAX, &seconds);
	buf_finish(&text);
	*ret_wait_ms = seconds * 1000;
	return is_read;
}
