// SPDX-License-Identifier: MIT
// JSON as text: what json_text takes is what jansson takes, and its members and strings
// are what jansson finds. jansson refuses more: numbers that no machine holds, and halves
// of surrogate pairs. A NUL is an end to it.
// Input: a text.
#include <string.h>

#include <jansson.h>

#include "fuzz.h"

#include "wherry/proto/json_text.h"

static json_t *load(struct str text)
{
	return json_loadb(text.data, text.length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
}

static void compare_member(json_t *object, const struct json_text_member *member)
{
	struct buf name = BUF_INIT;
	FUZZ_REQUIRE(json_text_is_value(member->value));
	FUZZ_REQUIRE(json_text_is_value(member->name));
	FUZZ_REQUIRE(json_text_read_string(member->name, &name));
	if (name.length > 0 && !memchr(name.data, '\0', name.length)) {
		buf_append(&name, "", 1);
		FUZZ_REQUIRE(json_object_get(object, name.data));
	}
	buf_finish(&name);
}

static void compare_object(json_t *object, struct str text)
{
	struct json_text_member member;
	struct str rest;
	size_t count = 0;
	FUZZ_REQUIRE(json_text_open_object(text, &rest));
	for (; json_text_next_member(&rest, &member); count++)
		compare_member(object, &member);
	FUZZ_REQUIRE(rest.length > 0 && rest.data[0] == '}');
	FUZZ_REQUIRE(count >= json_object_size(object)); // of one name the last stays
}

static void compare_string(json_t *string, struct str text)
{
	struct buf out = BUF_INIT;
	const char *start = memchr(text.data, '"', text.length);
	const char *end = memrchr(text.data, '"', text.length);
	struct str quoted = {start, (size_t)(end - start) + 1};
	FUZZ_REQUIRE(json_text_read_string(quoted, &out));
	FUZZ_REQUIRE(out.length == json_string_length(string));
	FUZZ_REQUIRE(out.length == 0 ||
		     memcmp(out.data, json_string_value(string), out.length) == 0);
	buf_finish(&out);
}

// Whatever the bytes are, as a string they are JSON; and mean the same, if they are
// UTF-8.
static void write_back(struct str text)
{
	struct buf out = BUF_INIT, back = BUF_INIT;
	json_text_write_string(&out, text);
	FUZZ_REQUIRE(json_text_is_value(buf_str(&out)));
	FUZZ_REQUIRE(json_text_read_string(buf_str(&out), &back));
	json_t *string = load(buf_str(&out));
	FUZZ_REQUIRE(json_is_string(string));
	FUZZ_REQUIRE(json_string_length(string) == back.length);
	json_decref(string);
	if (json_text_is_value(text))
		FUZZ_REQUIRE(str_equal(buf_str(&back), text));
	buf_finish(&out);
	buf_finish(&back);
}

static void compare(struct str text)
{
	json_t *value = load(text);
	bool is_value = json_text_is_value(text);
	bool may_be_deep = memchr(text.data, '[', text.length) ||
			   memchr(text.data, '{', text.length);
	bool has_number = memchr(text.data, 'e', text.length) ||
			  memchr(text.data, 'E', text.length) || text.length > 18;
	if (value && !may_be_deep)
		FUZZ_REQUIRE(is_value);
	if (!value && is_value && !memchr(text.data, '\\', text.length))
		FUZZ_REQUIRE(has_number);
	if (value && is_value && json_is_object(value))
		compare_object(value, text);
	if (value && is_value && json_is_string(value))
		compare_string(value, text);
	json_decref(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	if (size > 1 << 12)
		return 0;
	if (!memchr(data, '\0', size))
		compare(text);
	write_back(text);
	return 0;
}
