// SPDX-License-Identifier: MIT
// The JSON envelope of the subprotocol wherry.v1 (wherry-push(7)): one message with what
// is known of it, as a subscriber gets it and as a client publishes one.
#pragma once

#include "wherry/base/buf.h"

#define PUSH_ENVELOPE_PROTOCOL "wherry.v1"

// Lent.
struct push_envelope {
	uint64_t id;        // 0: it has none
	struct str channel; // may be empty: then it is left out
	const char *event;  // "message", "gap", "status", "patch" or "presence"
	struct str payload;
};

// Appends {"id":"1","channel":"c","event":"message","data":...}. "data" is the payload if
// that is JSON, byte by byte, or else a string of it if it is UTF-8; a payload that is
// neither comes in base64 as "data64".
void push_envelope_write(struct buf *out, const struct push_envelope *envelope);

// What a client asks to be published.
struct push_envelope_request {
	struct buf channel; // empty: it names none
	struct buf key;     // of what the message is the newest; empty: of nothing
	struct buf payload;
};

// Reads {"channel":"c","key":"k","data":...}, where channel and key may be missing, and
// "data64" may stand for "data". The payload is the text of "data", as JSON, or what
// "data64" decodes to. Strictly: no other members, none twice, no other types. False if
// it is not that; *reterr_text says why. Finish the request in either case.
MUST_CHECK bool push_envelope_read(struct str text,
	struct push_envelope_request *ret_request, const char **reterr_text);
void push_envelope_finish(struct push_envelope_request *request);
