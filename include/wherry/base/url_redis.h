// SPDX-License-Identifier: MIT
// Where a Redis server is, as configuration writes it: "redis://[user@]host[:port][/n]"
// or "unix:/path". A password stands in a file of its own, never here.
#pragma once

#include <stdint.h>

#include "wherry/base/str.h"

// Slices of the text that was parsed.
struct url_redis {
	bool is_unix;
	struct str user; // empty: the server's default one
	struct str host; // without brackets; the absolute path of a UNIX socket
	uint16_t port;   // 6379 if none was written; 0 of a UNIX socket
	uint16_t database;
};

// On failure *reterr_expected says what was expected, for a diagnostic.
MUST_CHECK bool url_redis_parse(
	struct str text, struct url_redis *ret_url, const char **reterr_expected);
