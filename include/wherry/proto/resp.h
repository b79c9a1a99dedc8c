// SPDX-License-Identifier: MIT
// Commands to a Redis server, as arrays of bulk strings:
// "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n". Failure is the buffer's. Replies are hiredis's to
// read.
#pragma once

#include "wherry/base/buf.h"

// A command of that many words, its name among them; as many resp_add must follow.
void resp_begin(struct buf *out, size_t count);
void resp_add(struct buf *out, struct str word);
void resp_add_u64(struct buf *out, uint64_t number);
