// SPDX-License-Identifier: MIT
// The other end of the status address: asks a running Wherry for /status. Blocks; not
// for a process that serves.
#pragma once

#include "wherry/base/addr.h"
#include "wherry/base/buf.h"

enum {
	STATUS_CLIENT_ERROR_SIZE = 128,
	STATUS_CLIENT_MS = 5000 // patience with each step
};

// Gives the JSON. False with words for what went wrong.
MUST_CHECK bool status_client_ask(const struct addr *address, struct buf *ret_json,
	char reterr_text[STATUS_CLIENT_ERROR_SIZE]);
