// SPDX-License-Identifier: MIT
// What request and response heads have in common; see the header.
#include "wherry/proxy/head_fields.h"

#include "wherry/proto/http_write.h"

static char fold(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c == '_' ? '-' : c;
}

bool head_fields_is_same(struct str a, struct str b)
{
	for (size_t i = 0; i < a.length && a.length == b.length; i++) {
		if (fold(a.data[i]) != fold(b.data[i]))
			return false;
	}
	return a.length == b.length;
}

bool head_fields_is_removed(const struct conf_headers *headers, struct str name)
{
	for (size_t i = 0; i < headers->remove_count; i++) {
		if (head_fields_is_same(str_from(headers->remove[i].name), name))
			return true;
	}
	for (size_t i = 0; i < headers->set_count; i++) {
		if (head_fields_is_same(str_from(headers->set[i].name), name))
			return true; // the new value replaces it
	}
	return false;
}

bool head_fields_is_named(const struct conf_names *names, struct str name)
{
	for (size_t i = 0; i < names->count; i++) {
		if (head_fields_is_same(str_from(names->names[i]), name))
			return true;
	}
	return false;
}

void head_fields_write_set(struct buf *out, const struct conf_headers *headers)
{
	for (size_t i = 0; i < headers->set_count; i++)
		http_write_field(out, str_from(headers->set[i].name),
			str_from(headers->set[i].value));
}

void head_fields_write_list(
	struct buf *out, const struct http_message *message, enum http_field_id id)
{
	for (size_t i = 0; i < message->field_count; i++) {
		const struct http_field *field = &message->fields[i];
		if (field->id != id || field->is_dropped)
			continue;
		buf_append_str(out, field->value);
		buf_append_str(out, STR(", "));
	}
}

void head_fields_write_via(struct buf *out, const struct http_message *message)
{
	buf_append_str(out, STR("Via: "));
	head_fields_write_list(out, message, HTTP_FIELD_VIA);
	bool is_10 = message->minor_version == 0;
	buf_append_str(out, is_10 ? STR("1.0 wherry\r\n") : STR("1.1 wherry\r\n"));
}
