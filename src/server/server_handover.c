// SPDX-License-Identifier: MIT
// Binary upgrade, as the old process sees it (takeover.h): hands its sockets to a new one
// that asks over the control socket, and goes on until that says that it is ready.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>
#include <openssl/crypto.h>

#include "server_control_priv.h"
#include "wherry/base/log.h"
#include "wherry/server/takeover.h"

enum {
	SILENCE_S = 60 // of a successor: while it is waited for, nothing is reloaded
};

struct server_handover {
	int connection;
	pid_t successor;
	struct event *event;
};

void server_handover_stop(struct server *server)
{
	struct server_handover *handover = server->handover;
	if (!handover)
		return;
	if (handover->event)
		event_free(handover->event);
	close(handover->connection);
	free(handover);
	server->handover = NULL;
}

static void give_up(struct server *server, const char *why)
{
	log_warn("upgrade: process %d %s: this one goes on",
		(int)server->handover->successor, why);
	server_handover_stop(server);
}

static int offer_place(int connection, struct server_place *place)
{
	struct takeover_record record = {.kind = TAKEOVER_SOCKETS,
		.is_lent = place->is_lent,
		.address = place->address};
	int error = 0;
	for (size_t i = 0; i < place->count && error == 0;) {
		struct takeover_sockets sockets = {.count = 0};
		while (i < place->count && sockets.count < TAKEOVER_SOCKETS_MAX)
			sockets.items[sockets.count++] = place->sockets[i++].fd;
		error = takeover_send(connection, &record, &sockets);
	}
	place->is_offered = error == 0;
	return error;
}

static int offer_tickets(int connection, struct tls_tickets *tickets)
{
	struct takeover_record record = {.kind = TAKEOVER_TICKETS};
	tls_tickets_copy(tickets, &record.tickets);
	int error = takeover_send(connection, &record, NULL);
	OPENSSL_cleanse(&record, sizeof(record));
	return error;
}

static int offer(struct server *server, int connection)
{
	struct server_place *place;
	int error = 0;
	LIST_FOREACH (place, &server->places, entry)
		place->is_offered = false;
	LIST_FOREACH (place, &server->places, entry) {
		if (error == 0)
			error = offer_place(connection, place);
	}
	if (error == 0 && server->tickets)
		error = offer_tickets(connection, server->tickets);
	struct takeover_record last = {.kind = TAKEOVER_END};
	return error != 0 ? error : takeover_send(connection, &last, NULL);
}

// No turning back: what comes now is the successor's.
static void end(struct server *server)
{
	pid_t successor = server->handover->successor;
	struct takeover_record go = {.kind = TAKEOVER_GO};
	// While this process is the main one it is believed.
	notify_succeeded(&server->notify, successor);
	if (takeover_send(server->handover->connection, &go, NULL) != 0) {
		notify_succeeded(&server->notify, getpid());
		give_up(server, "is gone");
		return;
	}
	log_info("upgrade: process %d takes over", (int)successor);
	server->is_succeeded = true;
	server_handover_stop(server);
	server_control_finish(server);
	server_status_stop(server);
	server_drain_succeeded(server);
}

static void refuse_place(struct server *server, const struct addr *address)
{
	struct server_place *place = server_place_find(server, address);
	if (place)
		place->is_offered = false;
}

static void on_record(evutil_socket_t connection, short events, void *arg)
{
	struct server *server = arg;
	struct takeover_record record;
	struct takeover_sockets none;
	if (events & EV_TIMEOUT) {
		give_up(server, "was not ready within 60 s");
		return;
	}
	int error = takeover_receive(connection, &record, &none);
	for (size_t i = 0; i < none.count; i++)
		close(none.items[i]); // nobody asked for them
	if (error == EAGAIN)
		return;
	if (error != 0)
		give_up(server, error == EPIPE ? "has ended" : strerrordesc_np(error));
	else if (record.kind == TAKEOVER_UNWANTED)
		refuse_place(server, &record.address);
	else if (record.kind == TAKEOVER_READY)
		end(server);
	else
		give_up(server, "says what it should not");
}

static pid_t find_peer(int connection)
{
	struct ucred peer = {0};
	socklen_t size = sizeof(peer);
	(void)getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer,
		&size); // fails only for what is no UNIX socket
	return peer.pid;
}

// Takes the connection. False: it is closed.
static bool start(struct server *server, int connection)
{
	struct server_handover *handover = calloc(1, sizeof(*handover));
	if (!handover) {
		close(connection);
		return false;
	}
	server->handover = handover;
	handover->connection = connection;
	handover->successor = find_peer(connection);
	handover->event = event_new(loop_base(server->loop), connection,
		EV_READ | EV_PERSIST, on_record, server);
	const struct timeval silence = {.tv_sec = SILENCE_S};
	return handover->event && event_add(handover->event, &silence) == 0;
}

static void begin(struct server *server, int connection)
{
	if (connection < 0)
		return;
	int error = start(server, connection) ? offer(server, connection) : ENOMEM;
	if (error != 0 && server->handover)
		give_up(server, strerrordesc_np(error));
}

void server_control_upgrade(void *arg, struct control_call *call)
{
	struct server *server = arg;
	int protocol;
	if (!control_call_unpack(call, "{si}", "protocol", &protocol))
		return;
	if (protocol != TAKEOVER_PROTOCOL)
		control_call_refuse(call,
			"it hands over in another way (%d): stop it, "
			"and start the new one",
			TAKEOVER_PROTOCOL);
	else if (server->is_draining || !server->has_started || server->reload)
		control_call_refuse(call, "it is starting, reloading or stopping");
	else if (server->handover)
		control_call_refuse(call, "process %d is about to take over already",
			(int)server->handover->successor);
	else
		begin(server, control_call_take_connection(call));
}
