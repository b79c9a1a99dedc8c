// SPDX-License-Identifier: MIT
// The files that tests load: tests/data and config.
#pragma once

#include "wherry/base/buf.h"

// The whole content, terminated with a NUL that is not counted; a missing file fails the
// test. The caller frees it with buf_finish.
struct buf data_file_read(const char *path);

typedef void (*data_file_cb)(const char *path, const char *name);
// Calls back for each NAME.yaml in the folder, and gives their number.
size_t data_file_each(const char *folder, data_file_cb callback);
