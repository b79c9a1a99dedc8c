// SPDX-License-Identifier: MIT
// Servers of a configuration; see the header.
#include "server_set.h"

#include <criterion/criterion.h>

void server_set_rebuild(struct server_set *servers, struct conf *conf)
{
	struct buf text = BUF_INIT;
	if (conf) {
		conf_unref(servers->conf);
		servers->conf = conf;
	}
	struct upstream_set *set =
		directory_build(servers->directory, servers->conf, servers->set, &text);
	cr_assert_not_null(set, "%.*s", STR_ARG(buf_str(&text)));
	buf_finish(&text);
	upstream_set_unref(servers->set);
	servers->set = set;
}

void server_set_start(struct server_set *servers, struct conf *conf)
{
	*servers = (struct server_set){.names = names_create(NULL, NULL, NULL)};
	cr_assert_not_null(servers->names);
	servers->directory = directory_create(servers->names);
	cr_assert_not_null(servers->directory);
	server_set_rebuild(servers, conf);
}

void server_set_finish(struct server_set *servers)
{
	for (size_t i = 0; i < servers->set->upstream_count; i++) {
		const struct upstream *upstream = &servers->set->upstreams[i];

		for (size_t j = 0; j < upstream->member_count; j++)
			atomic_store(&upstream->members[j].server->active, 0);
	}
	upstream_set_unref(servers->set);
	directory_destroy(servers->directory);
	names_destroy(servers->names);
	conf_unref(servers->conf);
}

void server_set_place(struct server_set *servers, struct str host, uint16_t port,
	const struct addr *addresses, size_t count)
{
	cr_assert(names_set(servers->names, host, port, addresses, count));
	server_set_rebuild(servers, NULL);
}

struct upstream_server *server_set_get(
	const struct server_set *servers, size_t group, size_t index)
{
	cr_assert_lt(index, servers->set->upstreams[group].member_count);
	return servers->set->upstreams[group].members[index].server;
}
