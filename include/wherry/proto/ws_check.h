// SPDX-License-Identifier: MIT
// Validates one direction of a WebSocket (RFC 6455 section 5) while it flows past: reads
// frame headers, skips payloads, copies nothing. It does not send, and does not know the
// other direction.
#pragma once

#include "wherry/base/close_reason.h"
#include "wherry/base/utf8.h"
#include "wherry/proto/ws_frame.h"

// Limits of one route; shared by all its connections.
struct ws_check_limits {
	uint64_t max_frame;     // declared payload bytes
	uint64_t max_message;   // payload bytes over all fragments (compressed, if it is)
	uint64_t max_fragments; // frames of one message
	bool check_utf8;        // of text messages that are not compressed
};

enum ws_check_result {
	WS_CHECK_MORE, // all but an incomplete header or held control frame at the end
		       // was taken; call again with the rest and more
	WS_CHECK_BOUNDARY, // taken ends at a frame boundary, and stop_at_boundary was
			   // asked
	WS_CHECK_CONTROL, // a whole control frame lies at taken: check->control describes
			  // it; the caller decides its fate and moves past it
	WS_CHECK_BAD,     // the frame at taken is not legal: check->error
};

struct ws_check {
	const struct ws_check_limits *limits; // borrowed; outlives the check
	uint64_t payload_left;                // of the current frame
	uint64_t message_length; // of the current message, with the current frame
	uint32_t fragments;      // frames of the current message so far; 0 = none is open
	uint8_t mask[4];         // of the current frame, for check_utf8
	uint32_t mask_offset;
	bool must_be_masked; // from a client
	bool allows_rsv1;    // permessage-deflate was negotiated
	bool is_text;        // the open message is text to be checked
	struct utf8 utf8;
	uint64_t messages;   // complete data messages so far
	uint64_t data_bytes; // payload bytes of data frames so far, as declared by
			     // headers passed
	enum close_reason error;
	const char *error_text;  // what was wrong; static
	struct ws_frame control; // after WS_CHECK_CONTROL
};

void ws_check_init(struct ws_check *check, const struct ws_check_limits *limits,
	bool must_be_masked, bool allows_rsv1);

// data starts at the first byte not yet taken. *ret_taken bytes of it may go on to the
// other side as they are: payload and whole headers. A header is taken only when it is
// complete and legal; a control frame is never taken, only announced when it is complete
// (131 bytes at most). With stop_at_boundary, stops before the first header it meets.
MUST_CHECK enum ws_check_result ws_check_feed(struct ws_check *check, const uint8_t *data,
	size_t length, bool stop_at_boundary, size_t *ret_taken);

// Between frames: a control frame may be put in here.
bool ws_check_is_at_frame_boundary(const struct ws_check *check);
// Between messages too.
bool ws_check_is_at_message_boundary(const struct ws_check *check);

// A Close payload as it came (still masked if control->is_masked): legal code (RFC 6455
// section 7.4; IANA's 1000-1003, 1007-1014, and 3000-4999), UTF-8 reason, not of
// length 1. *ret_code is 0 for an empty payload.
MUST_CHECK bool ws_check_close_payload(
	const struct ws_frame *control, const uint8_t *payload, uint16_t *ret_code);
