// SPDX-License-Identifier: MIT
// The encodings of messages, but the first; see the header.
#include "message_text_priv.h"

#include <stdlib.h>
#include <string.h>

#include "wherry/proto/push_envelope.h"
#include "wherry/proto/sse.h"
#include "wherry/proto/ws_frame.h"

static const char *event_of(const struct message *message)
{
	switch (message->kind) {
	case MESSAGE_DATA:
		return "message";
	case MESSAGE_PATCH:
		return "patch";
	case MESSAGE_STATUS:
		return "status";
	case MESSAGE_PRESENCE:
		return "presence";
	case MESSAGE_GAP:
		return "gap";
	}
	return "message";
}

static void write_envelope(const struct message *message, struct buf *out)
{
	struct push_envelope envelope = {
		.id = message->id,
		.channel = message->channel,
		.event = event_of(message),
		.payload = message->payload,
	};
	push_envelope_write(out, &envelope);
}

static void write_frame(const struct message *message, struct buf *out)
{
	struct buf envelope = BUF_INIT;
	write_envelope(message, &envelope);
	struct ws_frame frame = {
		.is_final = true,
		.opcode = WS_TEXT,
		.payload_length = envelope.length,
	};
	uint8_t header[WS_FRAME_MAX_HEADER];
	buf_append(out, header, ws_frame_write(&frame, header));
	buf_append_str(out, buf_str(&envelope));
	out->is_failed |= envelope.is_failed;
	buf_finish(&envelope);
}

static void write_event(const struct message *message, struct str data, struct buf *out)
{
	struct sse_event event = {
		.id = message->id,
		.name = message->kind == MESSAGE_DATA ? NULL : event_of(message),
		.data = data,
	};
	sse_write_event(out, &event);
}

static void write_envelope_event(const struct message *message, struct buf *out)
{
	struct buf envelope = BUF_INIT;
	write_envelope(message, &envelope);
	write_event(message, buf_str(&envelope), out);
	out->is_failed |= envelope.is_failed;
	buf_finish(&envelope);
}

static void write_text(
	const struct message *message, enum message_encoding encoding, struct buf *out)
{
	switch (encoding) {
	case MESSAGE_ENVELOPE_FRAME:
		write_frame(message, out);
		return;
	case MESSAGE_EVENT:
		write_event(message, message->payload, out);
		return;
	case MESSAGE_ENVELOPE_EVENT:
		write_envelope_event(message, out);
		return;
	case MESSAGE_ENVELOPE:
		write_envelope(message, out);
		return;
	case MESSAGE_FRAME:
	case MESSAGE_ENCODING_COUNT:
		return;
	}
}

struct message_text *message_text_create(
	const struct message *message, enum message_encoding encoding)
{
	struct buf out = BUF_INIT;
	write_text(message, encoding, &out);
	struct message_text *text = NULL;
	if (!out.is_failed)
		text = malloc(sizeof(*text) + out.length);
	if (text) {
		text->length = out.length;
		memcpy(text->data, out.data, out.length);
	}
	buf_finish(&out);
	return text;
}
