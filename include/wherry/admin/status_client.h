// SPDX-License-Identifier: MIT
// The other end of the status address: asks a running Wherry for /status, and writes the
// answer for people. Blocks; not for a process that serves.
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
// One line for each value, in the order of the object: its name, "_" as spaces, and what
// it is; what is inside is indented. Knows no names, so that each part of the report
// stands in one place. False if json is none.
MUST_CHECK bool status_client_write_text(struct str json, struct buf *out);
