// SPDX-License-Identifier: MIT
// The two clocks of the program, in milliseconds; the calendar also in microseconds.
#include "wherry/base/now.h"

#include <time.h>

static uint64_t read_clock_ms(clockid_t id)
{
	struct timespec now;

	// Fails only for an unknown clock or a bad pointer.
	(void)clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t now_ms(void)
{
	return read_clock_ms(CLOCK_MONOTONIC_COARSE);
}

uint64_t now_calendar_ms(void)
{
	return read_clock_ms(CLOCK_REALTIME);
}

uint64_t now_calendar_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now); // as above
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}
