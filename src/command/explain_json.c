// SPDX-License-Identifier: MIT
// Builds the answer, member by member.
#include <stdlib.h>
#include <string.h>

#include "explain_priv.h"
#include "wherry/conf/conf_schema_show.h"

// The value is given, NULL when memory is short.
static json_t *add(struct explain *explain, json_t *to, const char *name, json_t *value)
{
	int result = json_is_array(to) ? json_array_append_new(to, value)
				       : json_object_set_new(to, name, value);
	if (result == 0)
		return value;
	explain->is_failed = true;
	return NULL;
}

json_t *explain_add_object(struct explain *explain, json_t *to, const char *name)
{
	return add(explain, to, name, json_object());
}

json_t *explain_add_list(struct explain *explain, json_t *to, const char *name)
{
	return add(explain, to, name, json_array());
}

static json_t *clean_string(struct buf *text)
{
	for (size_t i = 0; i < text->length; i++) {
		if (text->data[i] < ' ' || text->data[i] > '~')
			text->data[i] = '?';
	}
	return text->is_failed ? NULL
			       : json_stringn(text->data ? text->data : "", text->length);
}

void explain_add(
	struct explain *explain, json_t *to, const char *name, const char *format, ...)
{
	struct buf text = BUF_INIT;
	char *line = NULL;
	va_list values;
	va_start(values, format);
	int length = vasprintf(&line, format, values);
	va_end(values);
	if (length < 0)
		text.is_failed = true;
	else
		buf_append(&text, line, (size_t)length);
	(void)add(explain, to, name, clean_string(&text)); // it is remembered
	buf_finish(&text);
	if (length >= 0)
		free(line);
}

void explain_add_number(
	struct explain *explain, json_t *to, const char *name, uint64_t value)
{
	(void)add(explain, to, name, json_integer((json_int_t)value)); // the same
}

void explain_add_bool(struct explain *explain, json_t *to, const char *name, bool value)
{
	(void)add(explain, to, name, json_boolean(value)); // the same
}

static bool is_there(const struct conf_schema_key *mapping, const void *item)
{
	bool flag = true;
	if (mapping->field.size == sizeof(flag))
		memcpy(&flag, (const char *)item + mapping->field.offset, sizeof(flag));
	return flag;
}

static void add_mapping(struct explain *explain, json_t *to,
	const struct conf_schema_key *key, const void *item)
{
	const char *name = conf_schema_leaf(key);
	if (!is_there(key, item))
		return;
	json_t *object = explain_add_object(explain, to, name);
	explain_add_settings(explain, object, key->path, item);
	if (json_object_size(object) == 0)
		json_object_del(to, name);
}

void explain_add_settings(
	struct explain *explain, json_t *to, const char *path, const void *item)
{
	const struct conf_schema_key *key = NULL;
	while ((key = conf_schema_next(path, key))) {
		struct buf text = BUF_INIT;
		if (key->type == CONF_SCHEMA_MAPPING)
			add_mapping(explain, to, key, item);
		else if (conf_schema_show(&text, key, item))
			explain_add(explain, to, conf_schema_leaf(key), "%.*s",
				STR_ARG(buf_str(&text)));
		buf_finish(&text);
	}
}
