// SPDX-License-Identifier: MIT
// The listening sockets: one per worker and TCP address, and one for all on a UNIX
// socket.
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "server_priv.h"
#include "wherry/base/log.h"
#include "wherry/net/listener.h"

static bool fail(struct server *server, const struct conf_listener *listener, int error)
{
	log_error("listen on %s: %s (expected a free address that user %s may bind)",
		listener->name, strerrordesc_np(error), server->sandbox.privileges.user);
	return false;
}

// With SO_REUSEPORT a second Wherry, started by mistake, would share the address in
// silence: so it is bound alone first.
static bool probe(struct server *server, const struct conf_listener *listener)
{
	int socket = listener_open(&listener->address, false);
	if (socket < 0)
		return fail(server, listener, -socket);
	close(socket);
	return true;
}

static bool listen_alone(struct server *server, size_t index)
{
	const struct conf_listener *listener = &server->conf->listeners[index];
	int socket = listener_open(&listener->address, false);
	if (socket < 0)
		return fail(server, listener, -socket);
	return worker_listen(
		server->workers[0], index, socket, server->workers, server->worker_count);
}

static bool listen_shared(struct server *server, size_t index)
{
	const struct conf_listener *listener = &server->conf->listeners[index];
	if (!probe(server, listener))
		return false;
	for (size_t i = 0; i < server->worker_count; i++) {
		int socket = listener_open(&listener->address, true);
		if (socket < 0)
			return fail(server, listener, -socket);
		if (!worker_listen(server->workers[i], index, socket, NULL, 0))
			return fail(server, listener, ENOMEM);
	}
	return true;
}

bool server_listen(struct server *server)
{
	for (size_t i = 0; i < server->conf->listener_count; i++) {
		const struct conf_listener *listener = &server->conf->listeners[i];
		bool is_open = addr_is_unix(&listener->address)
				       ? listen_alone(server, i)
				       : listen_shared(server, i);
		if (!is_open)
			return false;
		log_info("listening on %s", listener->name);
	}
	return true;
}
