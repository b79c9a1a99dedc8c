// SPDX-License-Identifier: MIT
// Opens a connecting socket to a backend. Waiting for the connection is the stream's.
#pragma once

#include "wherry/base/addr.h"

// A non-blocking socket (TCP_NODELAY on TCP) whose connect is done or under way; else
// -errno: the connect failed at once, or no descriptor.
MUST_CHECK int dial_open(const struct addr *addr);
