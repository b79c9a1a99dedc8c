// SPDX-License-Identifier: MIT
// Writes what a tree says; see the header. Every value stands with its length, so that no
// text can look like another one's structure.
#include "conf_canonical_priv.h"

#include "wherry/conf/conf_schema.h"

static void write_mapping(
	struct buf *out, const char *path, const struct conf_yaml_node *node);

static void write_text(struct buf *out, struct str text)
{
	buf_printf(out, "%zu:", text.length);
	buf_append_str(out, text);
}

// A value of any shape, for keys whose insides the schema does not describe.
static void write_value(struct buf *out, const struct conf_yaml_node *node)
{
	if (node->kind != CONF_YAML_SEQUENCE && node->kind != CONF_YAML_MAPPING) {
		write_text(out, node->text);
		return;
	}
	buf_append_str(out, STR("("));
	for (const struct conf_yaml_node *each = node->first; each; each = each->next) {
		write_text(out, each->key);
		write_value(out, each);
	}
	buf_append_str(out, STR(")"));
}

static void write_default(struct buf *out, const struct conf_schema_key *key)
{
	struct str rest = str_from(key->default_text), item;
	if (!conf_schema_is_list(key->type)) {
		write_text(out, rest);
		return;
	}
	buf_append_str(out, STR("("));
	while (str_next_item(&rest, &item)) {
		write_text(out, STR(""));
		write_text(out, item);
	}
	buf_append_str(out, STR(")"));
}

static void write_item(struct buf *out, const struct conf_schema_key *key,
	const struct conf_yaml_node *node)
{
	if (node->kind == CONF_YAML_MAPPING || !key->short_key) {
		write_mapping(out, key->items, node);
		return;
	}
	struct conf_yaml_node value = *node;
	value.next = NULL;
	value.key = str_from(key->short_key);
	struct conf_yaml_node mapping = {
		.kind = CONF_YAML_MAPPING, .first = &value, .count = 1};
	write_mapping(out, key->items, &mapping);
}

static void write_items(struct buf *out, const struct conf_schema_key *key,
	const struct conf_yaml_node *node)
{
	for (const struct conf_yaml_node *each = node->first; each; each = each->next) {
		write_text(out, each->key);
		write_item(out, key, each);
	}
}

static void write_key(struct buf *out, const struct conf_schema_key *key,
	const struct conf_yaml_node *node)
{
	// A block may say something by being there; others are as good as their defaults.
	bool is_telling = key->field.size != CONF_SCHEMA_NO_FIELD;
	if (!node && (key->type == CONF_SCHEMA_MAPPING ? is_telling : !key->default_text))
		return;
	write_text(out, str_from(conf_schema_leaf(key)));
	if (key->type == CONF_SCHEMA_MAPPING)
		write_mapping(out, key->path, node);
	else if (node && key->items)
		write_items(out, key, node);
	else if (node)
		write_value(out, node);
	else
		write_default(out, key);
}

static void write_mapping(
	struct buf *out, const char *path, const struct conf_yaml_node *node)
{
	const struct conf_schema_key *key = NULL;
	buf_append_str(out, STR("{"));
	while ((key = conf_schema_next(path, key)) != NULL)
		write_key(out, key, conf_yaml_find(node, conf_schema_leaf(key)));
	buf_append_str(out, STR("}"));
}

void conf_canonical_write(struct buf *out, const struct conf_yaml_node *root)
{
	write_mapping(out, "", root);
}
