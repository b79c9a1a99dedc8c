// SPDX-License-Identifier: MIT
// Where the servers are: literal addresses at once, names as the resolver answers.
#include <stdlib.h>

#include "server_priv.h"
#include "wherry/base/log.h"
#include "wherry/base/now.h"

static void tell_workers(struct server *server, size_t server_index,
	const struct addr *addresses, size_t count)
{
	for (size_t i = 0; i < server->worker_count; i++) {
		if (!worker_set_addresses(
			    server->workers[i], server_index, addresses, count))
			log_error("no memory to tell worker %zu of an address", i);
	}
}

static void stop_waiting(void *arg)
{
	struct server *server = arg;
	loop_timer_clear(&server->names_timer);
	server->names_waited_for = 0;
	server_start_workers(server);
}

static const struct upstream_server *find_server(struct server *server, size_t index)
{
	for (size_t i = 0; i < server->snapshot->upstreams->upstream_count; i++) {
		struct upstream *group = &server->snapshot->upstreams->upstreams[i];
		if (index >= group->servers[0].index &&
			index < group->servers[0].index + group->server_count)
			return &group->servers[index - group->servers[0].index];
	}
	return NULL;
}

static void on_answer(
	void *arg, const struct addr *addresses, size_t count, const char *error)
{
	struct server_name *name = arg;
	struct server *server = name->server;
	const char *text = find_server(server, name->server_index)->conf->text;
	char first[ADDR_TEXT_SIZE] = "";
	if (count == 0)
		log_warn("%s: its name has no address: %s", text, error);
	else
		log_info("%s is at %s%s", text, addr_format(&addresses[0], first),
			count > 1 ? " and others" : "");
	tell_workers(server, name->server_index, addresses, count);
	bool is_first = !name->is_answered;
	name->is_answered = true;
	if (is_first && server->names_waited_for > 0 && --server->names_waited_for == 0)
		stop_waiting(server);
}

// A literal is told at once; a name is followed.
static bool place(struct server *server, const struct upstream_server *one)
{
	const struct url *url = &one->conf->url;
	struct addr address;
	bool is_literal = url->scheme == URL_UNIX
				  ? addr_parse(str_from(one->conf->text), &address)
				  : addr_parse_ip(url->host, url->port, &address);
	if (is_literal) {
		tell_workers(server, one->index, &address, 1);
		return true;
	}
	struct server_name *name = &server->names[one->index];
	*name = (struct server_name){.server = server, .server_index = one->index};
	server->names_waited_for++;
	return resolver_follow(server->resolver, url->host, url->port, on_answer, name);
}

bool server_names_start(struct server *server)
{
	const struct conf_resolver *conf = &server->conf->resolver;
	struct resolver_options options = {
		.servers = conf->servers,
		.timeout_ms = conf->timeout_ms,
		.max_ttl_ms = conf->max_ttl_ms,
	};
	loop_timer_init(&server->names_timer, server->loop, stop_waiting, server);
	server->resolver = resolver_create(server->loop, &options);
	server->names =
		calloc(server->snapshot->upstreams->server_count, sizeof(*server->names));
	if (!server->resolver || !server->names)
		return false;
	for (size_t i = 0; i < server->snapshot->upstreams->upstream_count; i++) {
		struct upstream *group = &server->snapshot->upstreams->upstreams[i];
		for (size_t j = 0; j < group->server_count; j++) {
			if (!place(server, &group->servers[j]))
				return false;
		}
	}
	if (server->names_waited_for == 0)
		server_start_workers(server);
	else
		loop_timer_set(&server->names_timer, now_ms() + conf->timeout_ms);
	return true;
}
