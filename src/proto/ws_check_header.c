// SPDX-License-Identifier: MIT
// Refuses a header at its first illegal byte, so that a stream that is no WebSocket dies
// at once, and by the length it declares, before any payload.
#include "ws_check_header_priv.h"

#include <endian.h>
#include <string.h>

enum {
	RSV_BITS = 0x70,
	OPCODE_BITS = 0x0f,
	CONTROL_BIT = 0x08, // of the opcode
	LENGTH_BITS = 0x7f,
	LENGTH_IN_2_BYTES = 126,
};

// Always false, for the caller to return.
static bool refuse(struct ws_check *check, enum close_reason error, const char *text)
{
	check->error = error;
	check->error_text = text;
	return false;
}

static bool refuse_protocol(struct ws_check *check, const char *text)
{
	return refuse(check, CLOSE_REASON_PROTOCOL, text);
}

static bool is_control(uint8_t first_byte)
{
	return first_byte & CONTROL_BIT;
}

// RFC 6455 section 5.5.
static bool judge_control_byte(struct ws_check *check, uint8_t byte)
{
	if ((byte & OPCODE_BITS) > WS_PONG)
		return refuse_protocol(check, "reserved control opcode");
	if (byte & RSV_BITS)
		return refuse_protocol(check, "reserved bit on a control frame");
	if (!(byte & WS_CHECK_HEADER_FINAL))
		return refuse_protocol(check, "fragmented control frame");
	return true;
}

// RFC 6455 sections 5.2 and 5.4, RFC 7692 section 6 (RSV1 on a message's first frame).
static inline bool judge_first_byte(struct ws_check *check, uint8_t byte)
{
	if (is_control(byte))
		return judge_control_byte(check, byte);
	unsigned opcode = byte & OPCODE_BITS;
	if (opcode > WS_BINARY)
		return refuse_protocol(check, "reserved data opcode");
	bool is_start = opcode != WS_CONTINUATION;
	unsigned rsv = byte & RSV_BITS;
	if (rsv && !(rsv == WS_CHECK_HEADER_RSV1 && is_start && check->allows_rsv1))
		return refuse_protocol(check, "reserved bit that was not negotiated");
	if (is_start && check->fragments > 0)
		return refuse_protocol(check, "new message inside a fragmented one");
	if (!is_start && check->fragments == 0)
		return refuse_protocol(check, "continuation of no message");
	if (check->fragments >= check->limits->max_fragments)
		return refuse(
			check, CLOSE_REASON_POLICY, "message of too many fragments");
	return true;
}

// The mask bit and the 7-bit length.
static inline bool judge_second_byte(
	struct ws_check *check, uint8_t byte, const struct ws_check_header *header)
{
	bool is_masked = byte & WS_CHECK_HEADER_MASKED;
	if (check->must_be_masked && !is_masked)
		return refuse_protocol(check, "unmasked frame from a client");
	if (!check->must_be_masked && is_masked)
		return refuse_protocol(check, "masked frame from a server");
	if (header->is_control && (byte & LENGTH_BITS) > WS_FRAME_MAX_CONTROL_PAYLOAD)
		return refuse_protocol(check, "control frame longer than 125 bytes");
	return true;
}

// The length in extension bytes at data, which are there.
static bool read_long_length(struct ws_check *check, const uint8_t *data,
	size_t extension, uint64_t *ret_length)
{
	uint64_t wide;
	uint16_t narrow;
	if (extension == sizeof(narrow)) {
		memcpy(&narrow, data, sizeof(narrow));
		*ret_length = be16toh(narrow);
		return *ret_length > WS_FRAME_MAX_CONTROL_PAYLOAD ||
		       refuse_protocol(check, "16-bit length of a short frame");
	}
	memcpy(&wide, data, sizeof(wide));
	*ret_length = be64toh(wide);
	if (*ret_length > INT64_MAX)
		return refuse_protocol(check, "length with its top bit set");
	return *ret_length > UINT16_MAX ||
	       refuse_protocol(check, "64-bit length of a short frame");
}

// By the declared length, before any of the payload is there.
static inline bool judge_size(struct ws_check *check, uint64_t payload_length)
{
	const struct ws_check_limits *limits = check->limits;
	if (payload_length > limits->max_frame)
		return refuse(check, CLOSE_REASON_TOO_BIG, "frame too long");
	if (payload_length > limits->max_message ||
		check->message_length > limits->max_message - payload_length)
		return refuse(check, CLOSE_REASON_TOO_BIG, "message too long");
	return true;
}

enum ws_check_header_result ws_check_header_read(struct ws_check *check,
	const uint8_t *data, size_t length, struct ws_check_header *ret_header)
{
	if (!judge_first_byte(check, data[0]))
		return WS_CHECK_HEADER_BAD;
	ret_header->is_control = is_control(data[0]);
	ret_header->is_final = data[0] & WS_CHECK_HEADER_FINAL;
	ret_header->is_plain_text = (data[0] & ~WS_CHECK_HEADER_FINAL) == WS_TEXT;
	if (length < 2)
		return WS_CHECK_HEADER_MORE;
	if (!judge_second_byte(check, data[1], ret_header))
		return WS_CHECK_HEADER_BAD;
	ret_header->payload_length = data[1] & LENGTH_BITS;
	size_t extension = 0;
	if (ret_header->payload_length >= LENGTH_IN_2_BYTES) {
		extension = ret_header->payload_length == LENGTH_IN_2_BYTES ? 2 : 8;
		if (length < 2 + extension)
			return WS_CHECK_HEADER_MORE;
		if (!read_long_length(
			    check, data + 2, extension, &ret_header->payload_length))
			return WS_CHECK_HEADER_BAD;
	}
	if (!ret_header->is_control && !judge_size(check, ret_header->payload_length))
		return WS_CHECK_HEADER_BAD;
	ret_header->length = (uint8_t)(2 + extension);
	if (check->must_be_masked)
		ret_header->length += sizeof(check->mask);
	return length < ret_header->length ? WS_CHECK_HEADER_MORE : WS_CHECK_HEADER_OK;
}
