// SPDX-License-Identifier: MIT
// What passes between the Wherry that runs and the new one that takes its place, over a
// connection to the control socket: records of one size, since both are on one machine.
//
//   new                              old
//   {"command": "upgrade", ...}  ->       a line of the control protocol, and the last
//                                <-  SOCKETS  for each listening address (SCM_RIGHTS)
//                                <-  TICKETS  the keys, if some listener speaks TLS
//                                <-  END
//   UNWANTED  for each address   ->           that the new configuration lacks
//   READY                        ->           the new one could accept at once
//                                <-  GO       the old one has stopped accepting
//
// Until GO each side may go away, and the other goes on without it: the old one as if
// nothing had happened, the new one not at all.
#pragma once

#include "wherry/base/addr.h"
#include "wherry/net/tls_tickets.h"

enum {
	// Counts up when a record or the order changes.
	TAKEOVER_PROTOCOL = 1,
	TAKEOVER_SOCKETS_MAX = 128 // of one record; the kernel takes up to 253
};

enum takeover_kind {
	TAKEOVER_SOCKETS = 1,
	TAKEOVER_TICKETS,
	TAKEOVER_END,
	TAKEOVER_UNWANTED,
	TAKEOVER_READY,
	TAKEOVER_GO
};

struct takeover_record {
	uint32_t kind; // enum takeover_kind
	uint32_t is_lent;
	struct addr address;
	struct tls_tickets_keys tickets;
};

struct takeover_sockets {
	int items[TAKEOVER_SOCKETS_MAX];
	size_t count;
};

// 0, or errno; a buffer that is full is EAGAIN. The descriptors stay the caller's.
MUST_CHECK int takeover_send(int connection, const struct takeover_record *record,
	const struct takeover_sockets *sockets);
// Waits as long as the connection's SO_RCVTIMEO if it blocks. The descriptors received
// are the caller's, also when it fails. EPIPE: the other side is gone.
MUST_CHECK int takeover_receive(int connection, struct takeover_record *ret_record,
	struct takeover_sockets *ret_sockets);
