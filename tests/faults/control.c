// SPDX-License-Identifier: MIT
// Decides by the test's page, and by a seed: the same run of calls fails the same way.
#include "control.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	ERRORS_MAX = 5,
	FRAMES_MAX = 24,
};

// What the kernel may say to each, for rates.
static const int errors[CONTROL_CALLS][ERRORS_MAX] = {
	[CONTROL_ALLOC] = {ENOMEM},
	[CONTROL_RECV] = {ECONNRESET},
	[CONTROL_SEND] = {ECONNRESET, EPIPE, ENOBUFS},
	[CONTROL_ACCEPT] = {EMFILE, ENFILE, ENOBUFS, ENOMEM, ECONNABORTED},
	[CONTROL_CONNECT] = {ECONNREFUSED, ENETUNREACH, EADDRNOTAVAIL, ENOBUFS},
	[CONTROL_SOCKET] = {EMFILE, ENFILE, ENOBUFS, ENOMEM},
	[CONTROL_EPOLL] = {ENOMEM, ENOSPC},
	[CONTROL_WAIT] = {EINTR},
	[CONTROL_IOCTL] = {EINVAL},
	[CONTROL_OPTION] = {ENOBUFS, ENOMEM},
};

static struct control *page;

// Only in the program that is tested: what starts it inherits the preload too.
static void __attribute__((constructor)) map_page(void)
{
	const char *path = getenv("WHERRY_FAULTS");
	if (!path || strcmp(program_invocation_short_name, "wherry") != 0)
		return;
	int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	void *mapped =
		mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (mapped != MAP_FAILED)
		page = mapped;
}

// SplitMix64.
static uint64_t mix(uint64_t value)
{
	value += UINT64_C(0x9e3779b97f4a7c15);
	value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
	return value ^ (value >> 31);
}

static int pick_error(enum control_call call, uint64_t random)
{
	size_t count = 0;
	while (count < ERRORS_MAX && errors[call][count] != 0)
		count++;
	return errors[call][random % count];
}

static bool decide_by_rate(
	enum control_call call, uint64_t number, struct control_fault *fault)
{
	struct control_rates *rates = &page->rates[call];
	uint64_t random = mix(page->seed ^ mix(number * CONTROL_CALLS + call));
	uint64_t dice = random & 0xffff;
	fault->random = random >> 16;
	if (dice < rates->error) {
		fault->error = pick_error(call, fault->random);
		return true;
	}
	dice -= rates->error;
	if (dice < rates->again) {
		fault->error = fault->random & 1 ? EINTR : EAGAIN;
		return true;
	}
	dice -= rates->again;
	fault->error = 0;
	return dice < rates->part;
}

static void trace(void)
{
	void *frames[FRAMES_MAX];
	bool was_on = atomic_exchange(&page->is_on, 0); // it allocates
	int count = backtrace(frames, FRAMES_MAX);
	backtrace_symbols_fd(frames, count, STDERR_FILENO);
	(void)!write(STDERR_FILENO, "--\n", 3);
	page->is_on = was_on;
}

bool control_decide(enum control_call call, struct control_fault *ret_fault)
{
	if (!page || !page->is_on)
		return false;
	struct control_rates *rates = &page->rates[call];
	uint64_t number = atomic_fetch_add(&rates->count, 1) + 1;
	uint64_t nth = page->nth;
	bool is_nth = nth != 0 && page->call == call && number >= nth &&
		      number - nth < page->span;
	if (is_nth)
		*ret_fault = (struct control_fault){.error = (int)page->error};
	if (!is_nth && !decide_by_rate(call, number, ret_fault))
		return false;
	atomic_fetch_add(&rates->injected, 1);
	if (page->traces)
		trace();
	return true;
}

bool control_is_spared(const void *caller)
{
	static const char *const spared[] = {
		"libcrypto", "libseccomp", "ld-linux", "libc.so"};
	Dl_info info;
	if (!page || !page->is_on || !page->spares_libraries ||
		dladdr(caller, &info) == 0)
		return false;
	for (size_t i = 0; i < sizeof(spared) / sizeof(*spared); i++) {
		if (strstr(info.dli_fname, spared[i]))
			return true;
	}
	return false;
}
