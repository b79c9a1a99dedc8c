// SPDX-License-Identifier: MIT
// One encoding of a message, as it goes on the wire.
#pragma once

#include "wherry/hub/message.h"

struct message_text {
	size_t length;
	char data[];
};

// Not for MESSAGE_FRAME, which is part of the message. NULL when memory is short; else
// freed with free().
struct message_text *message_text_create(
	const struct message *message, enum message_encoding encoding);
