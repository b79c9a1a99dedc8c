// SPDX-License-Identifier: MIT
// One address where the process listens, for clients, the status address or the control
// socket. Its sockets outlive configurations, the workers that accept from them, and the
// process itself if a new one takes its place. Control loop only.
#pragma once

#include <sys/queue.h>

#include "wherry/base/addr.h"

struct server;

struct server_socket {
	int fd;
	bool is_given; // somebody accepts from it
	size_t worker; // who does
	bool is_dealt; // its connections go to all active workers in turn
};

struct server_place {
	LIST_ENTRY(server_place) entry;
	struct addr address; // as the configuration has it
	struct server_socket *sockets;
	size_t count;
	bool is_for_clients;
	bool is_wanted;    // by the configuration that is about to be served
	bool is_served;    // by the one that is
	bool is_inherited; // from the service manager, or the Wherry before
	bool is_lent;      // by the service manager, who keeps it
	bool is_offered;   // to the Wherry that takes this one's place
};
LIST_HEAD(server_places, server_place);

// With what was inherited for the address, or one socket that is opened; who may connect
// to a private UNIX socket is its owner alone. NULL with *reterr_errno.
MUST_CHECK struct server_place *server_place_open(struct server *server,
	const struct addr *address, bool is_private, int *reterr_errno);
// One more socket, which shares the address. 0, or errno; ENOTSUP: it can't be shared.
MUST_CHECK int server_place_grow(struct server_place *place);
// Closes the descriptors, which nobody was given any more, or who was has their own. If
// no other process has the sockets, they begin no new connection before that.
void server_place_close(struct server *server, struct server_place *place);
// Do its sockets go on in another process when this one closes them?
bool server_place_goes_on(const struct server *server, const struct server_place *place);

struct server_place *server_place_find(
	const struct server *server, const struct addr *address);
