// SPDX-License-Identifier: MIT
// Answers of Wherry's own: error pages as short text or JSON, and redirects.
#pragma once

#include "wherry/base/buf.h"

struct reply {
	unsigned status;          // 204 and 304 have neither body nor type
	const char *detail;       // one sentence: what is wrong and what was expected
	const char *log_detail;   // for the access line, if it says more; static
	const char *field;        // a further "Name: value", or NULL
	uint64_t retry_after_s;   // 0 = not said
	const char *bearer_realm; // asks for a token of this realm (RFC 6750); or NULL
	const char *bearer_error; // says what was wrong, detail in words; or NULL
	struct str location;      // for redirects; may be empty
	struct str fields;        // further ones, each with its CRLF
	struct str body; // with has_body: instead of the page; its type is in fields
	bool has_body;
	bool wants_json;
	bool is_head; // the request was HEAD: no body
	bool is_http10;
	bool is_keep_alive;
};

// Appends the whole response.
void reply_write(struct buf *out, const struct reply *reply);

// One that only says what is wrong, in a detail that outlives it. False: what it answers
// is refused.
bool reply_refuse(struct reply *ret_reply, unsigned status, const char *detail);
