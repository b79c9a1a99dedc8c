// SPDX-License-Identifier: MIT
// Where clients are listened for, as the configuration changes: what stays is never
// closed, and which worker accepts from which socket follows their number.
#include <errno.h>
#include <string.h>

#include <jansson.h>

#include "server_priv.h"
#include "wherry/base/log.h"
#include "wherry/base/now.h"

enum {
	SPREAD_AGAIN_MS = 200
};

static bool fail(const struct server *server, const struct conf_listener *listener,
	int error, struct buf *reterr_text)
{
	buf_printf(reterr_text,
		"listen on %s: %s (expected a free address that user %s may bind)\n",
		listener->name, strerrordesc_np(error), server->sandbox.privileges.user);
	return false;
}

static bool want(struct server *server, const struct conf_listener *listener,
	struct buf *reterr_text)
{
	int error;
	struct server_place *place = server_place_find(server, &listener->address);
	if (place && !place->is_for_clients)
		return fail(server, listener, EADDRINUSE, reterr_text);
	if (!place)
		place = server_place_open(server, &listener->address, false, &error);
	if (!place)
		return fail(server, listener, error, reterr_text);
	place->is_for_clients = true;
	place->is_wanted = true;
	return true;
}

bool server_listen_prepare(
	struct server *server, const struct conf *conf, struct buf *reterr_text)
{
	struct server_place *place;
	LIST_FOREACH (place, &server->places, entry)
		place->is_wanted = false;
	for (size_t i = 0; i < conf->listener_count; i++) {
		if (want(server, &conf->listeners[i], reterr_text))
			continue;
		server_listen_cancel(server);
		return false;
	}
	return true;
}

void server_listen_cancel(struct server *server)
{
	struct server_place *next, *place = LIST_FIRST(&server->places);
	for (; place; place = next) {
		next = LIST_NEXT(place, entry);
		if (place->is_for_clients && !place->is_served)
			server_place_close(server, place);
	}
}

// Until it is done, connections wait in the socket's queue.
static void spread_later(struct server *server, size_t worker)
{
	log_error("no memory to have worker %zu listen yet", worker);
	loop_timer_set(&server->spread_timer, now_ms() + SPREAD_AGAIN_MS);
}

// Several sockets of one address share its connections evenly. So each worker gets as
// many as the others, and of those that are left over all get connections in turn.
static void spread(struct server *server, struct server_place *place)
{
	size_t workers = atomic_load(&server->workers_active);
	size_t dealt_from = place->count - place->count % workers;
	for (size_t i = 0; i < place->count; i++) {
		struct server_socket *one = &place->sockets[i];
		size_t to = i % workers, from = one->worker;
		bool is_dealt = i >= dealt_from, is_moved = one->is_given && from != to;
		if (one->is_given && !is_moved && one->is_dealt == is_dealt)
			continue;
		if (!worker_listen(
			    server->workers[to], one->fd, &place->address, is_dealt)) {
			spread_later(server, to);
			continue; // another one still does, or nobody yet
		}
		// For a moment both do, and either may take a connection.
		if (is_moved &&
			!worker_part(server->workers[from], one->fd, WORKER_LEAVES))
			log_error("no memory to have worker %zu stop listening", from);
		*one = (struct server_socket){one->fd, true, to, is_dealt};
	}
}

static void spread_all(void *arg)
{
	struct server *server = arg;
	struct server_place *place;
	LIST_FOREACH (place, &server->places, entry) {
		if (place->is_served)
			spread(server, place);
	}
}

void server_listen_init(struct server *server)
{
	loop_timer_init(&server->spread_timer, server->loop, spread_all, server);
}

static void grow(struct server *server, struct server_place *place)
{
	char text[ADDR_TEXT_SIZE];
	int error = 0;
	while (error == 0 && place->count < atomic_load(&server->workers_active))
		error = server_place_grow(place);
	if (error != 0 && error != ENOTSUP)
		log_warn("listen on %s: %s: %zu sockets for %zu workers",
			addr_format(&place->address, text), strerrordesc_np(error),
			place->count, atomic_load(&server->workers_active));
}

static void close_place(struct server *server, struct server_place *place)
{
	enum worker_parting parting =
		server_place_goes_on(server, place) ? WORKER_LEAVES : WORKER_CLOSES;
	for (size_t i = 0; i < place->count; i++) {
		struct server_socket *one = &place->sockets[i];
		if (one->is_given &&
			!worker_part(server->workers[one->worker], one->fd, parting))
			log_error("no memory to have worker %zu stop listening",
				one->worker);
	}
	server_place_close(server, place);
	server->closed_ms = now_ms();
}

static void report(
	const struct server_place *place, const char *what, struct json_t *names)
{
	char text[ADDR_TEXT_SIZE];
	addr_format(&place->address, text);
	log_info("%s %s", what, text);
	if (names) // without memory, the reply lacks it
		(void)json_array_append_new(names, json_string(text));
}

void server_listen_commit(struct server *server, struct server_listen_changes *changes)
{
	struct server_place *next, *place = LIST_FIRST(&server->places);
	for (; place; place = next) {
		next = LIST_NEXT(place, entry);
		if (!place->is_for_clients)
			continue;
		if (!place->is_wanted) {
			report(place, "no longer listening on",
				changes ? changes->removed : NULL);
			close_place(server, place);
			continue;
		}
		if (!place->is_served)
			report(place, "listening on", changes ? changes->added : NULL);
		place->is_served = true;
		grow(server, place);
		spread(server, place);
	}
}

bool server_listen_is_complete(const struct server *server)
{
	for (size_t i = 0; i < server->conf->listener_count; i++) {
		if (!server_place_find(server, &server->conf->listeners[i].address))
			return false;
	}
	return true;
}

void server_listen_close(struct server *server, const struct addr *address)
{
	struct server_place *place = server_place_find(server, address);
	if (!place || !place->is_for_clients)
		return;
	report(place, "no longer listening on", NULL);
	close_place(server, place);
}

void server_listen_stop(struct server *server)
{
	loop_timer_finish(&server->spread_timer);
	struct server_place *next, *place = LIST_FIRST(&server->places);
	for (; place; place = next) {
		next = LIST_NEXT(place, entry);
		if (place->is_for_clients)
			close_place(server, place);
	}
}
