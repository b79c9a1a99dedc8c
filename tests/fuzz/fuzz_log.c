// SPDX-License-Identifier: MIT
// Log lines (SECURITY T30): whatever a peer says, a line is one line of visible ASCII, is
// JSON where that was asked for, and says what the peer said, in both forms.
// Input: one byte of options, then values, each behind a byte with its length / 5.
#include <string.h>

#include <jansson.h>

#include "fuzz.h"

#include "../../src/base/log_line_priv.h"

enum {
	OPTION_JSON = 1,
	OPTION_EVENT = 2,
	VALUES_MAX = 8,
	VALUE_MAX_BYTES = 1024, // of a field
	LENGTH_UNIT = 5,
};

static const char *const keys[VALUES_MAX] = {"a", "b", "c", "d", "e", "f", "g", "h"};

static size_t split_values(
	const uint8_t *data, size_t size, struct str ret_values[VALUES_MAX])
{
	size_t count = 0;
	while (size > 0 && count < VALUES_MAX) {
		size_t length = (size_t)data[0] * LENGTH_UNIT;
		if (length > size - 1)
			length = size - 1;
		ret_values[count++] =
			(struct str){.data = (const char *)data + 1, .length = length};
		data += 1 + length;
		size -= 1 + length;
	}
	return count;
}

static void require_visible(const struct buf *line)
{
	FUZZ_REQUIRE(!line->is_failed && line->length > 0);
	for (size_t i = 0; i < line->length; i++)
		FUZZ_REQUIRE(line->data[i] >= 0x20 && line->data[i] < 0x7f);
}

// In JSON a byte is the character of that number.
static void require_json_value(const json_t *object, const char *key, struct str value)
{
	char expected[2 * VALUES_MAX * VALUE_MAX_BYTES];
	const json_t *text = json_object_get(object, key);
	size_t length = 0;
	FUZZ_REQUIRE(json_is_string(text));
	for (size_t i = 0; i < value.length; i++) {
		uint8_t byte = (uint8_t)value.data[i];
		if (byte >= 0x80)
			expected[length++] = (char)(0xc0 | byte >> 6);
		expected[length++] = (char)(byte < 0x80 ? byte : 0x80 | (byte & 0x3f));
	}
	FUZZ_REQUIRE(json_string_length(text) == length);
	FUZZ_REQUIRE(memcmp(json_string_value(text), expected, length) == 0);
}

static json_t *parse_json(const struct buf *line)
{
	json_error_t error;
	json_t *object = json_loadb(line->data, line->length,
		JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	FUZZ_REQUIRE(json_is_object(object));
	return object;
}

static uint8_t read_digit(char digit)
{
	return (uint8_t)(digit <= '9' ? digit - '0' : digit - 'A' + 10);
}

// Requires that text is value, escaped; returns what of the text is left behind it.
static struct str require_text_value(struct str text, struct str value)
{
	for (size_t i = 0; i < value.length; i++) {
		FUZZ_REQUIRE(text.length > 0);
		size_t used = text.data[0] == '\\' ? 4 : 1;
		FUZZ_REQUIRE(text.length >= used && (used == 1 || text.data[1] == 'x'));
		uint8_t byte = used == 1 ? (uint8_t)text.data[0]
					 : (uint8_t)(read_digit(text.data[2]) * 16 +
						     read_digit(text.data[3]));
		FUZZ_REQUIRE(byte == (uint8_t)value.data[i]);
		text = (struct str){text.data + used, text.length - used};
	}
	return text;
}

static struct str skip(struct str text, const char *expected)
{
	size_t length = strlen(expected);
	FUZZ_REQUIRE(text.length >= length && memcmp(text.data, expected, length) == 0);
	return (struct str){text.data + length, text.length - length};
}

// The field at the start of text; returns what follows.
static struct str require_text_field(struct str text, const char *key, struct str value)
{
	text = skip(skip(skip(text, " "), key), "=");
	if (value.length == 0)
		return skip(text, "-");
	if (text.length == 0 || text.data[0] != '"') {
		for (size_t i = 0; i < value.length; i++)
			FUZZ_REQUIRE(!memchr(" =\"", value.data[i], 3));
		return require_text_value(text, value);
	}
	return skip(require_text_value(skip(text, "\""), value), "\"");
}

static void check_access(
	enum log_format format, const struct str *values, size_t value_count)
{
	struct buf line = BUF_INIT;
	log_line_begin(&line, format);
	size_t head = line.length;
	for (size_t i = 0; i < value_count; i++)
		log_field_str(&line, keys[i], values[i]);
	log_field_u64(&line, "n", value_count);
	log_line_end(&line);
	require_visible(&line);
	json_t *object = format == LOG_FORMAT_JSON ? parse_json(&line) : NULL;
	struct str rest = {line.data + head, line.length - head};
	for (size_t i = 0; i < value_count; i++) {
		struct str value = values[i];
		if (value.length > VALUE_MAX_BYTES)
			value.length = VALUE_MAX_BYTES;
		if (object)
			require_json_value(object, keys[i], value);
		else
			rest = require_text_field(rest, keys[i], value);
	}
	if (!object)
		FUZZ_REQUIRE(skip(rest, " n=").length == 1);
	json_decref(object);
	buf_finish(&line);
}

static void check_event(enum log_format format, struct str message)
{
	struct buf line = BUF_INIT;
	log_line_event(&line, format, LOG_LEVEL_WARN, message);
	require_visible(&line);
	if (format == LOG_FORMAT_JSON) {
		json_t *object = parse_json(&line);
		require_json_value(object, "message", message);
		json_decref(object);
	} else {
		struct str text =
			skip((struct str){line.data + 24, line.length - 24}, " warn ");
		FUZZ_REQUIRE(require_text_value(text, message).length == 0);
	}
	buf_finish(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str values[VALUES_MAX];
	if (size < 1)
		return 0;
	enum log_format format =
		data[0] & OPTION_JSON ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT;
	size_t count = split_values(data + 1, size - 1, values);
	if (!(data[0] & OPTION_EVENT))
		check_access(format, values, count);
	else if (count > 0)
		check_event(format, values[0]);
	return 0;
}
