// SPDX-License-Identifier: MIT
// Compiler attributes every header may use. Nothing here generates code.
#pragma once

// The result says whether it worked: ignoring it is a compile error.
#define MUST_CHECK __attribute__((warn_unused_result))
// printf-checked: at is the index of the format argument, first that of the first value.
#define PRINTF_LIKE(at, first) __attribute__((format(printf, at, first)))
