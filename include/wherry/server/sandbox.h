// SPDX-License-Identifier: MIT
// What the process gives up for good when it starts (SECURITY T60 and T61): another user,
// privileges, system calls, files. Entered before any thread starts and before anything
// but the configuration is opened: so all threads have it, and whatever a reload needs
// was possible at the start.
#pragma once

#include "wherry/conf/conf.h"
#include "wherry/server/privileges.h"

// One of the measures: off (the configuration says so), active, or why it can't be.
struct sandbox_state {
	bool is_wanted;
	int error; // errno; 0 = active if wanted
};

struct sandbox {
	struct privileges privileges;
	struct sandbox_state no_new_privs;
	struct sandbox_state no_core_dumps;
	struct sandbox_state seccomp;
	struct sandbox_state landlock;
	int landlock_version; // of the kernel's interface; 0 = it has none
	int conf_error;       // errno of reading the configuration's file again
};

// control is the control socket's address; of length 0: there is none. False, logged, if
// the user can't be what it should, or a file that the configuration
// names can't be read by it; a measure that the kernel does not offer is told by
// sandbox_log.
MUST_CHECK bool sandbox_enter(
	const struct conf *conf, const struct addr *control, struct sandbox *ret_sandbox);
// "active", "off" or "not offered".
const char *sandbox_state_text(const struct sandbox_state *state);
// One line of what is active, and a warning for each measure that is not.
void sandbox_log(const struct sandbox *sandbox);
