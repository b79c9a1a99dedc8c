// SPDX-License-Identifier: MIT
// Encodes and decodes single frame headers, masks payloads, and writes control frames.
#include "wherry/proto/ws_frame.h"

#include <assert.h>
#include <string.h>

enum {
	FINAL_BIT = 0x80,
	RSV_SHIFT = 4,
	RSV_BITS = 0x07,
	OPCODE_BITS = 0x0f,
	MASK_BIT = 0x80,
	LENGTH_BITS = 0x7f,
	LENGTH_IN_2_BYTES = 126,
	LENGTH_IN_8_BYTES = 127,
	MASK_LENGTH = 4,
	CLOSE_CODE_LENGTH = 2,
};

static uint64_t read_big_endian(const uint8_t *data, size_t length)
{
	uint64_t value = 0;
	for (size_t i = 0; i < length; i++)
		value = value << 8 | data[i];
	return value;
}

static void write_big_endian(uint8_t *out, size_t length, uint64_t value)
{
	for (size_t i = length; i > 0; i--, value >>= 8)
		out[i - 1] = (uint8_t)value;
}

// How many bytes the extended length takes in its shortest form.
static size_t shortest_extension(uint64_t payload_length)
{
	if (payload_length > UINT16_MAX)
		return 8;
	return payload_length > WS_FRAME_MAX_CONTROL_PAYLOAD ? 2 : 0;
}

bool ws_frame_read(const uint8_t *data, size_t length, struct ws_frame *ret_frame)
{
	if (length < 2)
		return false;
	uint64_t payload_length = data[1] & LENGTH_BITS;
	size_t extension = 0;
	if (payload_length >= LENGTH_IN_2_BYTES)
		extension = payload_length == LENGTH_IN_2_BYTES ? 2 : 8;
	bool is_masked = data[1] & MASK_BIT;
	size_t header_length = 2 + extension + (is_masked ? MASK_LENGTH : 0);
	if (length < header_length)
		return false;
	if (extension > 0)
		payload_length = read_big_endian(data + 2, extension);
	*ret_frame = (struct ws_frame){
		.is_final = data[0] & FINAL_BIT,
		.rsv = data[0] >> RSV_SHIFT & RSV_BITS,
		.opcode = data[0] & OPCODE_BITS,
		.is_masked = is_masked,
		.payload_length = payload_length,
		.is_minimal = extension == shortest_extension(payload_length),
		.header_length = (uint8_t)header_length,
	};
	if (is_masked)
		memcpy(ret_frame->mask, data + 2 + extension, MASK_LENGTH);
	return true;
}

size_t ws_frame_write(const struct ws_frame *frame, uint8_t out[WS_FRAME_MAX_HEADER])
{
	size_t extension = shortest_extension(frame->payload_length);
	uint8_t length_bits = (uint8_t)frame->payload_length;
	if (extension > 0)
		length_bits = extension == 2 ? LENGTH_IN_2_BYTES : LENGTH_IN_8_BYTES;
	out[0] = (uint8_t)((frame->is_final ? FINAL_BIT : 0) |
			   (frame->rsv & RSV_BITS) << RSV_SHIFT |
			   (frame->opcode & OPCODE_BITS));
	out[1] = (uint8_t)((frame->is_masked ? MASK_BIT : 0) | length_bits);
	write_big_endian(out + 2, extension, frame->payload_length);
	size_t length = 2 + extension;
	if (frame->is_masked) {
		memcpy(out + length, frame->mask, MASK_LENGTH);
		length += MASK_LENGTH;
	}
	return length;
}

void ws_frame_mask(uint8_t *data, size_t length, const uint8_t mask[4], uint64_t offset)
{
	uint8_t key[8]; // the mask twice, turned to where data starts
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = mask[(offset + i) % MASK_LENGTH];
	uint64_t wide_key;
	memcpy(&wide_key, key, sizeof(key));
	size_t at = 0;
	for (; length - at >= sizeof(key); at += sizeof(key)) {
		uint64_t word;
		memcpy(&word, data + at, sizeof(word));
		word ^= wide_key;
		memcpy(data + at, &word, sizeof(word));
	}
	for (size_t i = 0; at < length; at++, i++)
		data[at] ^= key[i];
}

size_t ws_frame_write_control(enum ws_opcode opcode, const uint8_t *mask,
	const void *payload, size_t payload_length, uint8_t out[WS_FRAME_MAX_CONTROL])
{
	assert(payload_length <= WS_FRAME_MAX_CONTROL_PAYLOAD);
	struct ws_frame frame = {
		.is_final = true,
		.opcode = (uint8_t)opcode,
		.is_masked = mask != NULL,
		.payload_length = payload_length,
	};
	if (mask)
		memcpy(frame.mask, mask, MASK_LENGTH);
	size_t header_length = ws_frame_write(&frame, out);
	if (payload_length > 0)
		memcpy(out + header_length, payload, payload_length);
	if (mask)
		ws_frame_mask(out + header_length, payload_length, mask, 0);
	return header_length + payload_length;
}

size_t ws_frame_write_close(uint16_t code, const char *reason, const uint8_t *mask,
	uint8_t out[WS_FRAME_MAX_CONTROL])
{
	uint8_t payload[WS_FRAME_MAX_CONTROL_PAYLOAD];
	if (code == 0)
		return ws_frame_write_control(WS_CLOSE, mask, NULL, 0, out);
	write_big_endian(payload, CLOSE_CODE_LENGTH, code);
	size_t reason_length = strnlen(reason, sizeof(payload) - CLOSE_CODE_LENGTH);
	memcpy(payload + CLOSE_CODE_LENGTH, reason, reason_length);
	return ws_frame_write_control(
		WS_CLOSE, mask, payload, CLOSE_CODE_LENGTH + reason_length, out);
}
