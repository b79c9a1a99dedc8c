// SPDX-License-Identifier: MIT
// Templates: what is one, what it becomes, and that nothing is filled in with nothing.
#include "wherry/base/template.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	ANY_PLACE = ~0,
	MAX_BYTES = 64
};

struct row {
	const char *name;
	const char *text;
	const char *expected;
};

// "<query room>": the word of the place, and the name. Some have no value.
static template_find_cb find;
static bool find(void *arg, const struct template_part *part, struct buf *out)
{
	(void)arg;
	if (str_equal(part->text, STR("none")))
		return false;
	if (str_equal(part->text, STR("empty")))
		return true;
	buf_printf(out, "<%d %.*s>", (int)part->place, STR_ARG(part->text));
	return true;
}

// The text ends where it ends, as the sanitizer knows.
static bool parse(const char *text, unsigned places, struct template *ret_template,
	char **ret_copy, struct template_error *reterr)
{
	size_t length = strlen(text);
	*ret_copy = malloc(length > 0 ? length : 1);
	cr_assert_not_null(*ret_copy);
	memcpy(*ret_copy, text, length);
	return template_parse(
		(struct str){*ret_copy, length}, places, ret_template, reterr);
}

Test(template, fills_in_values)
{
	static const struct row rows[] = {
		{"nothing to fill in", "lobby", "lobby"},
		{"the whole path", "{path}", "<1 >"},
		{"a segment", "feed:{path.1}", "feed:<2 1>"},
		{"the last one", "{path.99}", "<2 99>"},
		{"all kinds", "{query.a}{header.x-b}{claim.sub}{json.c}{body}",
			"<3 a><4 x-b><5 sub><6 c><7 >"},
		{"a way down", "{json.repository.full_name}", "<6 repository.full_name>"},
		{"a name with dots", "{claim.https://example.com/role}",
			"<5 https://example.com/role>"},
		{"text around", "a-{query.b}-c", "a-<3 b>-c"},
		{"braces that are meant", "{{a}}", "{a}"},
		{"braces around a placeholder", "{{\"a\":{json.b}}}", "{\"a\":<6 b>}"},
		{"braces alone", "{{}}{{{{", "{}{{"},
		{"UTF-8", "caf\xc3\xa9:{query.\xc3\xa9}", "caf\xc3\xa9:<3 \xc3\xa9>"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct template template;
		struct template_error error;
		const struct template_part *part;
		struct buf out = BUF_INIT;
		char *copy;
		cr_assert(parse(rows[i].text, ANY_PLACE, &template, &copy, &error), "%s",
			rows[i].name);
		cr_expect_eq(
			template_expand(&template, find, NULL, MAX_BYTES, &out, &part),
			TEMPLATE_OK, "%s", rows[i].name);
		cr_expect(str_equal(buf_str(&out), str_from(rows[i].expected)),
			"%s gave %.*s", rows[i].name, (int)out.length, out.data);
		buf_finish(&out);
		free(copy);
	}
}

Test(template, refuses_what_is_none)
{
	static const struct {
		const char *name, *text, *piece;
	} rows[] = {
		{"empty", "", ""},
		{"no end", "feed:{path.1", "{path.1"},
		{"no beginning", "feed:path.1}:a", "}:a"},
		{"a brace at the end", "feed{", "{"},
		{"three braces", "feed{{{", "{"},
		{"nothing inside", "a{}b", "{}"},
		{"an unknown word", "{user}", "{user}"},
		{"another case", "{Path}", "{Path}"},
		{"spaces", "{ path }", "{ path }"},
		{"no number", "{path.x}", "{path.x}"},
		{"a sign", "{path.-1}", "{path.-1}"},
		{"a number too high", "{path.100}", "{path.100}"},
		{"no name", "a{query.}b", "{query.}"},
		{"no name at all", "{query}", "{query}"},
		{"a name too many", "{body.a}", "{body.a}"},
		{"a space in a name", "{query.a b}", "{query.a b}"},
		{"a brace in a name", "{query.a{b}", "{query.a{b}"},
		{"a control character", "{query.a\x01}", "{query.a\x01}"},
		{"an empty step first", "{json..a}", "{json..a}"},
		{"an empty step between", "{json.a..b}", "{json.a..b}"},
		{"an empty step last", "{json.a.}", "{json.a.}"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct template template;
		struct template_error error = {0};
		char *copy;
		cr_expect_not(parse(rows[i].text, ANY_PLACE, &template, &copy, &error),
			"%s", rows[i].name);
		cr_expect(str_equal(error.piece, str_from(rows[i].piece)), "%s: %.*s",
			rows[i].name, STR_ARG(error.piece));
		cr_expect_not_null(error.problem);
		free(copy);
	}
}

Test(template, is_bounded)
{
	char text[TEMPLATE_MAX_BYTES + 2];
	struct template template;
	struct template_error error;
	memset(text, 'a', sizeof(text));
	cr_expect(template_parse((struct str){text, TEMPLATE_MAX_BYTES},
		(unsigned)ANY_PLACE, &template, &error));
	cr_expect_not(template_parse((struct str){text, TEMPLATE_MAX_BYTES + 1},
		(unsigned)ANY_PLACE, &template, &error));
	for (size_t i = 0; i <= TEMPLATE_MAX_PARTS; i++)
		memcpy(text + i * 6, "{path}", 6);
	cr_expect(template_parse((struct str){text, TEMPLATE_MAX_PARTS * 6},
		(unsigned)ANY_PLACE, &template, &error));
	cr_expect_not(template_parse((struct str){text, (TEMPLATE_MAX_PARTS + 1) * 6},
		(unsigned)ANY_PLACE, &template, &error));
}

Test(template, allows_only_places_of_the_set)
{
	static const char *const texts[TEMPLATE_PLACE_COUNT] = {NULL, "{path}",
		"{path.0}", "{query.a}", "{header.a}", "{claim.a}", "{json.a}", "{body}"};
	for (size_t i = TEMPLATE_PATH; i < TEMPLATE_PLACE_COUNT; i++) {
		for (size_t j = TEMPLATE_PATH; j < TEMPLATE_PLACE_COUNT; j++) {
			struct template template;
			struct template_error error;
			bool is_good = template_parse(str_from(texts[i]),
				template_bit((enum template_place)j), &template, &error);
			cr_expect_eq(is_good, i == j, "%s", texts[i]);
			if (is_good)
				cr_expect(template_uses(
					&template, template_bit((enum template_place)j)));
		}
	}
}

Test(template, knows_places_by_how_they_are_written)
{
	static const char *const forms[] = {"{path}", "{path.N}", "{query.NAME}",
		"{header.NAME}", "{claim.NAME}", "{json.NAME}", "{body}"};
	enum template_place place;
	for (size_t i = 0; i < COUNT(forms); i++) {
		cr_assert(template_find_place(str_from(forms[i]), &place));
		cr_expect_eq((size_t)place, i + TEMPLATE_PATH);
	}
	cr_expect_not(template_find_place(STR("{user}"), &place));
	cr_expect_not(template_find_place(STR("{"), &place));
}

Test(template, never_leaves_a_value_out)
{
	static const struct row rows[] = {
		{"not there", "a:{query.none}:{query.b}", "{query.none}"},
		{"empty", "a:{header.empty}", "{header.empty}"},
		{"the second one", "{path.1}{claim.none}", "{claim.none}"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct template template;
		struct template_error error;
		const struct template_part *part;
		struct buf out = BUF_INIT;
		cr_assert(template_parse(
			str_from(rows[i].text), (unsigned)ANY_PLACE, &template, &error));
		cr_expect_eq(
			template_expand(&template, find, NULL, MAX_BYTES, &out, &part),
			TEMPLATE_MISSING, "%s", rows[i].name);
		buf_clear(&out);
		template_write_part(&out, part);
		cr_expect(str_equal(buf_str(&out), str_from(rows[i].expected)), "%s",
			rows[i].name);
		buf_finish(&out);
	}
}

Test(template, makes_nothing_longer_than_allowed)
{
	struct template template;
	struct template_error error;
	const struct template_part *part;
	struct buf out = BUF_INIT;
	buf_append_str(&out, STR("kept"));
	cr_assert(template_parse(
		STR("ab{query.c}"), (unsigned)ANY_PLACE, &template, &error));
	cr_expect_eq(template_expand(&template, find, NULL, 7, &out, &part), TEMPLATE_OK);
	cr_expect(str_equal(buf_str(&out), STR("keptab<3 c>")));
	cr_expect_eq(template_expand(&template, find, NULL, 6, &out, &part),
		TEMPLATE_TOO_LONG);
	buf_finish(&out);
}

Test(template, makes_json_when_it_starts_like_it)
{
	static const struct {
		const char *text;
		bool makes_json;
	} rows[] = {
		{"{{\"a\":1}}", true},
		{"[{json.a}]", true},
		{"{json.a}", false},
		{"{body}", false},
		{"a{{", false},
		{" {{", false},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct template template;
		struct template_error error;
		cr_assert(template_parse(
			str_from(rows[i].text), (unsigned)ANY_PLACE, &template, &error));
		cr_expect_eq(template.makes_json, rows[i].makes_json, "%s", rows[i].text);
	}
}

Test(template, knows_the_names_of_channels)
{
	char name[TEMPLATE_NAME_MAX + 1];
	memset(name, 'a', sizeof(name));
	cr_expect(template_is_name((struct str){name, TEMPLATE_NAME_MAX}));
	cr_expect_not(template_is_name((struct str){name, TEMPLATE_NAME_MAX + 1}));
	cr_expect(template_is_name(STR("feed:news/1 \xe2\x82\xac")));
	cr_expect(template_is_name(STR("\xc2\xa0")));
	cr_expect_not(template_is_name(STR("")));
	cr_expect_not(template_is_name(STR("a\nb")));
	cr_expect_not(template_is_name(STR("a\0b")));
	cr_expect_not(template_is_name(STR("a\x7f")));
	cr_expect_not(template_is_name(STR("a\xc2\x85")));
	cr_expect_not(template_is_name(STR("a\xc2")));
	cr_expect_not(template_is_name(STR("\xff")));
	cr_expect_not(template_is_name(STR("\xed\xa0\x80")));
}
