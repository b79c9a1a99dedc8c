// SPDX-License-Identifier: MIT
// A folder for the log files of one test, and reading them back.
#pragma once

#include "wherry/base/log.h"

extern char log_folder_events[64], log_folder_access[64], log_folder_other[64];

// Init and fini of a test suite. The latter also stops the log.
void log_folder_create(void);
void log_folder_remove(void);

void log_folder_start(enum log_format format, const char *events, const char *access);
// The whole file, terminated; static until the next call.
const char *log_folder_read(const char *path);
// What follows the time in a text line; fails the test unless the time has its form.
const char *log_folder_after_time(const char *line);
