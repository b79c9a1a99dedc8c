// SPDX-License-Identifier: MIT
// The user that Wherry serves as, and what is left of root's powers (SECURITY T60). All
// of it is given up before the first thread starts and the first file is opened, so that
// a reload can do whatever the start could.
#pragma once

#include <stdbool.h>

#include "wherry/base/attributes.h"

enum {
	PRIVILEGES_USER_SIZE = 64
};

struct privileges {
	char user[PRIVILEGES_USER_SIZE]; // who serves from here on
	bool is_root;                    // the configuration wants that
	bool may_bind;    // ports below 1024: CAP_NET_BIND_SERVICE is there
	bool is_fallback; // there is no user wherry, so it is nobody
	bool is_other;    // than the configuration names: root did not start it
};

// Becomes user (NULL: wherry, or nobody if there is none) for good if root asks, and lets
// go of all capabilities but that of binding low ports; a root that stays keeps those for
// files as well. Only while there is one thread: the kernel counts capabilities by
// thread. False, logged, if there is no such user or it may not be done.
MUST_CHECK bool privileges_drop(const char *user, struct privileges *ret_privileges);
