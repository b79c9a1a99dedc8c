// SPDX-License-Identifier: MIT
// The control socket of the process: where it is, and the table of what may be asked.
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "server_control_priv.h"
#include "wherry/base/log.h"
#include "wherry/server/control_place.h"

// Each command of `wherry` that asks a running process has its verb here.
static const struct control_verb verbs[] = {
	{"connections", server_control_connections, CONTROL_READS},
	{"drain", server_control_drain, CONTROL_CHANGES},
	{"kill", server_control_kill, CONTROL_CHANGES},
	{"rebalance", server_control_rebalance, CONTROL_CHANGES},
	{"reload", server_control_reload, CONTROL_CHANGES},
	{"server_add", server_control_server_add, CONTROL_CHANGES},
	{"server_down", server_control_server_down, CONTROL_CHANGES},
	{"server_list", server_control_server_list, CONTROL_READS},
	{"server_remove", server_control_server_remove, CONTROL_CHANGES},
	{"server_up", server_control_server_up, CONTROL_CHANGES},
	{"server_weight", server_control_server_weight, CONTROL_CHANGES},
	{"status", server_control_status, CONTROL_READS},
	{"stop", server_control_stop, CONTROL_CHANGES},
	{"upgrade", server_control_upgrade, CONTROL_CHANGES},
	{0},
};

void server_control_prepare(struct server *server)
{
	control_place_choose(&server->conf->control, &server->control_address);
}

// `wherry proxy` is for trying out, where nobody has made a folder.
static void tell_missing(const struct server *server, const char *why)
{
	if (!server->conf->path)
		log_info("control: no socket: %s", why);
	else
		log_warn("control: there is no socket for `wherry status` and the like: "
			 "%s (expected /run/wherry to be user %s's, or \"control: "
			 "unix:/path\" in the configuration)",
			why, server->sandbox.privileges.user);
}

static const char *explain(int error)
{
	return error == EADDRINUSE ? "another Wherry serves it" : strerrordesc_np(error);
}

bool server_control_serve(struct server *server)
{
	if (!server->control_place)
		return true;
	int fd = fcntl(server->control_place->sockets[0].fd, F_DUPFD_CLOEXEC, 0);
	if (fd >= 0)
		server->control = control_create(server->loop, fd, verbs, server);
	return server->control != NULL;
}

bool server_control_start(struct server *server)
{
	char text[ADDR_TEXT_SIZE];
	int error = ENOMEM;
	if (server->conf->control.is_off)
		return true;
	if (server->control_address.length == 0) {
		tell_missing(server, "no folder for it can be written to");
		return true;
	}
	server->control_place =
		server_place_open(server, &server->control_address, true, &error);
	bool is_later = server->predecessor >= 0;
	if (server->control_place && (is_later || server_control_serve(server)))
		return true;
	server_control_finish(server);
	addr_format(&server->control_address, text);
	if (server->conf->control.address.length > 0)
		log_error("control on %s: %s (expected a free path that user %s may "
			  "write to)",
			text, explain(error), server->sandbox.privileges.user);
	else
		tell_missing(server, explain(error));
	return server->conf->control.address.length == 0;
}

void server_control_finish(struct server *server)
{
	control_destroy(server->control);
	if (server->control_place)
		server_place_close(server, server->control_place);
	server->control = NULL;
	server->control_place = NULL;
}
