// SPDX-License-Identifier: MIT
// Log lines to files or standard output, through a bounded ring and one log thread, so
// that a blocked output or a full disk stops nobody. What does not fit is dropped,
// counted and reported once there is room. Any thread may write; the rest is the main
// thread's.
#pragma once

#include "wherry/base/buf.h"

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};
enum log_format {
	LOG_FORMAT_TEXT,
	LOG_FORMAT_JSON
};

struct log_options {
	enum log_level level;
	enum log_format format;
	const char *events; // path, "stderr" or "stdout"
	const char *access; // path, "stdout", "stderr" or "off"
};

// Before this and after log_stop, events go straight to stderr as text. False, with
// errno, if a file can't be opened or the thread not started. The strings are copied.
MUST_CHECK bool log_start(const struct log_options *options);
// Writes out what the ring holds (at most 2 s), then stops the thread.
void log_stop(void);
// Opens the files anew (SIGUSR1, log rotation). Takes effect at the thread's next turn.
void log_reopen(void);

bool log_is_enabled(enum log_level level);
bool log_access_is_on(void);
enum log_format log_current_format(void);
// Lines dropped because the ring was full, since the start.
uint64_t log_dropped_count(void);

void log_error(const char *format, ...) PRINTF_LIKE(1, 2);
void log_warn(const char *format, ...) PRINTF_LIKE(1, 2);
void log_info(const char *format, ...) PRINTF_LIKE(1, 2);
void log_debug(const char *format, ...) PRINTF_LIKE(1, 2);

// One finished access line, without newline, built with log_field_* below.
void log_access(struct str line);

// A line as fields: `key=value` pairs in text, one object in JSON. Values are escaped
// (bytes below 0x20, 0x7f, from 0x80, `"` and `\`) and cut at 1 KiB; keys are ours and
// plain.
void log_line_begin(struct buf *line, enum log_format format); // writes the time first
void log_field_str(struct buf *line, const char *key, struct str value);
void log_field_u64(struct buf *line, const char *key, uint64_t value);
void log_line_end(struct buf *line);

// The escaping alone, into buf: \xHH in text; in JSON valid escapes (\u00HH).
void log_escape(struct buf *buf, enum log_format format, struct str value);
