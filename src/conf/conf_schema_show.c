// SPDX-License-Identifier: MIT
// Reads fields along the table, as the loader writes them.
#include "wherry/conf/conf_schema_show.h"

#include <string.h>

#include "wherry/conf/conf.h"
#include "wherry/conf/conf_value.h"

// Fields are bool, unsigned or an enum, or 64 bits wide.
static uint64_t read_number(const struct conf_schema_key *key, const void *item)
{
	const char *field = (const char *)item + key->field.offset;
	bool flag;
	unsigned small;
	uint64_t value;
	if (key->field.size == sizeof(flag)) {
		memcpy(&flag, field, sizeof(flag));
		return flag;
	}
	if (key->field.size == sizeof(small)) {
		memcpy(&small, field, sizeof(small));
		return small;
	}
	memcpy(&value, field, sizeof(value));
	return value;
}

static bool has_word(const struct conf_schema_key *key, struct str wanted)
{
	struct str words = str_from(key->words ? key->words : ""), word;
	while (conf_schema_next_word(&words, &word)) {
		if (str_equal(word, wanted))
			return true;
	}
	return false;
}

static void show_number(
	struct buf *out, const struct conf_schema_key *key, uint64_t value)
{
	char text[CONF_VALUE_TEXT_SIZE];
	if (value == CONF_OFF && has_word(key, STR("off")))
		buf_append_str(out, STR("off"));
	else if (value == 0 && has_word(key, STR("auto")))
		buf_append_str(out, STR("auto"));
	else if (key->type == CONF_SCHEMA_SIZE)
		buf_append_str(out, str_from(conf_value_format_size(value, text)));
	else if (key->type == CONF_SCHEMA_DURATION)
		buf_append_str(out, str_from(conf_value_format_duration(value, text)));
	else
		buf_append_u64(out, value);
}

static void show_rate(struct buf *out, const struct rate_limit *limit)
{
	if (limit->count == 0) {
		buf_append_str(out, STR("off"));
		return;
	}
	buf_append_u64(out, limit->count);
	buf_append_str(out, limit->period_ms == 1000        ? STR("/s")
			    : limit->period_ms == 60 * 1000 ? STR("/m")
							    : STR("/h"));
	if (limit->burst != limit->count)
		buf_printf(out, " burst %llu", (unsigned long long)limit->burst);
}

// A word that spells a number stands for it.
static void show_enum(struct buf *out, const struct conf_schema_key *key, uint64_t value)
{
	struct str words = str_from(key->words), word;
	uint64_t number;
	for (uint64_t i = 0; conf_schema_next_word(&words, &word); i++) {
		if (str_parse_u64(word, UINT32_MAX, &number) ? number == value
							     : i == value) {
			buf_append_str(out, word);
			return;
		}
	}
}

static void show_balance(
	struct buf *out, const struct conf_schema_key *key, const void *item)
{
	static const char *const kinds[] = {
		[CONF_HASH_IP] = "ip",
		[CONF_HASH_PATH] = "path",
		[CONF_HASH_HEADER] = "header=",
		[CONF_HASH_COOKIE] = "cookie=",
		[CONF_HASH_QUERY] = "query=",
	};
	const struct conf_hash *hash =
		(const void *)((const char *)item + key->extra.offset);
	uint64_t method = read_number(key, item);
	if (method == CONF_BALANCE_HASH)
		buf_printf(out, "hash:%s%s", kinds[hash->kind], hash->name);
	else
		show_enum(out, key, method);
}

static bool show_text(struct buf *out, const char *text)
{
	if (text)
		buf_append_str(out, str_from(text));
	return text != NULL;
}

bool conf_schema_show(
	struct buf *out, const struct conf_schema_key *key, const void *item)
{
	const void *field = (const char *)item + key->field.offset;
	if (key->field.size == CONF_SCHEMA_NO_FIELD)
		return false;
	switch ((int)key->type) { // most types have more to them than one value
	case CONF_SCHEMA_BOOL:
		buf_append_str(out, read_number(key, item) ? STR("true") : STR("false"));
		return true;
	case CONF_SCHEMA_INTEGER:
	case CONF_SCHEMA_SIZE:
	case CONF_SCHEMA_DURATION:
		show_number(out, key, read_number(key, item));
		return true;
	case CONF_SCHEMA_RATE:
		show_rate(out, field);
		return true;
	case CONF_SCHEMA_ENUM:
		show_enum(out, key, read_number(key, item));
		return true;
	case CONF_SCHEMA_BALANCE:
		show_balance(out, key, item);
		return true;
	case CONF_SCHEMA_NAME:
	case CONF_SCHEMA_PREFIX:
		return show_text(out, *(const char *const *)field);
	case CONF_SCHEMA_FILE:
		return show_text(out, ((const struct conf_file *)field)->path);
	default:
		return false;
	}
}
