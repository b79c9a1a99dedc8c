// SPDX-License-Identifier: MIT
// One frame header of a stream that ws_check watches, judged byte by byte. Apart from
// ws_check only for its length.
#pragma once

#include "wherry/proto/ws_check.h"

// Bits of a header's first and second byte.
enum {
	WS_CHECK_HEADER_FINAL = 0x80,
	WS_CHECK_HEADER_RSV1 = 0x40,
	WS_CHECK_HEADER_MASKED = 0x80,
};

struct ws_check_header {
	uint64_t payload_length;
	uint8_t length; // of the header itself
	bool is_control;
	bool is_final;
	bool is_plain_text; // starts a text message that is not compressed
};

enum ws_check_header_result {
	WS_CHECK_HEADER_OK = 0,
	WS_CHECK_HEADER_MORE, // legal so far
	WS_CHECK_HEADER_BAD   // check->error
};

// length is at least 1. Reads check, and changes nothing but its error.
MUST_CHECK enum ws_check_header_result ws_check_header_read(struct ws_check *check,
	const uint8_t *data, size_t length, struct ws_check_header *ret_header);
