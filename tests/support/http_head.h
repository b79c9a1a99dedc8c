// SPDX-License-Identifier: MIT
// A parsed head out of readable lines, for tests of what is made of it.
#pragma once

#include "wherry/proto/http_message.h"

enum {
	HTTP_HEAD_SIZE = 32 * 1024
};

struct http_head {
	char text[HTTP_HEAD_SIZE]; // what message is slices of
	struct http_message message;
};

// The lines end in "\n"; CRLF and the empty line are added. Asserts that it is legal.
void http_head_read(
	struct http_head *head, enum http_message_kind kind, const char *lines);
