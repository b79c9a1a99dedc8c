// SPDX-License-Identifier: MIT
// Loads sets of statuses.
#include "conf_load_priv.h"

static void load_one(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, struct conf_statuses *statuses)
{
	char expected[CONF_SCHEMA_TEXT_SIZE];
	const char *form = conf_schema_expected(key, expected);
	if (conf_load_value_is_item(load, key, node, form) &&
		!conf_statuses_add(statuses, node->text))
		conf_load_value_refuse_item(load, key, node, form, "bad status");
}

void conf_load_statuses(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	struct conf_statuses *statuses = conf_load_field(item, key->field);
	if (node->kind != CONF_YAML_SEQUENCE) {
		load_one(load, key, node, statuses);
		return;
	}
	if (node->count == 0)
		conf_load_value_refuse(load, key, node, "empty list");
	for (const struct conf_yaml_node *each = node->first; each; each = each->next)
		load_one(load, key, each, statuses);
}
