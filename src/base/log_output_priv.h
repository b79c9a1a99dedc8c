// SPDX-License-Identifier: MIT
// Where log lines go: a file, standard output or standard error. Writing blocks; there
// is no lock here.
#pragma once

#include "wherry/base/str.h"

struct log_output {
	int fd;
	char *path;   // NULL for stdout and stderr
	bool is_torn; // the last write ended within a line
};

// target is a path, "stdout" or "stderr"; copied. False with errno.
MUST_CHECK bool log_output_open(struct log_output *output, const char *target);
void log_output_close(struct log_output *output);
// Opens the path anew. False with errno, and the old file goes on. Nothing to do for
// stdout and stderr.
MUST_CHECK bool log_output_reopen(struct log_output *output);

// Returns how many bytes were written: all, or fewer with errno. After a failure within a
// line the next write begins a new one.
MUST_CHECK size_t log_output_write(
	struct log_output *output, const char *lines, size_t length);

// Do both end in the same file? Then one must do for both, or lines would mix.
bool log_output_is_same(const struct log_output *a, const struct log_output *b);
