// SPDX-License-Identifier: MIT
// Clocks. Deadlines use the monotonic one; only log lines and cookies use the calendar.
#pragma once

#include <stdint.h>

// Milliseconds since an arbitrary start, never going back. Coarse (up to 4 ms old), so
// that it costs no system call.
uint64_t now_ms(void);

// Milliseconds since 1970-01-01 UTC.
uint64_t now_calendar_ms(void);
// Microseconds since then.
uint64_t now_calendar_us(void);
