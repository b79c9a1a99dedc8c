// SPDX-License-Identifier: MIT
// What templates make of a request and its body: names and payloads, never with a value
// left out, and JSON that no value can break.
#include "wherry/proxy/push_content.h"

#include <criterion/criterion.h>

#include "http_head.h"
#include "wherry/proto/json_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char request[] = "POST /hooks/shop?room=a%22b HTTP/1.1\n"
			      "Host: a\n"
			      "X-Event: push\n"
			      "X-Odd: \"\\\n";

static const char body[] =
	"{\"repository\":{\"name\":\"wherry\",\"stars\":7,\"fork\":false,\"home\":null},"
	"\"text\":\"a \\\"b\\\"\\n\",\"empty\":\"\",\"list\":[1,{\"a\":2.50}]}";

struct row {
	const char *name;
	const char *template;
	const char *expected; // NULL: refused
};

struct filled {
	struct template template;
	struct push_values values;
	struct push_content content;
};

static void prepare(struct filled *filled, const char *text, struct str json)
{
	static struct http_head head;
	struct template_error error;
	*filled = (struct filled){0};
	http_head_read(&head, HTTP_REQUEST, request);
	cr_assert(template_parse(str_from(text), ~0U, &filled->template, &error), "%s",
		text);
	push_values_take_head(
		&filled->values, &filled->template, &head.message, head.message.path);
	filled->content = (struct push_content){&filled->values, json, json};
	if (!json_text_is_value(json))
		filled->content.json.length = 0;
}

static void expect_text(
	const struct row *row, enum push_content_result result, const struct buf *out)
{
	cr_expect_eq(result == PUSH_CONTENT_OK, row->expected != NULL, "%s", row->name);
	if (row->expected)
		cr_expect(str_equal(buf_str(out), str_from(row->expected)),
			"%s gave %.*s", row->name, STR_ARG(buf_str(out)));
}

Test(push_content, names_channels)
{
	static const struct row rows[] = {
		{"of the head", "hook:{path.1}:{header.x-event}", "hook:shop:push"},
		{"a text", "repo:{json.repository.name}", "repo:wherry"},
		{"a number", "{json.repository.stars}", "7"},
		{"as it is written", "{json.list.1.a}", "2.50"},
		{"false", "{json.repository.fork}", "false"},
		{"an escaped text", "{query.room}", "a\"b"},
		// Refused
		{"null", "repo:{json.repository.home}", NULL},
		{"an empty text", "repo:{json.empty}", NULL},
		{"nothing of the name", "repo:{json.repository.id}", NULL},
		{"an object", "{json.repository}", NULL},
		{"a list", "{json.list}", NULL},
		{"two lines", "{json.text}", NULL},
		{"no such field", "{header.x-none}", NULL},
		{"no token", "{claim.sub}", NULL},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct filled filled;
		struct push_content_error error = {0};
		struct buf out = BUF_INIT;
		prepare(&filled, rows[i].template, str_from(body));
		enum push_content_result result = push_content_name(
			&filled.content, &filled.template, &out, &error);
		expect_text(&rows[i], result, &out);
		cr_expect_eq(error.text != NULL, result != PUSH_CONTENT_OK);
		push_values_finish(&filled.values);
		buf_finish(&out);
	}
}

Test(push_content, makes_payloads)
{
	static const struct row rows[] = {
		{"the body", "{body}", body},
		{"a text alone", "{json.text}", "a \"b\"\n"},
		{"an object alone", "{json.list.1}", "{\"a\":2.50}"},
		{"texts in a sentence",
			"{json.repository.name} has {json.repository.stars}",
			"wherry has 7"},
		{"JSON of values",
			"{{\"n\":{json.repository.name},\"s\":{json.repository.stars}}}",
			"{\"n\":\"wherry\",\"s\":7}"},
		{"JSON of odd texts", "[{json.text},{header.x-odd},{query.room}]",
			"[\"a \\\"b\\\"\\n\",\"\\\"\\\\\",\"a\\\"b\"]"},
		{"JSON of null and nothing", "[{json.repository.home},{json.empty}]",
			"[null,\"\"]"},
		{"JSON of a part", "{{\"of\":{json.list}}}", "{\"of\":[1,{\"a\":2.50}]}"},
		// Refused
		{"null alone", "{json.repository.home}", NULL},
		{"a member that is not there", "[{json.id}]", NULL},
		{"a field that is not there", "[{header.x-none}]", NULL},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct filled filled;
		struct push_content_error error;
		struct buf out = BUF_INIT;
		prepare(&filled, rows[i].template, str_from(body));
		enum push_content_result result = push_content_payload(
			&filled.content, &filled.template, 1024, &out, &error);
		expect_text(&rows[i], result, &out);
		if (rows[i].expected && filled.template.makes_json)
			cr_expect(json_text_is_value(buf_str(&out)), "%s", rows[i].name);
		push_values_finish(&filled.values);
		buf_finish(&out);
	}
}

Test(push_content, puts_any_body_into_json)
{
	static const struct {
		const char *name, *body, *expected;
	} rows[] = {
		{"JSON", "{\"a\":1}", "{\"of\":{\"a\":1}}"},
		{"a number", " 12 ", "{\"of\": 12 }"},
		{"text", "a \"b\"", "{\"of\":\"a \\\"b\\\"\"}"},
		{"no UTF-8", "\xff", NULL},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct filled filled;
		struct push_content_error error;
		struct buf out = BUF_INIT;
		prepare(&filled, "{{\"of\":{body}}}", str_from(rows[i].body));
		struct row row = {rows[i].name, NULL, rows[i].expected};
		expect_text(&row,
			push_content_payload(
				&filled.content, &filled.template, 64, &out, &error),
			&out);
		push_values_finish(&filled.values);
		buf_finish(&out);
	}
}

Test(push_content, is_bounded)
{
	struct filled filled;
	struct push_content_error error;
	struct buf out = BUF_INIT;
	prepare(&filled, "{body}", str_from(body));
	cr_expect_eq(push_content_payload(&filled.content, &filled.template,
			     sizeof(body) - 2, &out, &error),
		PUSH_CONTENT_BAD);
	cr_expect_eq(push_content_name(&filled.content, &filled.template, &out, &error),
		PUSH_CONTENT_OK);
	push_values_finish(&filled.values);
	buf_finish(&out);
}

Test(push_content, tells_what_has_no_value)
{
	struct filled filled;
	struct push_content_error error;
	struct buf out = BUF_INIT, text = BUF_INIT;
	prepare(&filled, "user:{claim.sub}", STR(""));
	enum push_content_result result =
		push_content_name(&filled.content, &filled.template, &out, &error);
	struct reply reply = push_content_refusal(result, &error, &text);
	cr_expect_eq(reply.status, 403);
	cr_expect_str_eq(reply.detail, "the token has no value for {claim.sub}");
	push_values_finish(&filled.values);
	buf_finish(&text);
	buf_finish(&out);
}

Test(push_content, tells_templates_that_make_no_json)
{
	static const struct {
		const char *text;
		bool is_sound;
	} rows[] = {
		{"{{\"a\":{json.a}}}", true},
		{"[{body}]", true},
		{"[1,2]", true},
		{"hello {json.a}", true},
		{"{body}", true},
		{"{{\"a\":\"{json.a}\"}}", false},
		{"{{\"a\":{json.a}", false},
		{"[{json.a} {json.b}]", false},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct template template;
		struct template_error error;
		cr_assert(template_parse(str_from(rows[i].text), ~0U, &template, &error));
		cr_expect_eq(push_content_is_sound(&template), rows[i].is_sound, "%s",
			rows[i].text);
	}
}
