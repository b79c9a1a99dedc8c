// SPDX-License-Identifier: MIT
// Certificates: loaded at the start, on SIGHUP, and when their files change; and the keys
// of session tickets, which outlive all of that.
#include <string.h>

#include "server_priv.h"
#include "wherry/base/log.h"
#include "wherry/base/now.h"

// One line each.
static void log_problems(const struct buf *text, bool is_bad)
{
	struct str rest = buf_str(text);
	while (rest.length > 0) {
		const char *end = memchr(rest.data, '\n', rest.length);
		size_t length = end ? (size_t)(end - rest.data) : rest.length;
		if (is_bad)
			log_error("%.*s", (int)length, rest.data);
		else
			log_warn("%.*s", (int)length, rest.data);
		rest.data += length + (end != NULL);
		rest.length -= length + (end != NULL);
	}
}

static void log_loaded(const struct conf_listener *listener, const struct tls_set *set)
{
	struct buf text = BUF_INIT;
	if (listener->tls.is_self_signed)
		tls_set_write_fingerprint(set, &text);
	else
		tls_set_describe(set, &text);
	struct str what = buf_str(&text);
	log_info(listener->tls.is_self_signed
			 ? "%s: self-signed certificate, SHA-256 fingerprint %.*s"
			 : "%s: certificates for %.*s",
		listener->name, STR_ARG(what));
	buf_finish(&text);
}

static bool give(struct server *server, size_t listener, struct tls_set *set)
{
	for (size_t i = 0; i < server->worker_count; i++) {
		if (worker_set_tls(server->workers[i], listener, set))
			continue;
		log_error("worker %zu: no memory to tell it of certificates", i);
		return false;
	}
	return true;
}

static struct tls_set *load_set(
	struct server *server, const struct conf_listener *listener)
{
	struct buf text = BUF_INIT;
	struct tls_set *set = tls_set_load(listener, server->tickets, &text);
	log_problems(&text, !set);
	buf_finish(&text);
	return set;
}

static bool load(struct server *server, size_t index)
{
	const struct conf_listener *listener = &server->conf->listeners[index];
	struct tls_set *set =
		server->early_set ? server->early_set : load_set(server, listener);
	server->early_set = NULL;
	if (!set)
		return false;
	log_loaded(listener, set);
	bool is_given = give(server, index, set);
	tls_set_unref(set);
	return is_given;
}

static bool watch(struct server *server, const struct conf_file *file)
{
	return !file->path || file_watch_add(server->certificate_watch, file->path);
}

static bool watch_files(struct server *server, const struct conf_tls *tls)
{
	bool is_watched = watch(server, &tls->client_ca);
	for (size_t i = 0; i < tls->certificate_count && is_watched; i++)
		is_watched = watch(server, &tls->certificates[i].cert) &&
			     watch(server, &tls->certificates[i].key);
	return is_watched;
}

static void on_change(void *arg)
{
	struct server *server = arg;
	if (server->is_draining)
		return;
	log_info("files of certificates have changed");
	server_tls_reload(server);
}

// Also when nobody asks for a ticket, so that keys are forgotten in time.
static void rotate(void *arg)
{
	struct server *server = arg;
	tls_tickets_rotate_if_due(server->tickets, now_ms());
	loop_timer_set(&server->tickets_timer, now_ms() + TLS_TICKETS_ROTATE_MS);
}

static bool has_tls(const struct server *server)
{
	for (size_t i = 0; i < server->conf->listener_count; i++) {
		if (server->conf->listeners[i].has_tls)
			return true;
	}
	return false;
}

static bool prepare(struct server *server)
{
	loop_timer_init(&server->tickets_timer, server->loop, rotate, server);
	if (!server->tickets)
		server->tickets = tls_tickets_create();
	server->certificate_watch = file_watch_create(server->loop, on_change, server);
	if (!server->tickets || !server->certificate_watch)
		return false;
	loop_timer_set(&server->tickets_timer, now_ms() + TLS_TICKETS_ROTATE_MS);
	return true;
}

bool server_tls_load_backends(struct server *server)
{
	struct buf text = BUF_INIT;
	bool is_loaded = upstream_set_load_tls(server->upstreams, &text);
	log_problems(&text, !is_loaded);
	buf_finish(&text);
	return is_loaded;
}

bool server_tls_load_early(struct server *server)
{
	if (server->conf->path || !has_tls(server))
		return true;
	server->tickets = tls_tickets_create();
	if (server->tickets)
		server->early_set = load_set(server, &server->conf->listeners[0]);
	else
		log_error("TLS: out of memory or randomness");
	return server->early_set != NULL;
}

// All listeners, so that all mistakes show at once.
bool server_tls_start(struct server *server)
{
	bool is_good = true;
	if (!has_tls(server))
		return true;
	if (!prepare(server)) {
		log_error("TLS: out of memory, descriptors or randomness");
		return false;
	}
	for (size_t i = 0; i < server->conf->listener_count; i++) {
		const struct conf_listener *listener = &server->conf->listeners[i];
		if (!listener->has_tls)
			continue;
		// Watched first: a change while it is loaded leads to a second look.
		if (!watch_files(server, &listener->tls)) {
			log_error("TLS: out of memory");
			return false;
		}
		is_good &= load(server, i);
	}
	return is_good;
}

void server_tls_reload(struct server *server)
{
	for (size_t i = 0; i < server->conf->listener_count; i++) {
		const struct conf_listener *listener = &server->conf->listeners[i];
		if (!listener->has_tls || listener->tls.is_self_signed)
			continue;
		if (!load(server, i))
			log_error("%s: the certificates that were loaded before go on",
				listener->name);
	}
}

void server_tls_stop(struct server *server)
{
	file_watch_destroy(server->certificate_watch);
	if (server->tickets)
		loop_timer_finish(&server->tickets_timer);
	tls_set_unref(server->early_set);
	tls_tickets_unref(server->tickets);
}
