// SPDX-License-Identifier: MIT
// A loop_timer that fires early only looks at now_ms and waits on; so each may fire in
// every turn. Events with a descriptor keep their timeouts.
#include "fake_clock.h"

#include <stdbool.h>

#include <event2/event.h>

static _Atomic uint64_t fake_now_ms; // 0 = not stopped

uint64_t __real_now_ms(void);
uint64_t __wrap_now_ms(void);
int __real_event_add(struct event *event, const struct timeval *timeout);
int __wrap_event_add(struct event *event, const struct timeval *timeout);

uint64_t __wrap_now_ms(void)
{
	return fake_now_ms != 0 ? fake_now_ms : __real_now_ms();
}

int __wrap_event_add(struct event *event, const struct timeval *timeout)
{
	static const struct timeval none;
	bool is_timer = fake_now_ms != 0 && timeout && event_get_fd(event) < 0;

	return __real_event_add(event, is_timer ? &none : timeout);
}

void fake_clock_stop(void)
{
	fake_now_ms = __real_now_ms();
}

void fake_clock_resume(void)
{
	fake_now_ms = 0;
}

void fake_clock_advance(uint64_t duration_ms)
{
	fake_now_ms += duration_ms;
}

uint64_t fake_clock_real_ms(void)
{
	return __real_now_ms();
}
