// SPDX-License-Identifier: MIT
// Where the servers are: a new snapshot whenever a name leads elsewhere.
#include "server_priv.h"
#include "wherry/base/log.h"
#include "wherry/base/now.h"

enum {
	REBUILD_MS = 100 // between two of them: each has all connections looked at
};

static void stop_waiting(void *arg)
{
	struct server *server = arg;
	loop_timer_clear(&server->names_timer);
	server->is_waiting_for_names = false;
	server_start_workers(server);
}

static void rebuild(void *arg)
{
	struct server *server = arg;
	struct buf text = BUF_INIT;
	server->names_rebuilt_ms = now_ms();
	if (!server_names_publish(server, &text))
		server_log_lines(buf_str(&text), true);
	buf_finish(&text);
	if (server->is_waiting_for_names && names_unanswered(server->names) == 0)
		stop_waiting(server);
	server_reload_names_changed(server);
}

// Not at once, since several may be answered in one turn.
static void on_change(void *arg)
{
	struct server *server = arg;
	uint64_t now = now_ms(), next = server->names_rebuilt_ms + REBUILD_MS;
	if (server->rebuild_timer.at_ms == 0)
		loop_timer_set(&server->rebuild_timer, next > now ? next : now);
}

bool server_names_publish(struct server *server, struct buf *reterr_text)
{
	const struct snapshot *now = server->snapshot;
	struct upstream_set *set = directory_build(
		server->directory, now->rules->conf, now->upstreams, reterr_text);
	bool is_published =
		set && server_publish(server, now->rules, set, now->tls, NULL);
	if (set && !is_published)
		buf_append_str(reterr_text, STR("out of memory for a snapshot\n"));
	upstream_set_unref(set);
	return is_published;
}

bool server_names_create(struct server *server)
{
	loop_timer_init(&server->names_timer, server->loop, stop_waiting, server);
	loop_timer_init(&server->rebuild_timer, server->loop, rebuild, server);
	server->names = names_create(server->loop, on_change, server);
	if (server->names)
		server->directory = directory_create(server->names);
	return server->directory != NULL;
}

bool server_names_start(struct server *server)
{
	const struct conf_resolver *conf = &server->conf->resolver;
	if (!names_configure(server->names, conf) ||
		!directory_follow(server->directory, server->conf))
		return false;
	if (names_unanswered(server->names) == 0) {
		server_start_workers(server);
		return true;
	}
	server->is_waiting_for_names = true;
	loop_timer_set(&server->names_timer, now_ms() + conf->timeout_ms);
	return true;
}

void server_names_stop(struct server *server)
{
	loop_timer_finish(&server->names_timer);
	loop_timer_finish(&server->rebuild_timer);
	names_stop(server->names);
}

void server_names_finish(struct server *server)
{
	directory_destroy(server->directory);
	names_destroy(server->names);
}
