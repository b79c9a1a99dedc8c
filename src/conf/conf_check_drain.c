// SPDX-License-Identifier: MIT
// What of drains and rebalancing does not fit together.
#include "conf_check_drain_priv.h"

#include <stdio.h>

#include "wherry/conf/conf_value.h"

// A window that is longer than the timeout would cut who has not been told to close. It
// is one mistake where it is written, not one more in each mapping that inherits it.
static void check_pace(const struct conf_drain_pace *pace,
	const struct conf_yaml_node *node, const char *path, struct conf_diag *diag)
{
	char expected[CONF_VALUE_TEXT_SIZE + 8], found[CONF_VALUE_TEXT_SIZE];
	char timeout[CONF_VALUE_TEXT_SIZE];
	const struct conf_yaml_node *key = conf_yaml_find(node, "window");
	key = key ? key : conf_yaml_find(node, "timeout");
	if (!key || node->has_mistake || pace->window_ms <= pace->timeout_ms)
		return;
	(void)snprintf(expected, sizeof(expected), "at most %s",
		conf_value_format_duration(pace->timeout_ms, timeout));
	conf_diag_add(diag, key->at, expected,
		conf_value_format_duration(pace->window_ms, found),
		"%s: window longer than the timeout", path);
}

static void check_rebalance(const struct conf_upstream *group,
	const struct conf_yaml_node *node, struct conf_diag *diag)
{
	const struct conf_yaml_node *settle =
		conf_yaml_find(conf_yaml_find(node, "rebalance"), "settle");
	if (settle && group->rebalance.after == CONF_REBALANCE_OFF)
		conf_diag_add(diag, settle->key_at, NULL, NULL,
			"upstreams.NAME.rebalance.settle: has no effect without after");
}

void conf_check_drain_all(const struct conf *conf, const struct conf_yaml_node *root,
	struct conf_diag *diag)
{
	const struct conf_yaml_node *drain = conf_yaml_find(root, "drain");
	check_pace(&conf->drain.common, drain, "drain", diag);
	check_pace(&conf->drain.reload, conf_yaml_find(drain, "reload"), "drain.reload",
		diag);
	check_pace(&conf->drain.shutdown, conf_yaml_find(drain, "shutdown"),
		"drain.shutdown", diag);
	check_pace(&conf->drain.server, conf_yaml_find(drain, "server"), "drain.server",
		diag);
	const struct conf_yaml_node *node = conf_yaml_first(root, "upstreams");
	for (size_t i = 0; node && i < conf->upstream_count; i++, node = node->next) {
		if (!node->has_mistake)
			check_rebalance(&conf->upstreams[i], node, diag);
	}
}
