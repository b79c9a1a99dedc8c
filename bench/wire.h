// SPDX-License-Identifier: MIT
// WebSocket's wire format for the benchmark's two ends. Not Wherry's own codec: peers
// that shared the code under test could not catch its mistakes.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	WIRE_HEADER_MAX = 14,
	WIRE_ACCEPT_SIZE = 29,  // 28 characters and a NUL
	WIRE_CONTROL_MAX = 125, // RFC 6455 section 5.5
	WIRE_FIN = 0x80,        // in the first byte, beside the opcode
};

enum wire_opcode {
	WIRE_BINARY = 0x2,
	WIRE_CLOSE = 0x8,
	WIRE_PING = 0x9,
	WIRE_PONG = 0xA,
};

struct wire_header {
	uint8_t first; // FIN, RSV bits and opcode as they came
	bool is_masked;
	uint8_t mask[4];
	uint64_t length; // of the payload
};

// The Sec-WebSocket-Accept value for a key (RFC 6455 section 4.2.2).
bool wire_accept(const char *key, size_t length, char ret_accept[WIRE_ACCEPT_SIZE]);

// Writes a frame header, masked if mask is not NULL; returns its size.
size_t wire_header_write(uint8_t out[WIRE_HEADER_MAX], uint8_t first, uint64_t length,
	const uint8_t *mask);

// Returns the header's size, or 0 while it is incomplete.
size_t wire_header_read(
	const uint8_t *bytes, size_t length, struct wire_header *ret_header);

// Copies and masks or unmasks; phase is the number of payload bytes that went before.
void wire_mask(uint8_t *out, const uint8_t *in, size_t length, const uint8_t mask[4],
	uint64_t phase);

static inline enum wire_opcode wire_opcode(uint8_t first)
{
	return first & 0x0F;
}

static inline bool wire_is_control(uint8_t first)
{
	return first & 0x08;
}
