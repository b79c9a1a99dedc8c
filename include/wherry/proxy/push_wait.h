// SPDX-License-Identifier: MIT
// How long a request would wait for news: "?wait=30", else "Prefer: wait=30" (RFC 7240
// section 4.3), in seconds.
#pragma once

#include "wherry/proto/http_message.h"

// False if it does not say, or not in whole seconds.
MUST_CHECK bool push_wait_read(const struct http_message *message, uint64_t *ret_wait_ms);
