// SPDX-License-Identifier: MIT
// Reads entity tags; see the header.
#include "wherry/proto/http_etag.h"

// Length of the tag that text begins with; 0 if it begins with none.
static size_t measure(struct str text)
{
	size_t at = str_has_prefix(text, STR("W/")) ? 2 : 0;
	if (at >= text.length || text.data[at] != '"')
		return 0;
	for (at++; at < text.length; at++) {
		unsigned char byte = (unsigned char)text.data[at];
		if (byte == '"')
			return at + 1;
		if (byte < 0x21 || byte == 0x7f)
			return 0;
	}
	return 0;
}

bool http_etag_is_valid(struct str tag)
{
	return tag.length > 0 && measure(tag) == tag.length;
}

static struct str cut_weak(struct str tag)
{
	return str_has_prefix(tag, STR("W/")) ? (struct str){tag.data + 2, tag.length - 2}
					      : tag;
}

static bool is_separator(char byte)
{
	return byte == ',' || byte == ' ' || byte == '\t';
}

bool http_etag_is_listed(struct str list, struct str tag)
{
	if (str_equal(str_trim(list), STR("*")))
		return true;
	while (list.length > 0) {
		if (is_separator(list.data[0])) {
			str_cut(&list, 1);
			continue;
		}
		size_t length = measure(list);
		struct str item = {list.data, length};
		if (length == 0)
			return false;
		if (str_equal(cut_weak(item), cut_weak(tag)))
			return true;
		str_cut(&list, length);
	}
	return false;
}
