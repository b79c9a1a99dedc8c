// SPDX-License-Identifier: MIT
// The messages of one direction of a WebSocket that ends here (RFC 6455 section 5):
// frames checked by ws_check, unmasked, and put together up to the limit of a message. It
// does not send.
#pragma once

#include "wherry/base/buf.h"
#include "wherry/proto/ws_check.h"

struct ws_message {
	struct ws_check check;
	uint8_t mask[4];       // of the data frame under way
	uint64_t frame_at;     // bytes of its payload so far
	struct buf text;       // of the message so far; no memory between messages
	enum ws_opcode opcode; // of the message: WS_TEXT or WS_BINARY
	bool is_whole;         // text was given out, and is forgotten by the next feed
};

enum ws_message_result {
	WS_MESSAGE_MORE,    // all but an incomplete header or control frame was taken
	WS_MESSAGE_WHOLE,   // a message: event
	WS_MESSAGE_CONTROL, // a control frame: event
	WS_MESSAGE_BAD,     // not legal: check.error and check.error_text say what; it is
			    // done for
	WS_MESSAGE_MEMORY,  // too little for this message; it is done for
};

struct ws_message_event {
	enum ws_opcode opcode;
	struct str payload;                            // valid until the next feed
	uint8_t control[WS_FRAME_MAX_CONTROL_PAYLOAD]; // where that of control frames is
};

// limits are borrowed, as by ws_check_init; compressed messages are not understood.
void ws_message_init(struct ws_message *message, const struct ws_check_limits *limits,
	bool must_be_masked);
void ws_message_finish(struct ws_message *message);

// data starts at the first byte not yet taken. One thing at a time: call it again for the
// rest until it says MORE.
MUST_CHECK enum ws_message_result ws_message_feed(struct ws_message *message,
	const uint8_t *data, size_t length, size_t *ret_taken,
	struct ws_message_event *ret_event);
