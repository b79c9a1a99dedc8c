// SPDX-License-Identifier: MIT
// WebSocket frames as text, to write conversations in tests and to compare what a peer
// got: items with blanks between,
//
//     t(hello)  b(...)  c(...)   text, binary, continuation; "t+(he)" is not final
//     C(1000 bye)  C()           Close with a code and a reason, or without payload
//     P(...)  Q(...)             Ping, Pong
//     b(#70000)                  that many bytes of a pattern
//     P(@)                       a Ping of 8 bytes is one of Wherry's; Q(@) answers it
//     [82 7e 00 05]              these bytes, as they are
//     ...                        what is left is no whole frame
#pragma once

#include "wherry/base/buf.h"
#include "wherry/proto/ws_frame.h"

enum {
	WS_SCRIPT_PING_SIZE = 8
};

// One of the two who talk.
struct ws_script {
	bool is_client;                    // masks what it writes
	uint8_t ping[WS_SCRIPT_PING_SIZE]; // the last of Wherry's that it read
};

// Appends the items' bytes. Asserts that they can be read.
void ws_script_write(const struct ws_script *script, const char *items, struct buf *out);
// Appends the bytes' items. Expects each frame to be masked or not, as it must be toward
// this side.
void ws_script_read(struct ws_script *script, struct str bytes, struct buf *out);
