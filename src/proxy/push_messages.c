// SPDX-License-Identifier: MIT
// Bodies as messages; see the header.
#include "wherry/proxy/push_messages.h"

#include <stdlib.h>

#include "wherry/hub/message.h"
#include "wherry/proto/json_text.h"
#include "wherry/proto/json_way.h"
#include "wherry/proto/push_envelope.h"

struct making {
	const struct conf_publish *rules;
	struct push_messages *messages;
	struct push_content_error *error;
};

static enum push_content_result fail(
	const struct making *making, enum push_content_result result, const char *text)
{
	*making->error = (struct push_content_error){text, NULL};
	return result;
}

static enum push_content_result no_memory(const struct making *making)
{
	return fail(making, PUSH_CONTENT_MEMORY, "out of memory");
}

static enum push_content_result add(
	const struct making *making, const struct message_parts *parts)
{
	struct push_messages *messages = making->messages;
	struct message *message = message_create(parts);
	if (!message)
		return no_memory(making);
	messages->list[messages->count++] = message;
	return PUSH_CONTENT_OK;
}

// What one message consists of, while it is put together.
struct piece {
	struct buf channel, key, payload;
};

static void finish_piece(struct piece *piece)
{
	buf_finish(&piece->channel);
	buf_finish(&piece->key);
	buf_finish(&piece->payload);
}

static enum push_content_result fill(const struct making *making,
	const struct push_content *content, struct piece *piece)
{
	const struct conf_publish *rules = making->rules;
	enum push_content_result result = push_content_name(
		content, rules->channel, &piece->channel, making->error);
	if (result == PUSH_CONTENT_OK && rules->key)
		result = push_content_name(
			content, rules->key, &piece->key, making->error);
	if (result == PUSH_CONTENT_OK && rules->payload)
		result = push_content_payload(content, rules->payload, rules->max_message,
			&piece->payload, making->error);
	return result;
}

// Of the types that a publisher may name only those that no browser runs: a page of his
// would be one of ours to who long-polls.
static struct str find_type(const struct conf_publish *rules, struct str content_type)
{
	static const struct str plain[] = {
		{"application/json", 16}, {"application/octet-stream", 24}};
	if (rules->payload)
		return rules->payload->makes_json ? plain[0] : STR("");
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		if (str_equal_nocase(content_type, plain[i]))
			return plain[i];
	}
	return STR("");
}

static enum push_content_result make_one(const struct making *making,
	const struct push_content *content, struct str content_type)
{
	bool is_filled = making->rules->payload != NULL;
	struct piece piece = {0};
	enum push_content_result result = fill(making, content, &piece);
	if (result == PUSH_CONTENT_OK)
		result = add(making,
			&(struct message_parts){
				.channel = buf_str(&piece.channel),
				.key = buf_str(&piece.key),
				.payload = is_filled ? buf_str(&piece.payload)
						     : content->body,
				.content_type = find_type(making->rules, content_type),
			});
	finish_piece(&piece);
	return result;
}

// What it names must be what the route makes of it, unless the route asks it.
static bool is_of_route(const struct conf_publish *rules,
	const struct push_envelope_request *item, const struct piece *piece)
{
	return item->channel.length == 0 ||
	       template_uses(rules->channel, template_bit(TEMPLATE_JSON)) ||
	       str_equal(buf_str(&item->channel), buf_str(&piece->channel));
}

static enum push_content_result make_of_item(const struct making *making,
	const struct push_envelope_request *item, const struct push_content *content)
{
	bool is_filled = making->rules->payload != NULL;
	struct piece piece = {0};
	enum push_content_result result = fill(making, content, &piece);
	if (result == PUSH_CONTENT_OK && !is_of_route(making->rules, item, &piece))
		result = fail(making, PUSH_CONTENT_BAD,
			"a message names a channel that is not this route's");
	if (result == PUSH_CONTENT_OK)
		result = add(making,
			&(struct message_parts){
				.channel = buf_str(&piece.channel),
				.key = buf_str(
					piece.key.length > 0 ? &piece.key : &item->key),
				.payload = buf_str(
					is_filled ? &piece.payload : &item->payload),
			});
	finish_piece(&piece);
	return result;
}

static enum push_content_result read_item(
	const struct making *making, const struct push_content *whole, struct str text)
{
	struct push_envelope_request item;
	const char *error;
	enum push_content_result result;
	if (push_envelope_read(text, &item, &error)) {
		struct push_content content = {
			whole->values, buf_str(&item.payload), text};
		result = make_of_item(making, &item, &content);
	} else {
		result = fail(making, PUSH_CONTENT_BAD, error);
	}
	push_envelope_finish(&item);
	return result;
}

static enum push_content_result make_batch(
	const struct making *making, const struct push_content *content)
{
	struct str list, item;
	enum push_content_result result = PUSH_CONTENT_OK;
	if (!json_way_find(content->json, STR("messages"), &list) ||
		!json_text_open_array(list, &list))
		return fail(
			making, PUSH_CONTENT_BAD, "a batch without a list of messages");
	while (result == PUSH_CONTENT_OK && json_text_next_item(&list, &item)) {
		if (making->messages->count == PUSH_MESSAGES_MAX)
			return fail(making, PUSH_CONTENT_BAD,
				"a batch of more than 1000 messages");
		result = read_item(making, content, item);
	}
	if (result == PUSH_CONTENT_OK && making->messages->count == 0)
		return fail(making, PUSH_CONTENT_BAD, "a batch without messages");
	return result;
}

static bool uses_json(const struct conf_publish *rules)
{
	unsigned json = template_bit(TEMPLATE_JSON);
	return template_uses(rules->channel, json) ||
	       (rules->payload && template_uses(rules->payload, json)) ||
	       (rules->key && template_uses(rules->key, json)) ||
	       (rules->has_verify && rules->verify.id &&
		       template_uses(rules->verify.id, json));
}

static enum push_content_result make(const struct making *making,
	struct push_content *content, struct str content_type, bool is_batch)
{
	if (content->body.length == 0)
		return fail(making, PUSH_CONTENT_BAD, "an empty body");
	if (is_batch || uses_json(making->rules)) {
		if (!json_text_is_value(content->body))
			return fail(making, PUSH_CONTENT_BAD,
				"the body is not JSON in UTF-8");
		content->json = content->body;
	}
	making->messages->list =
		calloc(is_batch ? PUSH_MESSAGES_MAX : 1, sizeof(*making->messages->list));
	if (!making->messages->list)
		return no_memory(making);
	return is_batch ? make_batch(making, content)
			: make_one(making, content, content_type);
}

enum push_content_result push_messages_make(const struct conf_publish *rules,
	struct push_content *content, struct str content_type, bool is_batch,
	struct push_messages *ret_messages, struct push_content_error *reterr)
{
	struct making making = {rules, ret_messages, reterr};
	*ret_messages = (struct push_messages){0};
	enum push_content_result result = make(&making, content, content_type, is_batch);
	if (result != PUSH_CONTENT_OK)
		push_messages_finish(ret_messages);
	return result;
}

void push_messages_finish(struct push_messages *messages)
{
	for (size_t i = 0; i < messages->count; i++)
		message_unref(messages->list[i]);
	free(messages->list);
	*messages = (struct push_messages){0};
}
