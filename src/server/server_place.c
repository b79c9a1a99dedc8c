// SPDX-License-Identifier: MIT
// Addresses with their sockets; see the header.
#include "server_place_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server_priv.h"
#include "wherry/base/now.h"
#include "wherry/net/listener.h"

enum {
	CLOSING_MS = 2000 // longer than workers take for it
};

struct server_place *server_place_find(
	const struct server *server, const struct addr *address)
{
	struct server_place *place;
	LIST_FOREACH (place, &server->places, entry) {
		if (addr_equal(&place->address, address))
			return place;
	}
	return NULL;
}

// Takes the socket; 0, or errno.
static int add_socket(struct server_place *place, int fd)
{
	struct server_socket *sockets =
		realloc(place->sockets, (place->count + 1) * sizeof(*sockets));
	if (!sockets) {
		close(fd);
		return ENOMEM;
	}
	place->sockets = sockets;
	sockets[place->count++] = (struct server_socket){.fd = fd};
	return 0;
}

static int inherit(struct server *server, struct server_place *place)
{
	int fd, error = 0;
	while (error == 0 && (fd = inherited_take(&server->inherited, &place->address,
				      &place->is_lent)) >= 0) {
		place->is_inherited = true;
		error = add_socket(place, fd);
	}
	return error;
}

// With SO_REUSEPORT a second Wherry, started by mistake, would share the address in
// silence: so it is bound alone first. Where this one has the port already, at another
// address, or its workers are about to close it, that would be in its way, and says who
// is at home.
static int probe(const struct server *server, const struct addr *address)
{
	const struct server_place *place;
	if (now_ms() - server->closed_ms < CLOSING_MS)
		return 0;
	LIST_FOREACH (place, &server->places, entry) {
		if (addr_port(&place->address) == addr_port(address))
			return 0;
	}
	return -listener_probe(address);
}

static int open_first(
	const struct server *server, struct server_place *place, bool is_private)
{
	const struct addr *address = &place->address;
	bool is_shared = !is_private && !addr_is_unix(address);
	int error = is_shared ? probe(server, address) : 0;
	int fd = error == 0 ? listener_open(address, is_shared) : -error;
	if (fd < 0)
		return -fd;
	// A usual umask has let nobody else in before this.
	if (!is_private || !addr_is_unix(address) ||
		chmod(address->local.sun_path, S_IRUSR | S_IWUSR) == 0)
		return add_socket(place, fd);
	error = errno;
	close(fd);
	return error;
}

struct server_place *server_place_open(struct server *server, const struct addr *address,
	bool is_private, int *reterr_errno)
{
	struct server_place *place = calloc(1, sizeof(*place));
	*reterr_errno = ENOMEM;
	if (!place)
		return NULL;
	place->address = *address;
	int error = inherit(server, place);
	if (error == 0 && place->count == 0)
		error = open_first(server, place, is_private);
	LIST_INSERT_HEAD(&server->places, place, entry);
	if (error == 0)
		return place;
	server_place_close(server, place);
	*reterr_errno = error;
	return NULL;
}

// What the service manager opened is another user's, with whom nothing can be shared.
int server_place_grow(struct server_place *place)
{
	if (place->is_lent || addr_is_unix(&place->address))
		return ENOTSUP;
	int fd = listener_open(&place->address, true);
	return fd < 0 ? -fd : add_socket(place, fd);
}

bool server_place_goes_on(const struct server *server, const struct server_place *place)
{
	bool is_borrowed = place->is_inherited && server->predecessor >= 0;
	bool is_left = place->is_offered && server->is_succeeded;
	return place->is_lent || is_borrowed || is_left;
}

void server_place_close(struct server *server, struct server_place *place)
{
	bool goes_on = server_place_goes_on(server, place);
	// With nothing in between: a SYN that one still gets the share of another, which
	// refuses already, is lost, and its client waits a second to try again.
	for (size_t i = 0; i < place->count && !goes_on; i++)
		listener_refuse(place->sockets[i].fd, &place->address);
	for (size_t i = 0; i < place->count; i++)
		close(place->sockets[i].fd);
	LIST_REMOVE(place, entry);
	free(place->sockets);
	free(place);
}
