// SPDX-License-Identifier: MIT
// Walks from header to header. It runs once for each recv of a relay: a data frame costs
// a few tens of instructions, and the middle of a payload next to none.
#include "wherry/proto/ws_check.h"

#include <string.h>

#include "ws_check_header_priv.h"

enum {
	TEXT_BLOCK = 1024 // unmasked at a time, on the stack
};

// Two are held for each idle relay.
_Static_assert(sizeof(struct ws_check) <= 96, "struct ws_check has grown");

void ws_check_init(struct ws_check *check, const struct ws_check_limits *limits,
	bool must_be_masked, bool allows_rsv1)
{
	*check = (struct ws_check){
		.limits = limits,
		.must_be_masked = must_be_masked,
		.allows_rsv1 = allows_rsv1,
	};
}

static bool feed_masked_text(
	struct ws_check *check, const uint8_t *payload, size_t length)
{
	uint8_t block[TEXT_BLOCK];
	while (length > 0) {
		size_t part = length < sizeof(block) ? length : sizeof(block);
		memcpy(block, payload, part);
		ws_frame_mask(block, part, check->mask, check->mask_offset);
		if (!utf8_feed(&check->utf8, block, part))
			return false;
		check->mask_offset = (check->mask_offset + part) % sizeof(check->mask);
		payload += part;
		length -= part;
	}
	return true;
}

// The next length bytes of a text's payload; ends_message if they are its last.
static bool judge_text(
	struct ws_check *check, const uint8_t *payload, size_t length, bool ends_message)
{
	bool is_valid = check->must_be_masked ? feed_masked_text(check, payload, length)
					      : utf8_feed(&check->utf8, payload, length);
	if (is_valid && ends_message)
		is_valid = utf8_is_complete(&check->utf8);
	if (is_valid)
		return true;
	check->error = CLOSE_REASON_BAD_UTF8;
	check->error_text = "text that is not UTF-8";
	return false;
}

// The text's frame at data, whose header is whole, with length bytes of its payload.
static bool judge_text_frame(struct ws_check *check, const uint8_t *data, size_t length,
	const struct ws_check_header *header)
{
	check->mask_offset = 0;
	if (check->must_be_masked)
		memcpy(check->mask, data + header->length - sizeof(check->mask),
			sizeof(check->mask));
	bool ends_message = header->is_final && length == header->payload_length;
	return judge_text(check, data + header->length, length, ends_message);
}

// The current frame's payload went by to its end.
static inline void end_frame(struct ws_check *check)
{
	if (!check->is_final)
		return;
	check->fragments = 0;
	check->message_length = 0;
	check->messages++;
}

// Takes the data frame at data, with as much of its payload as is there.
static inline bool take_frame(struct ws_check *check, const uint8_t *data, size_t length,
	const struct ws_check_header *header, size_t *taken)
{
	size_t part = length - header->length;
	if (part > header->payload_length)
		part = (size_t)header->payload_length;
	if (check->fragments == 0) {
		check->is_text = check->limits->check_utf8 && header->is_plain_text;
		check->utf8 = UTF8_INIT;
	}
	if (check->is_text && !judge_text_frame(check, data, part, header))
		return false;
	check->is_final = header->is_final;
	check->message_length += header->payload_length;
	check->data_bytes += header->payload_length;
	check->fragments += check->fragments < UINT32_MAX;
	check->payload_left = header->payload_length - part;
	if (check->payload_left == 0)
		end_frame(check);
	*taken += header->length + part;
	return true;
}

// More of a payload whose header went by in an earlier call.
static bool take_payload(
	struct ws_check *check, const uint8_t *data, size_t length, size_t *taken)
{
	size_t part = length;
	if (part > check->payload_left)
		part = (size_t)check->payload_left;
	bool ends_message = check->is_final && part == check->payload_left;
	if (check->is_text && !judge_text(check, data, part, ends_message))
		return false;
	check->payload_left -= part;
	if (check->payload_left == 0)
		end_frame(check);
	*taken = part;
	return true;
}

static enum ws_check_result announce_control(struct ws_check *check, const uint8_t *data,
	size_t length, const struct ws_check_header *header)
{
	if (length < header->length + header->payload_length ||
		!ws_frame_read(data, length, &check->control))
		return WS_CHECK_MORE;
	return WS_CHECK_CONTROL;
}

