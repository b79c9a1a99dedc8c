// SPDX-License-Identifier: MIT
// Texts with placeholders; see the header.
#include "wherry/base/template.h"

#include <string.h>

#include "wherry/base/utf8.h"

// How a placeholder is written, and what its name is called in messages.
struct form {
	const char *word;
	const char *name; // NULL: it has none
};

static const struct form forms[] = {
	[TEMPLATE_LITERAL] = {"", NULL},
	[TEMPLATE_PATH] = {"path", NULL},
	[TEMPLATE_SEGMENT] = {"path", "N"},
	[TEMPLATE_QUERY] = {"query", "NAME"},
	[TEMPLATE_HEADER] = {"header", "NAME"},
	[TEMPLATE_CLAIM] = {"claim", "NAME"},
	[TEMPLATE_JSON] = {"json", "NAME"},
	[TEMPLATE_BODY] = {"body", NULL},
};

static const char brace_form[] = "{{ or }} for a brace itself";

struct parsing {
	struct str rest;
	unsigned places;
	struct template *template;
	struct template_error *error;
};

static bool fail(const struct parsing *parsing, const char *problem, const char *expected,
	struct str piece)
{
	*parsing->error = (struct template_error){problem, expected, piece};
	return false;
}

static bool add_part(struct parsing *parsing, struct template_part part, struct str piece)
{
	struct template *template = parsing->template;
	if (template->part_count == TEMPLATE_MAX_PARTS)
		return fail(parsing, "too many pieces",
			"at most 32 texts and placeholders", piece);
	template->parts[template->part_count++] = part;
	return true;
}

// Splits "query.room" at its first dot. Which place it is, is decided by both parts.
static enum template_place find_form(struct str word, bool has_name)
{
	for (size_t i = TEMPLATE_PATH; i < TEMPLATE_PLACE_COUNT; i++) {
		if (has_name == (forms[i].name != NULL) &&
			str_equal(word, str_from(forms[i].word)))
			return (enum template_place)i;
	}
	return TEMPLATE_LITERAL;
}

static enum template_place split(struct str inside, struct str *ret_name)
{
	const char *dot = memchr(inside.data, '.', inside.length);
	struct str word = {
		inside.data, dot ? (size_t)(dot - inside.data) : inside.length};
	*ret_name = STR("");
	if (dot)
		*ret_name = (struct str){dot + 1, inside.length - word.length - 1};
	return find_form(word, dot != NULL);
}

bool template_find_place(struct str form, enum template_place *ret_place)
{
	struct str name;
	if (form.length < 2)
		return false;
	*ret_place = split((struct str){form.data + 1, form.length - 2}, &name);
	return *ret_place != TEMPLATE_LITERAL;
}

static bool is_name(enum template_place place, struct str name)
{
	char before = '.';
	for (size_t i = 0; i < name.length; i++) {
		unsigned char byte = (unsigned char)name.data[i];
		if (byte <= ' ' || byte == 0x7f || byte == '{')
			return false;
		// Each step of the way down has a name.
		if (place == TEMPLATE_JSON && byte == '.' && before == '.')
			return false;
		before = name.data[i];
	}
	return name.length > 0 && (place != TEMPLATE_JSON || before != '.');
}

static bool is_part(struct template_part *part)
{
	uint64_t segment;
	switch (part->place) {
	case TEMPLATE_LITERAL:
	case TEMPLATE_PLACE_COUNT:
		return false;
	case TEMPLATE_PATH:
	case TEMPLATE_BODY:
		return true;
	case TEMPLATE_SEGMENT:
		if (!str_parse_u64(part->text, TEMPLATE_MAX_SEGMENT, &segment))
			return false;
		part->segment = (unsigned)segment;
		return true;
	case TEMPLATE_QUERY:
	case TEMPLATE_HEADER:
	case TEMPLATE_CLAIM:
	case TEMPLATE_JSON:
		break;
	}
	return is_name(part->place, part->text);
}

