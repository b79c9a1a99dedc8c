// SPDX-License-Identifier: MIT
// The filter of system calls: what a proxy needs is allowed; what could hurt is refused
// with EPERM, and the kernel's log says so; any other call fails with ENOSYS, as on a
// kernel that lacks it, so that libraries fall back to an older one.
#pragma once

#include <stdbool.h>

#include "wherry/base/attributes.h"

// For all threads, for good. 0, or errno. Needs no_new_privs.
MUST_CHECK int sandbox_seccomp_enter(void);
