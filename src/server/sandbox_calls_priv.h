// SPDX-License-Identifier: MIT
// The lists behind the filter of system calls.
#pragma once

#include <seccomp.h>

// Numbers as libseccomp's header names them: negative for a call that this machine lacks.
// Each list ends with SANDBOX_CALLS_END.
extern const int sandbox_calls_allowed[];
extern const int sandbox_calls_refused[];
extern const int sandbox_calls_sanitizer[]; // allowed as well, in a build with one

enum {
	SANDBOX_CALLS_END = -30000,
	// About these their arguments decide.
	SANDBOX_CALL_CLONE = SCMP_SYS(clone),
	SANDBOX_CALL_IOCTL = SCMP_SYS(ioctl),
	SANDBOX_CALL_KILL = SCMP_SYS(kill),
	SANDBOX_CALL_MMAP = SCMP_SYS(mmap),
	SANDBOX_CALL_MPROTECT = SCMP_SYS(mprotect),
	SANDBOX_CALL_PKEY_MPROTECT = SCMP_SYS(pkey_mprotect),
	SANDBOX_CALL_PRCTL = SCMP_SYS(prctl),
	SANDBOX_CALL_SOCKET = SCMP_SYS(socket),
	SANDBOX_CALL_SOCKETPAIR = SCMP_SYS(socketpair),
	SANDBOX_CALL_TGKILL = SCMP_SYS(tgkill),
};
