// SPDX-License-Identifier: MIT
// Messages; see the header. Everything lies in one piece of memory, with the header of
// the WebSocket frame right before the payload: the most frequent encoding costs nothing.
#include "wherry/hub/message.h"

#include <stdlib.h>
#include <string.h>

#include "message_text_priv.h"
#include "wherry/base/now.h"
#include "wherry/base/utf8.h"
#include "wherry/proto/ws_frame.h"

// Text, unless it is something else or is said to be.
static bool is_text(const struct message_parts *parts)
{
	return !str_equal_nocase(parts->content_type, STR("application/octet-stream")) &&
	       utf8_is_text(parts->payload);
}

static size_t write_header(
	uint64_t payload_length, bool is_text, uint8_t out[WS_FRAME_MAX_HEADER])
{
	struct ws_frame frame = {
		.is_final = true,
		.opcode = is_text ? WS_TEXT : WS_BINARY,
		.payload_length = payload_length,
	};
	return ws_frame_write(&frame, out);
}

// What write_header gives.
static size_t header_length_of(uint64_t payload_length)
{
	if (payload_length <= WS_FRAME_MAX_CONTROL_PAYLOAD)
		return 2;
	return payload_length <= UINT16_MAX ? 4 : 10;
}

static struct str append(char **end, struct str s)
{
	struct str copy = {*end, s.length};
	if (s.length > 0)
		memcpy(*end, s.data, s.length);
	*end += s.length;
	return copy;
}

struct message *message_create(const struct message_parts *parts)
{
	uint8_t header[WS_FRAME_MAX_HEADER];
	bool is_frame_text = is_text(parts);
	size_t header_length = write_header(parts->payload.length, is_frame_text, header);
	struct message *message = malloc(sizeof(*message) + parts->channel.length +
					 parts->key.length + parts->content_type.length +
					 header_length + parts->payload.length);
	if (!message)
		return NULL;
	char *end = (char *)(message + 1);
	*message = (struct message){
		.id = parts->id,
		.kind = parts->kind,
		.is_text = is_frame_text,
		.at_ms = now_ms(),
	};
	atomic_init(&message->references, 1);
	message->channel = append(&end, parts->channel);
	message->key = append(&end, parts->key);
	message->content_type = append(&end, parts->content_type);
	(void)append(&end, (struct str){(const char *)header, header_length});
	message->payload = append(&end, parts->payload);
	return message;
}

struct message *message_ref(struct message *message)
{
	atomic_fetch_add_explicit(&message->references, 1, memory_order_relaxed);
	return message;
}

void message_unref(struct message *message)
{
	if (!message || atomic_fetch_sub_explicit(
				&message->references, 1, memory_order_acq_rel) != 1)
		return;
	size_t size = message_size(message);
	for (size_t i = 0; i < MESSAGE_ENCODING_COUNT; i++) {
		struct message_text *text =
			atomic_load_explicit(&message->texts[i], memory_order_relaxed);
		size += text ? text->length : 0;
		free(text);
	}
	if (message->charged)
		atomic_fetch_sub_explicit(message->charged, size, memory_order_relaxed);
	free(message);
}

void message_charge(struct message *message, _Atomic uint64_t *bytes)
{
	message->charged = bytes;
	atomic_fetch_add_explicit(bytes, message_size(message), memory_order_relaxed);
}

static struct str frame_of(const struct message *message)
{
	size_t length = header_length_of(message->payload.length);
	return (struct str){
		message->payload.data - length, length + message->payload.length};
}

struct str message_encode(struct message *message, enum message_encoding encoding)
{
	if (encoding == MESSAGE_FRAME)
		return frame_of(message);
	struct message_text *text =
		atomic_load_explicit(&message->texts[encoding], memory_order_acquire);
	if (!text) {
		text = message_text_create(message, encoding);
		if (!text)
			return (struct str){0};
		// Another thread may have been faster: then its text is everybody's.
		struct message_text *first = NULL;
		if (!atomic_compare_exchange_strong_explicit(&message->texts[encoding],
			    &first, text, memory_order_acq_rel, memory_order_acquire)) {
			free(text);
			text = first;
		} else if (message->charged) {
			atomic_fetch_add_explicit(
				message->charged, text->length, memory_order_relaxed);
		}
	}
	return (struct str){text->data, text->length};
}

size_t message_size(const struct message *message)
{
	return sizeof(*message) + message->channel.length + message->key.length +
	       message->content_type.length + WS_FRAME_MAX_HEADER +
	       message->payload.length;
}
