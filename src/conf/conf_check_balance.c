// SPDX-License-Identifier: MIT
// Rules across the keys of a group about how its servers are chosen.
#include "conf_check_balance_priv.h"

static bool has_maximum(const struct conf_upstream *upstream)
{
	for (size_t i = 0; i < upstream->server_count; i++) {
		if (upstream->servers[i].max_connections != CONF_OFF)
			return true;
	}
	return false;
}

static bool has_primary(const struct conf_upstream *upstream)
{
	for (size_t i = 0; i < upstream->server_count; i++) {
		if (!upstream->servers[i].is_backup)
			return true;
	}
	return false;
}

static void check_group(const struct conf_upstream *upstream,
	const struct conf_yaml_node *node, struct conf_diag *diag)
{
	const struct conf_yaml_node *sticky = conf_yaml_find(node, "sticky");
	const struct conf_yaml_node *queue = conf_yaml_find(node, "queue");
	if (sticky && upstream->balance != CONF_BALANCE_STICKY)
		conf_diag_add(diag, sticky->key_at, "balance: sticky", NULL,
			"upstreams.NAME.sticky: has no effect without it");
	if (queue && !has_maximum(upstream))
		conf_diag_add(diag, queue->key_at, "a server with max_connections", NULL,
			"upstreams.NAME.queue: nobody would ever wait");
	if (upstream->server_count > 0 && !has_primary(upstream))
		conf_diag_add(diag, node->key_at, "a server that is none", NULL,
			"upstreams.NAME.servers: all are backup");
}

void conf_check_balance_all(const struct conf *conf, const struct conf_yaml_node *first,
	struct conf_diag *diag)
{
	const struct conf_yaml_node *node = first;
	// Auth services have no node.
	for (size_t i = 0; node && i < conf->upstream_count; i++, node = node->next) {
		if (node->kind == CONF_YAML_MAPPING && !node->has_mistake)
			check_group(&conf->upstreams[i], node, diag);
	}
}
