// SPDX-License-Identifier: MIT
// Templates over a body; see the header.
#include "wherry/proxy/push_content.h"

#include "wherry/base/utf8.h"
#include "wherry/proto/json_text.h"
#include "wherry/proto/json_way.h"

struct filling {
	const struct push_content *content;
	bool as_json;
	bool is_name; // no objects, no lists
};

static bool write_value(const struct filling *filling, struct str value, struct buf *out)
{
	char first = value.data[0];
	bool is_container = first == '{' || first == '[';
	if (first == 'n' && !filling->as_json) // null
		return false;
	if (is_container && filling->is_name)
		return false;
	if (first == '"' && !filling->as_json)
		return json_text_read_string(value, out);
	buf_append_str(out, value);
	return true;
}

static bool write_body(const struct filling *filling, struct buf *out)
{
	struct str body = filling->content->body;
	if (!filling->as_json || json_text_is_value(body))
		buf_append_str(out, body);
	else if (utf8_is_text(body))
		json_text_write_string(out, body);
	else
		return false;
	return true;
}

static bool write_head_value(
	const struct filling *filling, const struct template_part *part, struct buf *out)
{
	const struct push_values *values = filling->content->values;
	struct buf value = BUF_INIT;
	if (!filling->as_json)
		return push_values_find(values, part, out);
	bool is_found = push_values_find(values, part, &value) && value.length > 0;
	if (is_found)
		json_text_write_string(out, buf_str(&value));
	out->is_failed |= value.is_failed;
	buf_finish(&value);
	return is_found;
}

static template_find_cb find;
static bool find(void *arg, const struct template_part *part, struct buf *out)
{
	const struct filling *filling = arg;
	struct str json = filling->content->json, value;
	switch (part->place) {
	case TEMPLATE_JSON:
		return json.length > 0 && json_way_find(json, part->text, &value) &&
		       write_value(filling, value, out);
	case TEMPLATE_BODY:
		return write_body(filling, out);
	case TEMPLATE_LITERAL:
	case TEMPLATE_PATH:
	case TEMPLATE_SEGMENT:
	case TEMPLATE_QUERY:
	case TEMPLATE_HEADER:
	case TEMPLATE_CLAIM:
	case TEMPLATE_PLACE_COUNT:
		break;
	}
	return write_head_value(filling, part, out);
}

static enum push_content_result fail(enum push_content_result result, const char *text,
	const struct template_part *part, struct push_content_error *error)
{
	*error = (struct push_content_error){text, part};
	return result;
}

static enum push_content_result expand(struct filling *filling,
	const struct template *template, size_t max_bytes, struct buf *out,
	struct push_content_error *error)
{
	const struct template_part *part = NULL;
	switch (template_expand(template, find, filling, max_bytes, out, &part)) {
	case TEMPLATE_OK:
		return PUSH_CONTENT_OK;
	case TEMPLATE_MISSING:
		if (part->place == TEMPLATE_CLAIM)
			return fail(PUSH_CONTENT_NO_CLAIM, "the token has no value for",
				part, error);
		return fail(PUSH_CONTENT_MISSING, "the request has no value for", part,
			error);
	case TEMPLATE_TOO_LONG:
		return fail(
			PUSH_CONTENT_BAD, "its values make too long a text", NULL, error);
	case TEMPLATE_NO_MEMORY:
		break;
	}
	return fail(PUSH_CONTENT_MEMORY, "out of memory", NULL, error);
}

enum push_content_result push_content_name(const struct push_content *content,
	const struct template *template, struct buf *out,
	struct push_content_error *reterr)
{
	struct filling filling = {.content = content, .is_name = true};
	size_t start = out->length;
	enum push_content_result result =
		expand(&filling, template, TEMPLATE_NAME_MAX, out, reterr);
	if (result != PUSH_CONTENT_OK)
		return result;
	if (template_is_name((struct str){out->data + start, out->length - start}))
		return PUSH_CONTENT_OK;
	return fail(PUSH_CONTENT_BAD, "its values make no UTF-8 text of one line", NULL,
		reterr);
}

enum push_content_result push_content_payload(const struct push_content *content,
	const struct template *template, size_t max_bytes, struct buf *out,
	struct push_content_error *reterr)
{
	struct filling filling = {.content = content, .as_json = template->makes_json};
	return expand(&filling, template, max_bytes, out, reterr);
}

struct reply push_content_refusal(enum push_content_result result,
	const struct push_content_error *error, struct buf *text)
{
	static const unsigned statuses[] = {
		[PUSH_CONTENT_NO_CLAIM] = 403,
		[PUSH_CONTENT_MISSING] = 400,
		[PUSH_CONTENT_BAD] = 400,
		[PUSH_CONTENT_MEMORY] = 503,
	};
	struct reply reply = {.status = statuses[result], .detail = error->text};
	if (!error->part)
		return reply;
	buf_append_str(text, str_from(error->text));
	buf_append_str(text, STR(" "));
	template_write_part(text, error->part);
	buf_append(text, "", 1);
	if (!text->is_failed)
		reply.detail = text->data;
	return reply;
}

static template_find_cb put_text;
static bool put_text(void *arg, const struct template_part *part, struct buf *out)
{
	(void)arg;
	(void)part;
	buf_append_str(out, STR("\"x\""));
	return true;
}

// A placeholder in quotes of its own would be found here.
bool push_content_is_sound(const struct template *template)
{
	const struct template_part *part;
	struct buf out = BUF_INIT;
	bool is_sound = !template->makes_json ||
			(template_expand(template, put_text, NULL, BUF_LIMIT, &out,
				 &part) == TEMPLATE_OK &&
				json_text_is_value(buf_str(&out)));
	buf_finish(&out);
	return is_sound;
}
