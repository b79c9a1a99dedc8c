// SPDX-License-Identifier: MIT
// Certificates: loaded at the start, on SIGHUP, and when their files change; and the keys
// of session tickets, which outlive all of that.
#include <stdlib.h>

#include "server_priv.h"
#include "wherry/base/log.h"
#include "wherry/base/now.h"

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

static struct tls_set *load_set(struct server *server,
	const struct conf_listener *listener, struct buf *ret_errors)
{
	struct buf text = BUF_INIT;
	struct tls_set *set = tls_set_load(listener, server->tickets, &text);
	if (set)
		server_log_lines(buf_str(&text), false);
	else
		buf_append_str(ret_errors, buf_str(&text));
	buf_finish(&text);
	return set;
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

// Each listener for itself.
static void keep_former(struct server *server, struct tls_set **sets)
{
	for (size_t i = 0; i < server->conf->listener_count; i++) {
		struct tls_set *former = server->snapshot->tls[i];
		if (sets[i] || !former)
			continue;
		log_error("%s: the certificates that were loaded before go on",
			server->conf->listeners[i].name);
		sets[i] = tls_set_ref(former);
	}
}

// Loads all again: what is wrong leaves the old one serving.
static void reload(struct server *server)
{
	struct snapshot *now = server->snapshot;
	size_t count = server->conf->listener_count;
	struct tls_set **sets = calloc(count + 1, sizeof(struct tls_set *));
	struct buf errors = BUF_INIT;
	if (sets && !server_tls_load(server, server->conf, sets, &errors)) {
		server_log_lines(buf_str(&errors), true);
		keep_former(server, sets);
	}
	buf_finish(&errors);
	if (!sets || !server_publish(server, now->rules, now->upstreams, sets, NULL))
		log_error("no memory for new certificates; the old ones stay");
	for (size_t i = 0; sets && i < count; i++)
		tls_set_unref(sets[i]);
	free(sets);
}

static void on_change(void *arg)
{
	struct server *server = arg;
	if (server->is_draining)
		return;
	log_info("files of certificates have changed");
	reload(server);
}

// Also when nobody asks for a ticket, so that keys are forgotten in time.
static void rotate(void *arg)
{
	struct server *server = arg;
	tls_tickets_rotate_if_due(server->tickets, now_ms());
	loop_timer_set(&server->tickets_timer, now_ms() + TLS_TICKETS_ROTATE_MS);
}

static bool has_tls(const struct conf *conf)
{
	for (size_t i = 0; i < conf->listener_count; i++) {
		if (conf->listeners[i].has_tls)
			return true;
	}
	return false;
}

static bool prepare(struct server *server)
{
	if (server->certificate_watch)
		return true;
	loop_timer_init(&server->tickets_timer, server->loop, rotate, server);
	if (!server->tickets)
		server->tickets = tls_tickets_create();
	server->certificate_watch = file_watch_create(server->loop, on_change, server);
	if (!server->tickets || !server->certificate_watch)
		return false;
	loop_timer_set(&server->tickets_timer, now_ms() + TLS_TICKETS_ROTATE_MS);
	return true;
}

bool server_tls_load_early(struct server *server)
{
	if (server->conf->path || !has_tls(server->conf))
		return true;
	struct buf errors = BUF_INIT;
	server->tickets = tls_tickets_create();
	if (server->tickets)
		server->early_set =
			load_set(server, &server->conf->listeners[0], &errors);
	else
		buf_append_str(&errors, STR("TLS: out of memory or randomness\n"));
	server_log_lines(buf_str(&errors), true);
	buf_finish(&errors);
	return server->early_set != NULL;
}

// What the listener of this address has now; NULL if there is none, or it is plain.
static struct tls_set *find_set(
	const struct server *server, const struct conf_listener *listener)
{
	for (size_t i = 0; server->snapshot && i < server->conf->listener_count; i++) {
		if (addr_equal(&server->conf->listeners[i].address, &listener->address))
			return server->snapshot->tls[i];
	}
	return NULL;
}

static struct tls_set *load(struct server *server, const struct conf_listener *listener,
	struct buf *ret_errors)
{
	struct tls_set *set = server->early_set;
	struct tls_set *former = find_set(server, listener);
	server->early_set = NULL;
	// A certificate of our own making is the listener's for good.
	if (!set && former && listener->tls.is_self_signed)
		return tls_set_ref(former);
	// Watched first: a change while it is loaded leads to a second look.
	if (!watch_files(server, &listener->tls)) {
		buf_append_str(ret_errors, STR("TLS: out of memory\n"));
		return NULL;
	}
	if (!set)
		set = load_set(server, listener, ret_errors);
	if (set)
		log_loaded(listener, set);
	return set;
}

// All listeners, so that all mistakes show at once.
bool server_tls_load(struct server *server, const struct conf *conf,
	struct tls_set **ret_sets, struct buf *ret_errors)
{
	bool is_good = true;
	if (has_tls(conf) && !prepare(server)) {
		buf_append_str(ret_errors,
			STR("TLS: out of memory, descriptors or randomness\n"));
		return false;
	}
	for (size_t i = 0; i < conf->listener_count; i++) {
		if (!conf->listeners[i].has_tls)
			continue;
		ret_sets[i] = load(server, &conf->listeners[i], ret_errors);
		is_good &= ret_sets[i] != NULL;
	}
	return is_good;
}

void server_tls_stop(struct server *server)
{
	file_watch_destroy(server->certificate_watch);
	if (server->tickets)
		loop_timer_finish(&server->tickets_timer);
	tls_set_unref(server->early_set);
	tls_tickets_unref(server->tickets);
}
