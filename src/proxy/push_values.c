// SPDX-License-Identifier: MIT
// Values for templates; see the header.
#include "wherry/proxy/push_values.h"

#include <string.h>

#include "wherry/proto/jwt.h"

void push_values_finish(struct push_values *values)
{
	buf_finish(&values->entries);
}

// An escape that is none stays as it stands.
static void append_decoded(struct buf *out, struct str text, bool plus_is_space)
{
	for (size_t i = 0; i < text.length; i++) {
		char byte = text.data[i];
		bool is_escape = byte == '%' && text.length - i > 2;
		int high = is_escape ? str_hex_value(text.data[i + 1]) : -1;
		int low = is_escape ? str_hex_value(text.data[i + 2]) : -1;
		if (high >= 0 && low >= 0) {
			byte = (char)(high << 4 | low);
			i += 2;
		} else if (byte == '+' && plus_is_space) {
			byte = ' ';
		}
		buf_append(out, &byte, 1);
	}
}

// The next piece before separator; false when the list is used up.
static bool cut(struct str *list, char separator, struct str *ret_piece)
{
	if (!list->data)
		return false;
	const char *end =
		list->length > 0 ? memchr(list->data, separator, list->length) : NULL;
	size_t length = end ? (size_t)(end - list->data) : list->length;
	*ret_piece = (struct str){list->data, length};
	*list = end ? (struct str){end + 1, list->length - length - 1}
		    : (struct str){NULL, 0};
	return true;
}

static bool find_segment(struct str path, unsigned wanted, struct buf *out)
{
	struct str segment;
	if (path.length == 0)
		return false;
	path.data++; // its first slash
	path.length--;
	for (unsigned i = 0; cut(&path, '/', &segment); i++) {
		if (i < wanted)
			continue;
		append_decoded(out, segment, false);
		return true;
	}
	return false;
}

bool push_values_read_parameter(struct str query, struct str wanted, struct buf *out)
{
	struct str pair, name;
	struct buf decoded = BUF_INIT;
	bool is_found = false;
	if (query.length == 0)
		return false;
	query.data++; // its "?"
	query.length--;
	while (!is_found && cut(&query, '&', &pair)) {
		struct str value = pair;
		(void)cut(&value, '=', &name); // a pair is never NULL
		buf_clear(&decoded);
		append_decoded(&decoded, name, true);
		is_found = str_equal(buf_str(&decoded), wanted);
		if (is_found)
			append_decoded(out, value, true);
	}
	buf_finish(&decoded);
	return is_found;
}

static bool find_field(
	const struct http_message *message, struct str wanted, struct buf *out)
{
	size_t count = 0;
	for (size_t i = 0; i < message->field_count; i++) {
		const struct http_field *field = &message->fields[i];
		if (!str_equal_nocase(field->name, wanted))
			continue;
		if (count++ > 0)
			buf_append_str(out, STR(", "));
		buf_append_str(out, field->value);
	}
	return count > 0;
}

static bool find_in_head(const struct http_message *message, struct str path,
	const struct template_part *part, struct buf *out)
{
	switch (part->place) {
	case TEMPLATE_PATH:
		append_decoded(out, path, false);
		return true;
	case TEMPLATE_SEGMENT:
		return find_segment(path, part->segment, out);
	case TEMPLATE_QUERY:
		return push_values_read_parameter(message->query, part->text, out);
	case TEMPLATE_HEADER:
		return find_field(message, part->text, out);
	case TEMPLATE_LITERAL:
	case TEMPLATE_CLAIM:
	case TEMPLATE_JSON:
	case TEMPLATE_BODY:
	case TEMPLATE_PLACE_COUNT:
		break;
	}
	return false;
}

static bool find_claim(
	const struct jwt *token, const struct template_part *part, struct buf *out)
{
	char name[TEMPLATE_MAX_BYTES + 1];
	if (part->place != TEMPLATE_CLAIM)
		return false;
	memcpy(name, part->text.data, part->text.length);
	name[part->text.length] = '\0';
	return jwt_write_claim(token, name, out);
}

static void append_measured(struct buf *out, struct str text)
{
	buf_append(out, &text.length, sizeof(text.length));
	buf_append_str(out, text);
}

static void add(struct push_values *values, const struct template_part *part,
	const struct buf *value)
{
	struct buf key = BUF_INIT;
	template_write_part(&key, part);
	append_measured(&values->entries, buf_str(&key));
	append_measured(&values->entries, buf_str(value));
	values->entries.is_failed |= key.is_failed || value->is_failed;
	buf_finish(&key);
}

void push_values_take_head(struct push_values *values, const struct template *template,
	const struct http_message *message, struct str path)
{
	struct buf value = BUF_INIT;
	for (size_t i = 0; i < template->part_count; i++) {
		const struct template_part *part = &template->parts[i];
		buf_clear(&value);
		if (find_in_head(message, path, part, &value))
			add(values, part, &value);
	}
	buf_finish(&value);
}

void push_values_take_claims(struct push_values *values, const struct template *template,
	const struct jwt *token)
{
	struct buf value = BUF_INIT;
	for (size_t i = 0; i < template->part_count; i++) {
		const struct template_part *part = &template->parts[i];
		buf_clear(&value);
		if (find_claim(token, part, &value))
			add(values, part, &value);
	}
	buf_finish(&value);
}

static struct str take_measured(struct str *rest)
{
	struct str text;
	memcpy(&text.length, rest->data, sizeof(text.length));
	text.data = rest->data + sizeof(text.length);
	size_t used = sizeof(text.length) + text.length;
	*rest = (struct str){rest->data + used, rest->length - used};
	return text;
}

bool push_values_find(const struct push_values *values, const struct template_part *part,
	struct buf *out)
{
	struct str rest = buf_str(&values->entries);
	struct buf key = BUF_INIT;
	bool is_found = false;
	template_write_part(&key, part);
	while (!is_found && rest.length > 0 && !values->entries.is_failed) {
		struct str name = take_measured(&rest);
		struct str value = take_measured(&rest);
		is_found = str_equal(name, buf_str(&key));
		if (is_found)
			buf_append_str(out, value);
	}
	out->is_failed |= key.is_failed || values->entries.is_failed;
	buf_finish(&key);
	return is_found;
}
