// SPDX-License-Identifier: MIT
// Log lines to files or standard output, through a bounded buffer and a thread for each
// output, so that a blocked output or a full disk stops nobody, not even the other
// output. What does not fit is dropped, counted and reported once there is room. Any
// thread may write; the rest is the main thread's.
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

// Before this (then from level info on) and after log_stop, events go straight to stderr
// as text. False, with errno, if a file can't be opened or a thread not started. The
// strings are copied. Both outputs may be the same. While the log runs: it goes on to
// these outputs, once the former ones have written what is buffered (at most 2 s).
MUST_CHECK bool log_start(const struct log_options *options);
// Level and format alone, while the outputs stay.
void log_adjust(const struct log_options *options);
// Writes out what is buffered (at most 2 s), then stops the threads. One that is stuck in
// a blocked output is left behind.
void log_stop(void);
// Opens the files anew (SIGUSR1, log rotation). Takes effect at the threads' next turn; a
// file that can't be opened is kept as it is, with a warning.
void log_reopen(void);

bool log_access_is_on(void);
enum log_format log_current_format(void);
// Lines dropped since log_start, because an output was too slow or failed.
uint64_t log_dropped_count(void);

// One line each, cut at 2 KiB and escaped as below, but that in text `"` stays:
// `TIME warn message`, or {"time":"TIME","level":"warn","message":"..."} in JSON. TIME is
// UTC with milliseconds, 2026-11-22T10:00:00.123Z.
void log_error(const char *format, ...) PRINTF_LIKE(1, 2);
void log_warn(const char *format, ...) PRINTF_LIKE(1, 2);
void log_info(const char *format, ...) PRINTF_LIKE(1, 2);
void log_debug(const char *format, ...) PRINTF_LIKE(1, 2);

// One finished access line, without newline, built with log_line_* below. Not for a
// buffer that failed: that is a lost line, which counts as dropped.
void log_access(struct str line);
void log_access_lost(void);

// A line as fields: `TIME access key=value key="value with spaces" number=1` in text, one
// object {"time":"TIME","type":"access","key":"value","number":1} in JSON. In text an
// empty value is a bare -, and one that is "-" or holds a space, `"`, `=` or `\` is
// quoted. Values are cut at 1 KiB, then escaped; keys are ours and plain.
void log_line_begin(struct buf *line, enum log_format format); // empties line first
void log_field_str(struct buf *line, const char *key, struct str value);
void log_field_u64(struct buf *line, const char *key, uint64_t value);
void log_line_end(struct buf *line);

// The escaping alone, into buf, of bytes below 0x20, 0x7f, from 0x80, `"` and `\`: \xHH
// in text; in JSON \" \\ \u00HH.
void log_escape(struct buf *buf, enum log_format format, struct str value);
