// SPDX-License-Identifier: MIT
// What Cache-Control says of a response (RFC 9111 section 5.2.2), as far as somebody who
// shares it with others must know.
#pragma once

#include "wherry/proto/http_message.h"

enum {
	HTTP_CACHE_CONTROL_MAX_AGE_S = 1 << 30 // a longer one counts as this one
};

struct http_cache_control {
	bool is_private; // also when only some fields are
	bool is_no_store;
	bool has_max_age;
	uint64_t max_age_s; // s-maxage, if that is there
};

// Over all fields of that name. What can't be read as written is taken for the stricter
// of its meanings: a word inside a quoted string counts as a directive.
void http_cache_control_read(
	const struct http_message *message, struct http_cache_control *ret_control);
