// SPDX-License-Identifier: MIT
// Single entries of groups; see the header.
#include "wherry/conf/conf_server.h"

#include <string.h>

#include "conf_load_priv.h"
#include "conf_priv.h"

static const char servers_path[] = "upstreams.NAME.servers";
static const char item_path[] = "upstreams.NAME.servers[]";
static const char weight_path[] = "upstreams.NAME.servers[].weight";

bool conf_server_check_weight(uint64_t weight, struct buf *ret_error)
{
	const struct conf_schema_key *key = conf_schema_find(weight_path);
	char expected[CONF_SCHEMA_TEXT_SIZE];

	if (weight >= key->min && weight <= key->max)
		return true;
	buf_printf(ret_error, "bad weight %llu (expected %s)", (unsigned long long)weight,
		conf_schema_expected(key, expected));
	return false;
}

uint64_t conf_server_max_count(void)
{
	return conf_schema_find(servers_path)->max;
}

static bool fill(struct conf *conf, struct str url, uint64_t weight)
{
	struct conf_diag diag; // of what is never wrong: defaults
	struct conf_load load = {
		.conf = conf, .memory = conf_memory(conf), .diag = &diag};
	struct conf_upstream *group =
		conf_arena_alloc(load.memory, 1, sizeof(*conf->upstreams));
	struct conf_server *server =
		conf_arena_alloc(load.memory, 1, sizeof(*group->servers));
	const char *expected;

	if (!group || !server)
		return false;
	conf_diag_init(&diag);
	conf_load_walk_defaults(&load, item_path, server);
	conf_diag_finish(&diag);
	server->text = conf_arena_copy(load.memory, url);
	server->weight = (unsigned)weight;
	group->servers = server;
	group->server_count = 1;
	conf->upstreams = group;
	conf->upstream_count = 1;
	return !load.memory->is_failed &&
	       url_parse(str_from(server->text), &server->url, &expected);
}

struct conf *conf_server_create(struct str url, uint64_t weight, struct buf *ret_error)
{
	struct url parsed;
	const char *expected;

	if (!conf_server_check_weight(weight, ret_error))
		return NULL;
	if (!url_parse(url, &parsed, &expected)) {
		buf_printf(ret_error, "bad URL \"%.*s\" (expected %s)", STR_ARG(url),
			expected);
		return NULL;
	}
	struct conf *conf = conf_create();
	if (conf && fill(conf, url, weight))
		return conf;
	buf_append_str(ret_error, STR("out of memory"));
	conf_unref(conf);
	return NULL;
}

static bool has_same_labels(const struct conf_server *a, const struct conf_server *b)
{
	if (a->label_count != b->label_count)
		return false;
	for (size_t i = 0; i < a->label_count; i++) {
		if (strcmp(a->labels[i].name, b->labels[i].name) != 0 ||
			strcmp(a->labels[i].value, b->labels[i].value) != 0)
			return false;
	}
	return true;
}

bool conf_server_equal(const struct conf_server *a, const struct conf_server *b)
{
	if (!a || !b)
		return a == b;
	return strcmp(a->text, b->text) == 0 && a->weight == b->weight &&
	       a->max_connections == b->max_connections && a->is_backup == b->is_backup &&
	       a->is_down == b->is_down && has_same_labels(a, b);
}

bool conf_server_is_same_url(const struct url *a, const struct url *b)
{
	if (a->scheme != b->scheme || a->port != b->port)
		return false;
	return a->scheme == URL_UNIX ? str_equal(a->host, b->host)
				     : str_equal_nocase(a->host, b->host);
}
