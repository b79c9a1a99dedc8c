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
	WS_CHECK_BOUNDARY, // taken ends at a boundary of the kind that was asked for
	WS_CHECK_CONTROL, // a whole control frame lies at taken: check->control describes
			  // it; the caller decides its fate and moves past it
	WS_CHECK_BAD, // what lies at taken is not legal: check->error; the check is done
		      // for
};

// Where to stop, so that a frame of our own can be put in.
enum ws_check_stop {
	WS_CHECK_STOP_NEVER,
	WS_CHECK_STOP_AT_FRAME,   // before the first header of any frame
	WS_CHECK_STOP_AT_MESSAGE, // before the first header that starts a message
};

struct ws_check {
	const struct ws_check_limits *limits; // borrowed; outlives the check; may be
					      // exchanged between calls
	uint64_t payload_left;                // of the current data frame
	uint64_t message_length; // of the open message, with the current frame; else 0
	uint64_t messages;       // complete data messages so far
	uint64_t data_bytes;     // payload bytes of data frames so far, as declared by
				 // headers passed
	uint32_t fragments;      // frames of the current message so far; 0 = none is open
	bool must_be_masked;     // from a client
	bool allows_rsv1;        // permessage-deflate was negotiated
	bool is_final;           // the current data frame ends its message
	bool is_text;            // the current message is text to be checked
	struct utf8 utf8;        // of the current message, if is_text
	uint8_t mask_offset;     // of the next payload byte, modulo 4, if is_text
	uint8_t mask[4];         // of the current data frame, if is_text
	enum close_reason error; // after BAD: PROTOCOL, TOO_BIG, POLICY or BAD_UTF8
	const char *error_text;  // what was wrong; static
	struct ws_frame control; // after WS_CHECK_CONTROL
};

void ws_check_init(struct ws_check *check, const struct ws_check_limits *limits,
	bool must_be_masked, bool allows_rsv1);

// data starts at the first byte not yet taken. *ret_taken bytes of it may go on to the
// other side as they are: payload and whole headers. A header is taken only when it is
// complete and legal, but refused at the first byte that makes it illegal; a control
// frame is never taken, only announced when it is complete (131 bytes at most).
// Text that is not UTF-8 is refused together with its frame's header if that lies in
// data too; else at the start of data, which is then in the middle of the frame.
MUST_CHECK enum ws_check_result ws_check_feed(struct ws_check *check, const uint8_t *data,
	size_t length, enum ws_check_stop stop, size_t *ret_taken);

// Between frames: a control frame may be put in here.
bool ws_check_is_at_frame_boundary(const struct ws_check *check);
// Between messages too.
bool ws_check_is_at_message_boundary(const struct ws_check *check);

// May it stand in a Close frame (RFC 6455 section 7.4 and IANA's registry)?
bool ws_check_is_close_code(uint64_t code);
// A Close payload as it came (still masked if control->is_masked): legal code (RFC 6455
// section 7.4; IANA's 1000-1003, 1007-1014, and 3000-4999), UTF-8 reason, not of
// length 1. *ret_code is 0 for an empty payload. If it is not legal, *ret_code is the
// code when only the reason is wrong (CLOSE_REASON_BAD_UTF8), else 0 (PROTOCOL).
MUST_CHECK bool ws_check_close_payload(
	const struct ws_frame *control, const uint8_t *payload, uint16_t *ret_code);
