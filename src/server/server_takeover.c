// SPDX-License-Identifier: MIT
// Binary upgrade, as the new process sees it (takeover.h): takes the sockets of the one
// that serves, and its place when it can serve itself.
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>
#include <openssl/crypto.h>

#include "server_priv.h"
#include "wherry/admin/control_client.h"
#include "wherry/base/log.h"
#include "wherry/server/control_place.h"
#include "wherry/server/takeover.h"

static bool fail(const struct addr *address, const char *why)
{
	char text[ADDR_TEXT_SIZE];
	log_error("upgrade: %s: %s (expected a running Wherry)",
		addr_format(address, text), why);
	return false;
}

static bool open_client(const struct conf_control *control, struct control_client *client,
	struct addr *ret_address)
{
	struct addr places[CONTROL_PLACE_MAX];
	size_t count = control_place_find(control, places);
	int error = ENOENT;
	for (size_t i = 0; i < count && error == ENOENT; i++) {
		*ret_address = places[i];
		error = control_client_open(client, &places[i]);
		if (error != 0)
			control_client_finish(client);
	}
	if (count == 0)
		log_error("upgrade: the configuration turns the control socket off "
			  "(expected that of the running Wherry)");
	return count > 0 && (error == 0 || fail(ret_address, strerrordesc_np(error)));
}

// An answer in words is a refusal.
static bool is_refused(struct control_client *client, const struct addr *address)
{
	char first = 0;
	struct str line;
	if (recv(client->fd, &first, 1, MSG_PEEK) != 1)
		return !fail(address, "it ended without an answer");
	if (first != '{')
		return false;
	json_t *answer = control_client_read(client, &line) == 0
				 ? json_loadb(line.data, line.length, 0, NULL)
				 : NULL;
	const char *why = json_string_value(json_object_get(answer, "error"));
	(void)fail(address, why ? why : "it refused without a word");
	json_decref(answer);
	return true;
}

static bool take_sockets(struct server *server, const struct takeover_record *record,
	const struct takeover_sockets *sockets)
{
	bool is_taken = true;
	for (size_t i = 0; i < sockets->count; i++)
		is_taken &= inherited_add(&server->inherited, &record->address,
			sockets->items[i], record->is_lent != 0);
	return is_taken;
}

static bool take_tickets(struct server *server, const struct takeover_record *record)
{
	server->tickets = tls_tickets_create();
	if (server->tickets)
		tls_tickets_adopt(server->tickets, &record->tickets);
	return server->tickets != NULL;
}

// Returns 0, or errno.
static int take_all(struct server *server, int connection)
{
	struct takeover_record record = {0};
	int error = 0;
	while (error == 0 && record.kind != TAKEOVER_END) {
		struct takeover_sockets sockets;
		error = takeover_receive(connection, &record, &sockets);
		if (!take_sockets(server, &record, &sockets) ||
			(error == 0 && record.kind == TAKEOVER_TICKETS &&
				!take_tickets(server, &record)))
			error = ENOMEM;
		OPENSSL_cleanse(&record.tickets, sizeof(record.tickets));
	}
	return error;
}

static int ask(struct control_client *client)
{
	json_t *request = json_pack(
		"{ss si}", "verb", "upgrade", "protocol", (int)TAKEOVER_PROTOCOL);
	int error = request ? control_client_send(client, request) : ENOMEM;
	json_decref(request);
	return error;
}

bool server_takeover_begin(struct server *server)
{
	struct control_client client = {.fd = -1};
	struct addr address;
	if (!open_client(&server->conf->control, &client, &address))
		return false;
	int error = ask(&client);
	bool is_taken = error == 0 && !is_refused(&client, &address);
	if (is_taken)
		error = take_all(server, client.fd);
	if (error != 0)
		is_taken = fail(&address, strerrordesc_np(error));
	if (is_taken) {
		server->predecessor = client.fd;
		client.fd = -1;
	}
	control_client_finish(&client);
	return is_taken;
}

static int refuse_unwanted(const struct server *server)
{
	int error = 0;
	for (size_t i = 0; i < server->inherited.count && error == 0; i++) {
		const struct inherited_socket *one = &server->inherited.items[i];
		struct takeover_record record = {
			.kind = TAKEOVER_UNWANTED, .address = one->address};
		if (one->socket >= 0)
			error = takeover_send(server->predecessor, &record, NULL);
	}
	return error;
}

bool server_takeover_end(struct server *server)
{
	struct takeover_record record = {.kind = TAKEOVER_READY};
	struct takeover_sockets none = {.count = 0};
	int error = refuse_unwanted(server);
	if (error == 0)
		error = takeover_send(server->predecessor, &record, NULL);
	if (error == 0)
		error = takeover_receive(server->predecessor, &record, &none);
	for (size_t i = 0; i < none.count; i++)
		close(none.items[i]); // nobody asked for them
	if (error == 0 && record.kind != TAKEOVER_GO)
		error = EPROTO;
	if (error != 0) {
		log_error("upgrade: the Wherry that serves did not let go: %s",
			strerrordesc_np(error));
		return false;
	}
	close(server->predecessor);
	server->predecessor = -1;
	return true;
}
