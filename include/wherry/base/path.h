// SPDX-License-Identifier: MIT
// The canonical form of a request path, so that routes compare one spelling (RFC 3986
// section 6.2.2): unreserved bytes decoded, other escapes in capitals, dot segments
// removed.
#pragma once

#include "wherry/base/str.h"

enum path_result {
	PATH_OK = 0,
	PATH_BAD_ESCAPE, // "%" without two hex digits
	PATH_BAD_BYTE, // control, space, non-ASCII, "#" or "\"; or such a control escaped
	PATH_ENCODED_SLASH, // "%2f" or "%5c", while not allowed
	PATH_OVERLONG,      // escapes that begin overlong UTF-8, as %C0 and %C1 do
	PATH_ABOVE_ROOT,    // ".." beyond the first segment
};

struct path_options {
	bool allow_encoded_slash; // "%2F" then stays as it is
	bool merge_slashes;       // "//" becomes "/"
	bool drop_parameters;     // ";x" at the end of each segment is removed
	bool decode_slash;        // "%2F" and "%5C", being allowed, become "/"
	bool keep_dots;           // "." and ".." are names like others
};

// path starts with "/" (else PATH_BAD_BYTE) and has no query. A "." or ".." at its end
// leaves a "/". Escapes that are no UTF-8 in another way than overlong pass, for Latin-1
// applications. Writes at most path.length bytes to out and gives their number.
// canonical(canonical(x)) = canonical(x).
MUST_CHECK enum path_result path_canonical(
	struct str path, struct path_options options, char *out, size_t *ret_length);

// What was wrong, as words for a log line.
const char *path_result_text(enum path_result result);
