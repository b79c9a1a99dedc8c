// SPDX-License-Identifier: MIT
// What a server writes into a text/event-stream (WHATWG HTML section 9.2). Whether an
// event is due, and how the response is framed, is not known here.
#pragma once

#include "wherry/base/buf.h"

// A comment, to be sent where nothing else was for a while.
#define SSE_KEEP_ALIVE ":\n\n"

struct sse_event {
	uint64_t id;      // 0: the reader's last id stays
	const char *name; // NULL: "message", which is not written
	struct str data;
};

// Appends the event. Its data's line ends, be they CR, LF or both, come out as LF: the
// format has no other. Data that is not UTF-8 comes as base64, in an event called
// "binary".
void sse_write_event(struct buf *out, const struct sse_event *event);

// How long the reader is to wait before it comes again.
void sse_write_retry(struct buf *out, uint64_t retry_ms);