// Can no limit refuse a message of one small frame, whose payload nobody reads?
static inline bool may_skip(const struct ws_check_limits *limits)
{
	return !limits->check_utf8 && limits->max_fragments > 0 &&
	       limits->max_frame >= WS_FRAME_MAX_CONTROL_PAYLOAD &&
	       limits->max_message >= WS_FRAME_MAX_CONTROL_PAYLOAD;
}

// The fast lane: takes whole messages of one frame with a 7-bit length, which is what
// most traffic is, in a dozen instructions each. Whatever else it meets, it leaves.
static inline void skip_small_messages(
	struct ws_check *check, const uint8_t *data, size_t length, size_t *taken)
{
	if (check->fragments > 0 || !may_skip(check->limits))
		return;
	uint8_t free_bits = check->allows_rsv1 ? WS_CHECK_HEADER_RSV1 : 0;
	uint8_t mask_bit = check->must_be_masked ? WS_CHECK_HEADER_MASKED : 0;
	size_t header_length = check->must_be_masked ? 2 + sizeof(check->mask) : 2;
	uint64_t messages = 0;
	uint64_t data_bytes = 0;
	size_t at = *taken;
	while (length - at >= header_length) {
		uint8_t first_byte = data[at] & ~free_bits;
		size_t payload_length = data[at + 1] ^ mask_bit;
		if (first_byte != (WS_CHECK_HEADER_FINAL | WS_TEXT) &&
			first_byte != (WS_CHECK_HEADER_FINAL | WS_BINARY))
			break;
		if (payload_length > WS_FRAME_MAX_CONTROL_PAYLOAD ||
			length - at - header_length < payload_length)
			break;
		at += header_length + payload_length;
		data_bytes += payload_length;
		messages++;
	}
	check->messages += messages;
	check->data_bytes += data_bytes;
	*taken = at;
}

// Takes frames from *taken on, which is at a boundary, until something ends the walk.
static enum ws_check_result take_frames(struct ws_check *check, const uint8_t *data,
	size_t length, enum ws_check_stop stop, size_t *taken)
{
	while (check->payload_left == 0) {
		if (stop == WS_CHECK_STOP_AT_FRAME ||
			(stop == WS_CHECK_STOP_AT_MESSAGE && check->fragments == 0))
			return WS_CHECK_BOUNDARY;
		if (stop == WS_CHECK_STOP_NEVER)
			skip_small_messages(check, data, length, taken);
		const uint8_t *frame = data + *taken;
		size_t left = length - *taken;
		if (left == 0)
			return WS_CHECK_MORE;
		struct ws_check_header header;
		enum ws_check_header_result result =
			ws_check_header_read(check, frame, left, &header);
		if (result != WS_CHECK_HEADER_OK)
			return result == WS_CHECK_HEADER_MORE ? WS_CHECK_MORE
							      : WS_CHECK_BAD;
		if (header.is_control)
			return announce_control(check, frame, left, &header);
		if (!take_frame(check, frame, left, &header, taken))
			return WS_CHECK_BAD;
	}
	return WS_CHECK_MORE;
}

enum ws_check_result ws_check_feed(struct ws_check *check, const uint8_t *data,
	size_t length, enum ws_check_stop stop, size_t *ret_taken)
{
	*ret_taken = 0;
	if (check->payload_left > 0 && !take_payload(check, data, length, ret_taken))
		return WS_CHECK_BAD;
	return take_frames(check, data, length, stop, ret_taken);
}

bool ws_check_is_at_frame_boundary(const struct ws_check *check)
{
	return check->payload_left == 0;
}

bool ws_check_is_at_message_boundary(const struct ws_check *check)
{
	return check->payload_left == 0 && check->fragments == 0;
}

bool ws_check_is_close_code(uint64_t code)
{
	return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
	       (code >= 3000 && code <= 4999);
}

bool ws_check_close_payload(
	const struct ws_frame *control, const uint8_t *payload, uint16_t *ret_code)
{
	uint8_t plain[WS_FRAME_MAX_CONTROL_PAYLOAD];
	*ret_code = 0;
	if (control->payload_length == 0)
		return true;
	if (control->payload_length == 1 || control->payload_length > sizeof(plain))
		return false;
	size_t length = (size_t)control->payload_length;
	memcpy(plain, payload, length);
	if (control->is_masked)
		ws_frame_mask(plain, length, control->mask, 0);
	unsigned code = (unsigned)plain[0] << 8 | plain[1];
	if (!ws_check_is_close_code(code))
		return false;
	*ret_code = (uint16_t)code;
	return utf8_is_text((struct str){(const char *)plain + 2, length - 2});
}
