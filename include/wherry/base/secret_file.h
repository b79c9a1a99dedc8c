// SPDX-License-Identifier: MIT
// A file that holds a secret (private key, password hashes, webhook secret), read whole
// into memory of its own: not swapped or dumped where the system allows that, and wiped
// when it is freed. A file that strangers can read is refused (SECURITY T62).
#pragma once

#include "wherry/base/str.h"

enum {
	SECRET_FILE_MAX = 1 << 20, // longest content, bytes
	SECRET_FILE_ERROR_SIZE = 256
};

struct secret_file {
	char *data;         // a NUL stands behind the content
	size_t length;      // bytes of content
	size_t mapped_size; // bytes that secret_file_finish gives back; 0 = nothing
};

#define SECRET_FILE_INIT ((struct secret_file){0})

// Any thread, blocks on the disk. Refuses what is no regular file, and permission bits
// for others, or for a group this process is not in; symbolic links are followed. False
// with words that follow a path, "is open to others (expected mode 0600, ..., found
// 0644)", and an empty secret. Call it as the user that serves: root may read everything.
MUST_CHECK bool secret_file_read(const char *path, struct secret_file *ret_secret,
	char reterr_text[SECRET_FILE_ERROR_SIZE]);
// Wipes and frees; nothing to do for an empty one.
void secret_file_finish(struct secret_file *secret);

struct str secret_file_str(const struct secret_file *secret);
