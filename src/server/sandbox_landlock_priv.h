// SPDX-License-Identifier: MIT
// Landlock: from here on this thread, and those it starts, can open only these paths. It
// does not know what they are for.
#pragma once

#include "sandbox_paths_priv.h"

// 0, or errno: ENOSYS or EOPNOTSUPP if the kernel has no landlock. Gives the version of
// its interface. A path that is not there, or can't be opened, is passed over: it can't
// be opened later either. Needs no_new_privs.
MUST_CHECK int sandbox_landlock_enter(
	const struct sandbox_paths *paths, int *ret_version);
