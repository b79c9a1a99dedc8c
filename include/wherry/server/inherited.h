// SPDX-License-Identifier: MIT
// Listening sockets that were open before this process began: of the service manager's
// socket activation (sd_listen_fds(3)), or of the Wherry whose place it takes. Whoever
// listens takes those of its address, instead of opening one.
#pragma once

#include "wherry/base/addr.h"

struct inherited_socket {
	struct addr address;
	int socket;   // -1 = it was taken
	bool is_lent; // the service manager keeps it: its queue and its file stay
};

struct inherited {
	struct inherited_socket *items;
	size_t count;
};

// Takes over what LISTEN_FDS names if it is meant for this process. False, logged, if one
// of them is no listening stream socket, or memory is short.
MUST_CHECK bool inherited_read_environment(struct inherited *inherited);
// Takes over the socket. False: memory is short, and it is closed.
MUST_CHECK bool inherited_add(struct inherited *inherited, const struct addr *address,
	int socket, bool is_lent);
// The next socket of the address, which is the caller's from here on; -1 = none is left.
int inherited_take(
	struct inherited *inherited, const struct addr *address, bool *ret_is_lent);
// Says in the log which sockets were lent for nothing.
void inherited_log_unused(const struct inherited *inherited);
// Closes what nobody has taken.
void inherited_finish(struct inherited *inherited);
