// SPDX-License-Identifier: MIT
// A clock that can be stopped, and then stands still until the test moves it, and a loop
// whose timers look at it in every turn, so that half a minute passes in no time.
// Replaces now_ms and event_add (link with -Wl,--wrap for both).
#pragma once

#include <stdint.h>

// Before and after it is the real one.
void fake_clock_stop(void);
void fake_clock_resume(void);
void fake_clock_advance(uint64_t duration_ms);
// What now_ms would have been: for a deadline of the test's own.
uint64_t fake_clock_real_ms(void);
