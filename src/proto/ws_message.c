// SPDX-License-Identifier: MIT
// Messages put together; see the header.
#include "wherry/proto/ws_message.h"

#include <string.h>

void ws_message_init(struct ws_message *message, const struct ws_check_limits *limits,
	bool must_be_masked)
{
	*message = (struct ws_message){.text = BUF_INIT};
	ws_check_init(&message->check, limits, must_be_masked, false);
}

void ws_message_finish(struct ws_message *message)
{
	buf_finish(&message->text);
}

static size_t shorter(size_t length, uint64_t limit)
{
	return length < limit ? length : (size_t)limit;
}

// How much of data belongs to the frame that is under way, or that begins there: all of a
// header that is not complete yet. *ret_header: how much of it is the header.
static size_t measure_frame(struct ws_message *message, const uint8_t *data,
	size_t length, size_t *ret_header)
{
	struct ws_frame frame;
	*ret_header = 0;
	if (message->check.payload_left > 0)
		return shorter(length, message->check.payload_left);
	if (!ws_frame_read(data, length, &frame))
		return length;
	*ret_header = frame.header_length;
	if (frame.opcode < WS_CLOSE) {
		memcpy(message->mask, frame.mask, sizeof(message->mask));
		message->frame_at = 0;
	}
	if (frame.opcode == WS_TEXT || frame.opcode == WS_BINARY)
		message->opcode = frame.opcode;
	return frame.header_length +
	       shorter(length - frame.header_length, frame.payload_length);
}

static void append(struct ws_message *message, const uint8_t *data, size_t length)
{
	struct buf *text = &message->text;
	buf_append(text, data, length);
	if (text->is_failed || length == 0)
		return;
	if (message->check.must_be_masked)
		ws_frame_mask((uint8_t *)text->data + text->length - length, length,
			message->mask, message->frame_at);
	message->frame_at += length;
}

static void read_control(const struct ws_message *message, const uint8_t *frame,
	struct ws_message_event *event)
{
	const struct ws_frame *control = &message->check.control;
	size_t length = (size_t)control->payload_length;
	memcpy(event->control, frame + control->header_length, length);
	if (control->is_masked)
		ws_frame_mask(event->control, length, control->mask, 0);
	event->opcode = control->opcode;
	event->payload = (struct str){(const char *)event->control, length};
}

static void forget_last(struct ws_message *message)
{
	if (message->is_whole)
		buf_finish(&message->text);
	message->is_whole = false;
}

enum ws_message_result ws_message_feed(struct ws_message *message, const uint8_t *data,
	size_t length, size_t *ret_taken, struct ws_message_event *ret_event)
{
	struct ws_check *check = &message->check;
	uint64_t messages = check->messages;
	size_t header, taken;
	*ret_taken = 0;
	forget_last(message);
	for (;;) {
		const uint8_t *frame = data + *ret_taken;
		size_t used = measure_frame(message, frame, length - *ret_taken, &header);
		enum ws_check_result result =
			ws_check_feed(check, frame, used, WS_CHECK_STOP_NEVER, &taken);
		if (result == WS_CHECK_BAD)
			return WS_MESSAGE_BAD;
		if (result == WS_CHECK_CONTROL) {
			read_control(message, frame, ret_event);
			*ret_taken += header + ret_event->payload.length;
			return WS_MESSAGE_CONTROL;
		}
		if (taken == 0)
			return WS_MESSAGE_MORE;
		append(message, frame + header, taken - header);
		*ret_taken += taken;
		if (message->text.is_failed)
			return WS_MESSAGE_MEMORY;
		if (check->messages > messages)
			break;
	}
	message->is_whole = true;
	ret_event->opcode = message->opcode;
	ret_event->payload = buf_str(&message->text);
	return WS_MESSAGE_WHOLE;
}
