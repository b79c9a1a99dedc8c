// SPDX-License-Identifier: MIT
// Bodies become messages, one or a batch, or are refused as a whole.
#include "wherry/proxy/push_messages.h"

#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "wherry/hub/message.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct row {
	const char *name;
	const char *channel, *payload, *key; // templates; NULL = none
	const char *body;
	bool is_batch;
	const char *expected; // "channel key payload;" of each; NULL: refused
};

static const struct row rows[] = {
	{"the body as it is", "a", NULL, NULL, "hello\xff", false, "a  hello\xff;"},
	{"what the templates say", "r:{json.r}", "{json.t}", "{json.k}",
		"{\"r\":1,\"t\":\"x\",\"k\":\"y\"}", false, "r:1 y x;"},
	{"a batch", "a", NULL, NULL,
		"{\"messages\":[{\"data\":1},{\"data\":\"x\",\"key\":\"k\"},"
		"{\"data64\":\"aGk=\"}]}",
		true, "a  1;a k \"x\";a  hi;"},
	{"a batch that names its channel", "a", NULL, NULL,
		"{\"messages\":[{\"channel\":\"a\",\"data\":1}]}", true, "a  1;"},
	{"a batch for the channels it names", "r:{json.channel}", NULL, NULL,
		"{\"messages\":[{\"channel\":\"b\",\"data\":1},"
		"{\"channel\":\"c\",\"data\":2}]}",
		true, "r:b  1;r:c  2;"},
	{"the same, all of them", "{json.channel}", NULL, NULL,
		"{\"messages\":[{\"channel\":\"b\",\"data\":1},"
		"{\"channel\":\"c\",\"data\":2}]}",
		true, "b  1;c  2;"},
	{"a batch by templates", "{json.data.room}", "{json.data.text}", "{json.data.n}",
		"{\"messages\":[{\"data\":{\"room\":\"b\",\"text\":\"x\",\"n\":5}}]}",
		true, "b 5 x;"},
	{"a batch in a frame", "a", "{{\"d\":{body}}}", NULL,
		"{\"messages\":[{\"data\":[1]},{\"data64\":\"aGk=\"}]}", true,
		"a  {\"d\":[1]};a  {\"d\":\"hi\"};"},
	{"what else is in it", "a", NULL, NULL,
		"{\"from\":\"x\",\"messages\":[{\"data\":1}]}", true, "a  1;"},
	// Refused
	{"nothing", "a", NULL, NULL, "", false, NULL},
	{"no JSON, but a template asks", "{json.a}", NULL, NULL, "hello", false, NULL},
	{"a name with control characters", "{json.a}", NULL, NULL, "{\"a\":\"x\\u0000\"}",
		false, NULL},
	{"a batch that is no JSON", "a", NULL, NULL, "hello", true, NULL},
	{"a batch without messages", "a", NULL, NULL, "{}", true, NULL},
	{"an empty batch", "a", NULL, NULL, "{\"messages\":[]}", true, NULL},
	{"no list", "a", NULL, NULL, "{\"messages\":{\"data\":1}}", true, NULL},
	{"no object in it", "a", NULL, NULL, "{\"messages\":[1]}", true, NULL},
	{"the second one is bad", "a", NULL, NULL,
		"{\"messages\":[{\"data\":1},{\"date\":1}]}", true, NULL},
	{"another channel", "a", NULL, NULL,
		"{\"messages\":[{\"channel\":\"b\",\"data\":1}]}", true, NULL},
	{"twice", "a", NULL, NULL,
		"{\"messages\":[{\"data\":1}],\"messages\":[{\"data\":2}]}", true, NULL},
};

// In memory of its own, since templates have a name that C++ has, too.
static const struct template *parse(const char *text, struct template *ret_template)
{
	struct template_error error;
	if (!text)
		return NULL;
	cr_assert(template_parse(str_from(text), ~0U, ret_template, &error), "%s", text);
	return ret_template;
}

