// SPDX-License-Identifier: MIT
// One request to the control socket: a line that is a JSON object with a "verb". Pure; no
// socket, and no idea of what verbs there are.
#pragma once

#include "wherry/base/str.h"

struct json_t;

enum {
	CONTROL_REQUEST_MAX = 16 * 1024 // bytes of a line, its end included
};

enum control_request_result {
	CONTROL_REQUEST_OK = 0,
	CONTROL_REQUEST_MORE, // the line is not whole
	CONTROL_REQUEST_BAD,  // and nothing behind it can be understood
};

// Reads the first line of input. OK: *ret_request is the caller's, and *ret_used bytes
// were read. BAD: *reterr_text is static. Empty lines are passed over.
MUST_CHECK enum control_request_result control_request_read(struct str input,
	struct json_t **ret_request, size_t *ret_used, const char **reterr_text);
// The verb of a request that was read.
const char *control_request_verb(const struct json_t *request);
