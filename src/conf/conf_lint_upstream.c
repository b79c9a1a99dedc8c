// SPDX-License-Identifier: MIT
// What of groups of servers is hardly meant.
#include "conf_lint_priv.h"

static bool has_equal_weights(const struct conf_upstream *upstream)
{
	for (size_t i = 1; i < upstream->server_count; i++) {
		if (upstream->servers[i].weight != upstream->servers[0].weight)
			return false;
	}
	return true;
}

static void lint_weights(const struct conf_upstream *upstream,
	const struct conf_yaml_node *node, struct conf_diag *warnings)
{
	const struct conf_yaml_node *server = conf_yaml_first(node, "servers");
	if (!has_equal_weights(upstream) || upstream->servers[0].weight == 1)
		return;
	for (; server; server = server->next) {
		const struct conf_yaml_node *weight = conf_yaml_find(server, "weight");
		if (!weight)
			continue;
		conf_diag_add(warnings, weight->at, "weights that differ", NULL,
			"upstreams.NAME.servers[].weight: has no effect where all are "
			"the same");
		return;
	}
}

static bool is_same_server(const struct url *a, const struct url *b)
{
	return a->scheme == b->scheme && a->port == b->port &&
	       str_equal_nocase(a->host, b->host);
}

// It gets a double share, and health and limits count it as one.
static void lint_doubles(const struct conf_upstream *upstream,
	const struct conf_yaml_node *node, struct conf_diag *warnings)
{
	const struct conf_yaml_node *server = conf_yaml_first(node, "servers");
	for (size_t i = 0; i < upstream->server_count && server;
		i++, server = server->next) {
		for (size_t j = 0; j < i; j++) {
			if (!is_same_server(
				    &upstream->servers[i].url, &upstream->servers[j].url))
				continue;
			conf_diag_add(warnings, server->at, "each server once", NULL,
				"upstreams.NAME.servers[]: %s is the same as "
				"servers[%zu]",
				upstream->servers[i].text, j);
			break;
		}
	}
}

static void lint_verify(const struct conf_upstream *upstream,
	const struct conf_yaml_node *node, struct conf_diag *warnings)
{
	const struct conf_yaml_node *verify =
		conf_yaml_find(conf_yaml_find(node, "tls"), "verify");
	if (verify && upstream->tls.skips_check)
		conf_diag_add(warnings, verify->at, "true, with the authority in tls.ca",
			"false",
			"upstreams.NAME.tls.verify: who sits between can read and change "
			"everything");
}

void conf_lint_upstreams(const struct conf *conf, const struct conf_yaml_node *nodes,
	struct conf_diag *warnings)
{
	const struct conf_yaml_node *node = nodes;
	for (size_t i = 0; i < conf->upstream_count && node; i++, node = node->next) {
		lint_weights(&conf->upstreams[i], node, warnings);
		lint_doubles(&conf->upstreams[i], node, warnings);
		lint_verify(&conf->upstreams[i], node, warnings);
	}
}
