// SPDX-License-Identifier: MIT
// The users of one htpasswd file and their hashes, as crypt(3) reads them: read whole,
// checked line by line, then immutable. Hashes no password.
#pragma once

#include "wherry/base/buf.h"

struct htpasswd;

enum {
	HTPASSWD_USERS_MAX = 20000,
	HTPASSWD_HASH_MAX = 160, // longest hash, bytes
};

// "user:hash" lines; what stands behind a second ":" is a comment, and so are lines that
// start with "#". NULL: *reterr_text has one "name:line: message" for each mistake, or
// says that memory is short. No hash is ever named.
MUST_CHECK struct htpasswd *htpasswd_parse(
	const char *name, struct str text, struct buf *reterr_text);
// Wipes it.
void htpasswd_destroy(struct htpasswd *file);

size_t htpasswd_count(const struct htpasswd *file); // at least 1
// The hash of a user, NUL-terminated; NULL if there is none of that name.
const char *htpasswd_find(const struct htpasswd *file, struct str user);
// The hash of the index-th user.
const char *htpasswd_hash(const struct htpasswd *file, size_t index);
