// SPDX-License-Identifier: MIT
// JSON as text; see the header.
#include "wherry/proto/json_text.h"

#include <string.h>

#include "wherry/base/utf8.h"

static void skip_space(struct str *text)
{
	while (text->length > 0 && memchr(" \t\r\n", text->data[0], 4)) {
		text->data++;
		text->length--;
	}
}

static char peek(const struct str *text)
{
	return text->length > 0 ? text->data[0] : '\0';
}

static bool take(struct str *text, char byte)
{
	if (peek(text) != byte || text->length == 0)
		return false;
	str_cut(text, 1);
	return true;
}

static bool take_word(struct str *text, struct str word)
{
	if (!str_has_prefix(*text, word))
		return false;
	str_cut(text, word.length);
	return true;
}

static size_t take_digits(struct str *text)
{
	size_t count = 0;
	while (count < text->length && text->data[count] >= '0' &&
		text->data[count] <= '9')
		count++;
	str_cut(text, count);
	return count;
}

static bool take_number(struct str *text)
{
	(void)take(text, '-'); // need not be there
	if (!take(text, '0') && take_digits(text) == 0)
		return false;
	if (take(text, '.') && take_digits(text) == 0)
		return false;
	if (!take(text, 'e') && !take(text, 'E'))
		return true;
	if (!take(text, '+'))
		(void)take(text, '-'); // nor this one
	return take_digits(text) > 0;
}

// Four hex digits; -1 if they are not.
static int take_unit(struct str *text)
{
	int unit = 0;
	if (text->length < 4)
		return -1;
	for (size_t i = 0; i < 4; i++) {
		int value = str_hex_value(text->data[i]);
		if (value < 0)
			return -1;
		unit = unit << 4 | value;
	}
	str_cut(text, 4);
	return unit;
}

static bool take_escape(struct str *text)
{
	if (take(text, 'u'))
		return take_unit(text) >= 0;
	if (text->length == 0 || !memchr("\"\\/bfnrt", text->data[0], 8))
		return false;
	str_cut(text, 1);
	return true;
}

static bool take_string(struct str *text)
{
	if (!take(text, '"'))
		return false;
	while (text->length > 0) {
		unsigned char byte = (unsigned char)text->data[0];
		if (byte < 0x20)
			return false;
		str_cut(text, 1);
		if (byte == '"')
			return true;
		if (byte == '\\' && !take_escape(text))
			return false;
	}
	return false;
}

static bool take_value(struct str *text, unsigned depth);

static bool take_member(struct str *text, unsigned depth)
{
	skip_space(text);
	if (!take_string(text))
		return false;
	skip_space(text);
	return take(text, ':') && take_value(text, depth);
}

// What is between the brackets, of which the first was taken.
static bool take_items(struct str *text, unsigned depth, char end,
	bool (*take_item)(struct str *text, unsigned depth))
{
	if (depth == JSON_TEXT_MAX_DEPTH)
		return false;
	skip_space(text);
	if (take(text, end))
		return true;
	do {
		if (!take_item(text, depth + 1))
			return false;
		skip_space(text);
	} while (take(text, ','));
	return take(text, end);
}

// With the white space before it.
static bool take_value(struct str *text, unsigned depth)
{
	skip_space(text);
	switch (peek(text)) {
	case '{':
		str_cut(text, 1);
		return take_items(text, depth, '}', take_member);
	case '[':
		str_cut(text, 1);
		return take_items(text, depth, ']', take_value);
	case '"':
		return take_string(text);
	case 't':
		return take_word(text, STR("true"));
	case 'f':
		return take_word(text, STR("false"));
	case 'n':
		return take_word(text, STR("null"));
	default:
		return take_number(text);
	}
}

bool json_text_is_value(struct str text)
{
	if (!utf8_is_text(text) || !take_value(&text, 0))
		return false;
	skip_space(&text);
	return text.length == 0;
}

static bool open(struct str text, char bracket, struct str *ret_rest)
{
	skip_space(&text);
	*ret_rest = text;
	return take(ret_rest, bracket);
}

bool json_text_open_object(struct str text, struct str *ret_rest)
{
	return open(text, '{', ret_rest);
}

bool json_text_open_array(struct str text, struct str *ret_rest)
{
	return open(text, '[', ret_rest);
}

bool json_text_next_item(struct str *rest, struct str *ret_value)
{
	skip_space(rest);
	(void)take(rest, ','); // not before the first one
	skip_space(rest);
	struct str start = *rest;
	if (!take_value(rest, 0))
		return false; // the closing bracket
	*ret_value = (struct str){start.data, start.length - rest->length};
	return true;
}

bool json_text_next_member(struct str *rest, struct json_text_member *ret_member)
{
	(void)take(rest, ','); // not before the first one
	skip_space(rest);
	struct str start = *rest;
	if (!take_string(rest))
		return false; // the closing bracket
	ret_member->name = (struct str){start.data, start.length - rest->length};
	skip_space(rest);
	if (!take(rest, ':'))
		return false;
	skip_space(rest);
	start = *rest;
	if (!take_value(rest, 0))
		return false;
	ret_member->value = (struct str){start.data, start.length - rest->length};
	skip_space(rest);
	return true;
}

static void append_character(struct buf *out, uint32_t point)
{
	char bytes[4];
	size_t length = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
	static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
	for (size_t i = length - 1; i > 0; i--) {
		bytes[i] = (char)(0x80 | (point & 0x3f));
		point >>= 6;
	}
	bytes[0] = (char)(leads[length] | point);
	buf_append(out, bytes, length);
}

// What stands behind "\u". False for half a pair.
static bool read_unicode(struct str *text, struct buf *out)
{
	int unit = take_unit(text);
	if (unit < 0 || (unit >= 0xdc00 && unit <= 0xdfff))
		return false;
	uint32_t point = (uint32_t)unit;
	if (unit >= 0xd800 && unit <= 0xdbff) {
		int low = take_word(text, STR("\\u")) ? take_unit(text) : -1;
		if (low < 0xdc00 || low > 0xdfff)
			return false;
		point = 0x10000 + ((point - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
	}
	append_character(out, point);
	return true;
}

static bool read_escape(struct str *text, struct buf *out)
{
	static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	if (take(text, 'u'))
		return read_unicode(text, out);
	const char *name = text->length > 0 ? memchr(names, text->data[0], 8) : NULL;
	if (!name)
		return false;
	buf_append(out, &meanings[name - names], 1);
	str_cut(text, 1);
	return true;
}

bool json_text_read_string(struct str quoted, struct buf *out)
{
	if (quoted.length < 2 || !take(&quoted, '"'))
		return false;
	quoted.length--; // the last quote
	while (quoted.length > 0) {
		const char *escape = memchr(quoted.data, '\\', quoted.length);
		size_t plain = escape ? (size_t)(escape - quoted.data) : quoted.length;
		buf_append(out, quoted.data, plain);
		str_cut(&quoted, plain);
		if (take(&quoted, '\\') && !read_escape(&quoted, out))
			return false;
	}
	return true;
}