// The rest begins with "{".
static bool parse_placeholder(struct parsing *parsing)
{
	const char *end = memchr(parsing->rest.data, '}', parsing->rest.length);
	if (!end)
		return fail(parsing, "a { without its }", brace_form, parsing->rest);
	struct str piece =
		str_cut(&parsing->rest, (size_t)(end + 1 - parsing->rest.data));
	struct template_part part = {0};
	part.place = split((struct str){piece.data + 1, piece.length - 2}, &part.text);
	if (!is_part(&part))
		return fail(parsing, "no such placeholder", NULL, piece);
	if (!(parsing->places & template_bit(part.place)))
		return fail(parsing, "a placeholder that has no value here", NULL, piece);
	return add_part(parsing, part, piece);
}

// Up to the next brace, with it if it stands for itself.
static bool parse_literal(struct parsing *parsing)
{
	struct str rest = parsing->rest;
	size_t length = 0;
	while (length < rest.length && rest.data[length] != '{' &&
		rest.data[length] != '}')
		length++;
	bool is_doubled =
		length + 1 < rest.length && rest.data[length] == rest.data[length + 1];
	struct template_part part = {
		.text = str_cut(&parsing->rest, length + is_doubled)};
	if (is_doubled)
		(void)str_cut(&parsing->rest, 1); // one of them is enough
	else if (length < rest.length && rest.data[length] == '}')
		return fail(parsing, "a } without its {", brace_form, parsing->rest);
	return part.text.length == 0 || add_part(parsing, part, part.text);
}

static bool is_placeholder_next(struct str rest)
{
	return rest.data[0] == '{' && (rest.length == 1 || rest.data[1] != '{');
}

bool template_parse(struct str text, unsigned places, struct template *ret_template,
	struct template_error *reterr)
{
	struct parsing parsing = {text, places, ret_template, reterr};
	*ret_template = (struct template){.text = text};
	if (text.length == 0)
		return fail(&parsing, "empty", "a text", text);
	if (text.length > TEMPLATE_MAX_BYTES)
		return fail(&parsing, "too long", "at most 1024 bytes", text);
	while (parsing.rest.length > 0) {
		bool is_good = is_placeholder_next(parsing.rest)
				       ? parse_placeholder(&parsing)
				       : parse_literal(&parsing);
		if (!is_good)
			return false;
	}
	const struct template_part *first = &ret_template->parts[0];
	ret_template->makes_json =
		first->place == TEMPLATE_LITERAL &&
		(first->text.data[0] == '{' || first->text.data[0] == '[');
	return true;
}

bool template_uses(const struct template *template, unsigned places)
{
	for (size_t i = 0; i < template->part_count; i++) {
		if (places & template_bit(template->parts[i].place))
			return true;
	}
	return false;
}

enum template_result template_expand(const struct template *template,
	template_find_cb *find, void *arg, size_t max_bytes, struct buf *out,
	const struct template_part **reterr_part)
{
	size_t start = out->length;
	for (size_t i = 0; i < template->part_count; i++) {
		const struct template_part *part = &template->parts[i];
		size_t before = out->length;
		if (part->place == TEMPLATE_LITERAL) {
			buf_append_str(out, part->text);
		} else if (!find(arg, part, out) ||
			   (out->length == before && !out->is_failed)) {
			*reterr_part = part;
			return TEMPLATE_MISSING;
		}
		if (out->is_failed)
			return TEMPLATE_NO_MEMORY;
		if (out->length - start > max_bytes)
			return TEMPLATE_TOO_LONG;
	}
	return TEMPLATE_OK;
}

void template_write_part(struct buf *out, const struct template_part *part)
{
	if (part->place == TEMPLATE_LITERAL)
		buf_append_str(out, part->text);
	else if (forms[part->place].name)
		buf_printf(
			out, "{%s.%.*s}", forms[part->place].word, STR_ARG(part->text));
	else
		buf_printf(out, "{%s}", forms[part->place].word);
}

// U+0080 to U+009F are control characters, too.
static bool has_control(struct str text)
{
	for (size_t i = 0; i < text.length; i++) {
		unsigned char byte = (unsigned char)text.data[i];
		if (byte < 0x20 || byte == 0x7f)
			return true;
		if (byte == 0xc2 && i + 1 < text.length &&
			(unsigned char)text.data[i + 1] < 0xa0)
			return true;
	}
	return false;
}

bool template_is_name(struct str name)
{
	return name.length > 0 && name.length <= TEMPLATE_NAME_MAX &&
	       !has_control(name) && utf8_is_text(name);
}
