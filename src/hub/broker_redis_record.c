// SPDX-License-Identifier: MIT
// Texts that go through Redis; see the header.
#include "broker_redis_record_priv.h"

#include <string.h>

void broker_redis_record_write(struct buf *out, const struct message *message)
{
	buf_append_u64(out, message->key.length);
	buf_append_str(out, STR(" "));
	buf_append_u64(out, message->content_type.length);
	buf_append_str(out, STR(" "));
	buf_append_str(out, message->key);
	buf_append_str(out, message->content_type);
	buf_append_str(out, message->payload);
}

// Cuts off what stands in front of the first space.
static bool cut_word(struct str *text, struct str *ret_word)
{
	const char *space =
		text->length > 0 ? memchr(text->data, ' ', text->length) : NULL;
	if (!space)
		return false;
	*ret_word = str_cut_until(text, ' ');
	return true;
}

static bool cut_number(struct str *text, uint64_t *ret_number)
{
	struct str word;
	return cut_word(text, &word) && str_parse_u64(word, UINT64_MAX, ret_number);
}

static bool cut_bytes(struct str *text, uint64_t length, struct str *ret_bytes)
{
	if (length > text->length)
		return false;
	*ret_bytes = str_cut(text, (size_t)length);
	return true;
}

bool broker_redis_record_read(struct str text, struct message_parts *ret_parts)
{
	uint64_t key_length, type_length;
	if (!cut_number(&text, &key_length) || !cut_number(&text, &type_length) ||
		!cut_bytes(&text, key_length, &ret_parts->key) ||
		!cut_bytes(&text, type_length, &ret_parts->content_type))
		return false;
	ret_parts->payload = text;
	return text.length <= UINT32_MAX;
}

static bool read_data(struct str text, struct broker_redis_push *push)
{
	struct str attempt;
	if (!cut_number(&text, &push->nonce) || !cut_word(&text, &attempt))
		return false;
	push->is_again = str_equal(attempt, STR("again"));
	push->record = text;
	return push->is_again || str_equal(attempt, STR("first"));
}

static bool read_crowd(struct str text, struct broker_redis_push *push)
{
	uint64_t length;
	if (!cut_number(&text, &length) || !cut_bytes(&text, length, &push->channel) ||
		!cut_number(&text, &push->count))
		return false;
	push->kind = BROKER_REDIS_PUSH_CROWD;
	push->members = text;
	return true;
}

bool broker_redis_record_push(struct str text, struct broker_redis_push *ret_push)
{
	struct str kind;
	*ret_push = (struct broker_redis_push){.kind = BROKER_REDIS_PUSH_STIR};
	if (str_equal(text, STR("crowd")))
		return true;
	ret_push->kind = BROKER_REDIS_PUSH_DATA;
	if (!cut_number(&text, &ret_push->id) || !cut_word(&text, &kind))
		return false;
	if (str_equal(kind, STR("data")))
		return read_data(text, ret_push);
	if (str_equal(kind, STR("crowd")))
		return read_crowd(text, ret_push);
	ret_push->kind = BROKER_REDIS_PUSH_BEAT;
	return str_equal(kind, STR("beat"));
}

bool broker_redis_record_next_member(struct str *members, struct str *ret_name)
{
	uint64_t length;
	if (members->length == 0 || !memchr(members->data, ':', members->length))
		return false;
	if (!str_parse_u64(str_cut_until(members, ':'), UINT32_MAX, &length))
		return false;
	return cut_bytes(members, length, ret_name);
}
