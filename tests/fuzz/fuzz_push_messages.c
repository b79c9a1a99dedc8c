// SPDX-License-Identifier: MIT
// What is posted: a body becomes messages in channels that may be called so, or nothing;
// a payload that makes JSON is JSON; and none is longer than allowed.
// Input: lines with the templates of channel, payload (or nothing), and key (or nothing);
// a line that begins with "b" for a batch; the body.
#include <string.h>

#include "fuzz.h"

#include "wherry/hub/message.h"
#include "wherry/proto/json_text.h"
#include "wherry/proxy/push_messages.h"

enum {
	MAX_MESSAGE = 4096
};

static struct str cut_line(struct str *rest)
{
	const char *end = memchr(rest->data, '\n', rest->length);
	struct str line = {rest->data, end ? (size_t)(end - rest->data) : rest->length};
	rest->data += line.length + (end != NULL);
	rest->length -= line.length + (end != NULL);
	return line;
}

static const struct template *parse(struct str text, struct template *ret_template)
{
	struct template_error error;
	return template_parse(text, ~0U, ret_template, &error) ? ret_template : NULL;
}

static void require_good(const struct conf_publish *rules, const struct message *message)
{
	FUZZ_REQUIRE(template_is_name(message->channel));
	FUZZ_REQUIRE(message->id == 0 && message->kind == MESSAGE_DATA);
	FUZZ_REQUIRE(!rules->key || template_is_name(message->key));
	if (!rules->payload)
		return;
	FUZZ_REQUIRE(message->payload.length <= rules->max_message);
	if (rules->payload->makes_json && push_content_is_sound(rules->payload))
		FUZZ_REQUIRE(json_text_is_value(message->payload));
}

static void try_body(const struct conf_publish *rules, bool is_batch, struct str body)
{
	struct push_values values = {0};
	struct push_content content = {.values = &values, .body = body};
	struct push_content_error error = {0};
	struct push_messages messages;
	enum push_content_result result = push_messages_make(
		rules, &content, STR("text/plain"), is_batch, &messages, &error);
	FUZZ_REQUIRE((result == PUSH_CONTENT_OK) == (messages.count > 0));
	FUZZ_REQUIRE(result == PUSH_CONTENT_OK || error.text);
	FUZZ_REQUIRE(is_batch || messages.count <= 1);
	for (size_t i = 0; i < messages.count; i++)
		require_good(rules, messages.list[i]);
	push_messages_finish(&messages);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || size > 1 << 13)
		return 0;
	struct str rest = {(const char *)data, size};
	struct template channel, payload, key;
	struct conf_publish rules = {
		.channel = parse(cut_line(&rest), &channel),
		.payload = parse(cut_line(&rest), &payload),
		.key = parse(cut_line(&rest), &key),
		.max_message = MAX_MESSAGE,
	};
	struct str line = cut_line(&rest);
	if (rules.channel)
		try_body(&rules, line.length > 0 && line.data[0] == 'b', rest);
	return 0;
}
