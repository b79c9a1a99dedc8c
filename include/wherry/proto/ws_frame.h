// SPDX-License-Identifier: MIT
// The header of one WebSocket frame (RFC 6455 section 5.2), read and written; and whole
// control frames, which are short. What is legal in a stream of frames is ws_check's.
//
//      0                   1                   2                   3
//      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//     +-+-+-+-+-------+-+-------------+-------------------------------+
//     |F|R|R|R| opcode|M| length (7)  |  extended length (16 or 64)   |
//     |I|S|S|S|       |A|             |  if length is 126 or 127      |
//     |N|V|V|V|       |S|             +-------------------------------+
//     | |1|2|3|       |K|             |  masking key (32) if MASK     |
//     +-+-+-+-+-------+-+-------------+-------------------------------+
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wherry/base/attributes.h"

enum ws_opcode {
	WS_CONTINUATION = 0x0,
	WS_TEXT = 0x1,
	WS_BINARY = 0x2,
	WS_CLOSE = 0x8,
	WS_PING = 0x9,
	WS_PONG = 0xa,
};

enum {
	WS_FRAME_MAX_HEADER = 14,
	WS_FRAME_MAX_CONTROL_PAYLOAD = 125,
	WS_FRAME_MAX_CONTROL = 2 + 4 + 125, // a whole masked control frame
};

struct ws_frame {
	bool is_final;
	uint8_t rsv; // RSV1 is 4, RSV2 is 2, RSV3 is 1
	uint8_t opcode;
	bool is_masked;
	uint8_t mask[4];
	uint64_t payload_length;
	bool is_minimal; // the length was written in its shortest form
	uint8_t header_length;
};

// True if the header is complete within length bytes; else more are needed. Judges
// nothing.
MUST_CHECK bool ws_frame_read(
	const uint8_t *data, size_t length, struct ws_frame *ret_frame);

// Writes the header, minimal, as frame says; returns its length.
size_t ws_frame_write(const struct ws_frame *frame, uint8_t out[WS_FRAME_MAX_HEADER]);

// XORs data with the key, starting at this offset of the payload. Both ways are the same.
void ws_frame_mask(uint8_t *data, size_t length, const uint8_t mask[4], uint64_t offset);

// A whole control frame, masked with *mask if that is not NULL. payload_length <= 125.
size_t ws_frame_write_control(enum ws_opcode opcode, const uint8_t *mask,
	const void *payload, size_t payload_length, uint8_t out[WS_FRAME_MAX_CONTROL]);

// A whole Close frame with this code and a short ASCII reason (cut at 123 bytes); code 0
// writes an empty payload.
size_t ws_frame_write_close(uint16_t code, const char *reason, const uint8_t *mask,
	uint8_t out[WS_FRAME_MAX_CONTROL]);