static void write_all(const struct push_messages *messages, struct buf *out)
{
	for (size_t i = 0; i < messages->count; i++) {
		const struct message *message = messages->list[i];
		buf_append_str(out, message->channel);
		buf_append_str(out, STR(" "));
		buf_append_str(out, message->key);
		buf_append_str(out, STR(" "));
		buf_append_str(out, message->payload);
		buf_append_str(out, STR(";"));
	}
}

Test(push_messages, makes_messages_of_bodies)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		struct template templates[3];
		struct conf_publish rules = {
			.channel = parse(row->channel, &templates[0]),
			.payload = parse(row->payload, &templates[1]),
			.key = parse(row->key, &templates[2]),
			.max_message = 1024,
		};
		struct push_values values = {0};
		struct push_content content = {
			.values = &values, .body = str_from(row->body)};
		struct push_messages messages;
		struct push_content_error error = {0};
		struct buf out = BUF_INIT;
		enum push_content_result result = push_messages_make(&rules, &content,
			STR("text/plain"), row->is_batch, &messages, &error);
		cr_expect_eq(result == PUSH_CONTENT_OK, row->expected != NULL, "%s: %s",
			row->name, error.text ? error.text : "");
		cr_expect_eq(messages.count > 0, row->expected != NULL, "%s", row->name);
		write_all(&messages, &out);
		if (row->expected)
			cr_expect(str_equal(buf_str(&out), str_from(row->expected)),
				"%s gave %.*s", row->name, STR_ARG(buf_str(&out)));
		push_messages_finish(&messages);
		buf_finish(&out);
	}
}

Test(push_messages, keeps_no_type_that_a_browser_runs)
{
	static const struct {
		const char *payload, *type, *expected;
	} types[] = {
		{NULL, "application/json", "application/json"},
		{NULL, "Application/JSON", "application/json"},
		{NULL, "application/octet-stream", "application/octet-stream"},
		{NULL, "text/html", ""},
		{NULL, "image/svg+xml", ""},
		{NULL, "application/json, text/html", ""},
		{"[{body}]", "text/html", "application/json"},
		{"{body}", "text/html", ""},
		{"{body}", "application/json", ""},
	};
	for (size_t i = 0; i < COUNT(types); i++) {
		struct template channel, payload;
		struct conf_publish rules = {.channel = parse("a", &channel),
			.payload = parse(types[i].payload, &payload),
			.max_message = 64};
		struct push_values values = {0};
		struct push_content content = {.values = &values, .body = STR("1")};
		struct push_messages messages;
		struct push_content_error error;
		cr_assert_eq(push_messages_make(&rules, &content, str_from(types[i].type),
				     false, &messages, &error),
			PUSH_CONTENT_OK);
		cr_expect(str_equal(messages.list[0]->content_type,
				  str_from(types[i].expected)),
			"%s", types[i].type);
		push_messages_finish(&messages);
	}
}

Test(push_messages, bounds_a_batch)
{
	struct template channel;
	struct conf_publish rules = {.channel = parse("a", &channel)};
	for (size_t count = PUSH_MESSAGES_MAX; count <= PUSH_MESSAGES_MAX + 1; count++) {
		struct push_values values = {0};
		struct push_messages messages;
		struct push_content_error error;
		struct buf body = BUF_INIT;
		buf_append_str(&body, STR("{\"messages\":["));
		for (size_t i = 0; i < count; i++)
			buf_printf(&body, "%s{\"data\":%zu}", i > 0 ? "," : "", i);
		buf_append_str(&body, STR("]}"));
		struct push_content content = {.values = &values, .body = buf_str(&body)};
		enum push_content_result result = push_messages_make(
			&rules, &content, STR(""), true, &messages, &error);
		cr_expect_eq(result == PUSH_CONTENT_OK, count == PUSH_MESSAGES_MAX);
		cr_expect_eq(messages.count, result == PUSH_CONTENT_OK ? count : 0);
		push_messages_finish(&messages);
		buf_finish(&body);
	}
}
