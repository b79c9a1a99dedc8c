// SPDX-License-Identifier: MIT
// Templates: what is taken can be written again as it was, and what it becomes is bounded
// and has every value.
// Input: a template, a newline, and what every placeholder stands for.
#include <string.h>

#include "fuzz.h"

#include "wherry/base/template.h"

enum {
	MAX_BYTES = 300
};

static template_find_cb find;
static bool find(void *arg, const struct template_part *part, struct buf *out)
{
	const struct str *value = arg;
	FUZZ_REQUIRE(
		part->place > TEMPLATE_LITERAL && part->place < TEMPLATE_PLACE_COUNT);
	buf_append_str(out, *value);
	return true;
}

// Where a literal ends with a brace, it was doubled.
static void write_literal(struct buf *out, struct str text)
{
	char last = text.data[text.length - 1];
	FUZZ_REQUIRE(!memchr(text.data, '{', text.length - 1));
	FUZZ_REQUIRE(!memchr(text.data, '}', text.length - 1));
	buf_append_str(out, text);
	if (last == '{' || last == '}')
		buf_append(out, &last, 1);
}

static void require_same_text(const struct template *template, struct str text)
{
	struct buf out = BUF_INIT;
	for (size_t i = 0; i < template->part_count; i++) {
		const struct template_part *part = &template->parts[i];
		if (part->place == TEMPLATE_LITERAL)
			write_literal(&out, part->text);
		else
			template_write_part(&out, part);
	}
	FUZZ_REQUIRE(str_equal(buf_str(&out), text));
	buf_finish(&out);
}

static void try_expanding(const struct template *template, struct str value)
{
	const struct template_part *part = NULL;
	struct buf out = BUF_INIT;
	bool has_placeholder = template_uses(template, ~template_bit(TEMPLATE_LITERAL));
	enum template_result result =
		template_expand(template, find, &value, MAX_BYTES, &out, &part);
	FUZZ_REQUIRE((result == TEMPLATE_MISSING) == (part != NULL));
	FUZZ_REQUIRE(result != TEMPLATE_OK || out.length <= MAX_BYTES);
	FUZZ_REQUIRE(result != TEMPLATE_OK || !has_placeholder || value.length > 0);
	if (result == TEMPLATE_OK && template_is_name(buf_str(&out)))
		FUZZ_REQUIRE(out.length <= TEMPLATE_NAME_MAX &&
			     !memchr(out.data, '\n', out.length));
	buf_finish(&out);
}

static void try_template(struct str text, struct str value)
{
	struct template template;
	struct template_error error = {0};
	if (template_parse(text, ~0U, &template, &error)) {
		FUZZ_REQUIRE(template.part_count > 0);
		require_same_text(&template, text);
		try_expanding(&template, value);
		return;
	}
	FUZZ_REQUIRE(error.problem);
	FUZZ_REQUIRE(error.piece.data >= text.data &&
		     error.piece.data + error.piece.length <= text.data + text.length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || size > 1 << 12)
		return 0;
	const char *bytes = (const char *)data;
	const char *line = memchr(bytes, '\n', size);
	size_t length = line ? (size_t)(line - bytes) : size;
	struct str value = {bytes + length, 0};
	if (line)
		value = (struct str){line + 1, size - length - 1};
	try_template((struct str){bytes, length}, value);
	return 0;
}
