// SPDX-License-Identifier: MIT
// One output of the log: a bounded buffer that any thread fills without waiting, and a
// thread that writes it to a file, a pipe or a terminal. It knows bytes, not lines' form.
#pragma once

#include "wherry/base/str.h"

struct log_sink;

// Tells what went wrong with an output, as words. Runs on the sink's own thread.
typedef void (*log_sink_report_cb)(const char *message);

// target is a path, "stdout" or "stderr"; copied. NULL with errno if it can't be opened
// or the thread not started.
MUST_CHECK struct log_sink *log_sink_create(
	const char *target, log_sink_report_cb report);
// Writes out what is buffered, until now_ms() reaches deadline_ms; a thread that is stuck
// by then is left alone and frees the sink itself should it ever come back.
void log_sink_destroy(struct log_sink *sink, uint64_t deadline_ms);

// Do both end in the same file? Then one must do for both, or lines would mix.
bool log_sink_is_same(const struct log_sink *a, const struct log_sink *b);

// Adds line and a newline, or counts it as dropped.
void log_sink_put(struct log_sink *sink, struct str line);
// Counts a line that could not even be built.
void log_sink_drop(struct log_sink *sink);
// Has the thread open its path anew; no effect on stdout and stderr.
void log_sink_reopen(struct log_sink *sink);
uint64_t log_sink_dropped_count(struct log_sink *sink);
