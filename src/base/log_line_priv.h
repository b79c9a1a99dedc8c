// SPDX-License-Identifier: MIT
// Whole log lines, and what their fields must know of them.
#pragma once

#include "wherry/base/log.h"

// Builds one event line, without newline, in an empty buffer.
void log_line_event(struct buf *line, enum log_format format, enum log_level level,
	struct str message);
// Which format was line begun in?
enum log_format log_line_format(const struct buf *line);
