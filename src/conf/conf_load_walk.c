// SPDX-License-Identifier: MIT
// Walks the tree along the schema: finds unknown and missing keys, makes room for items,
// and has each plain value loaded.
#include "conf_load_priv.h"

#include <inttypes.h>
#include <string.h>

#include "wherry/conf/conf_suggest.h"

enum {
	DEFAULT_ITEMS_MAX = 4
};

static void load_mapping(struct conf_load *load, const char *path,
	struct conf_yaml_node *node, void *item);

static const struct conf_schema_key *find_key(const char *path, struct str name)
{
	const struct conf_schema_key *key = NULL;
	while ((key = conf_schema_next(path, key)) != NULL) {
		if (str_equal(name, str_from(conf_schema_leaf(key))))
			return key;
	}
	return NULL;
}

static void refuse_key(
	struct conf_load *load, const char *path, const struct conf_yaml_node *node)
{
	struct buf known = BUF_INIT;
	struct conf_suggest suggest;
	conf_suggest_init(&suggest, node->key);
	const struct conf_schema_key *key = NULL;
	while ((key = conf_schema_next(path, key)) != NULL) {
		conf_suggest_offer(&suggest, str_from(conf_schema_leaf(key)));
		buf_printf(&known, "%s%s", known.length > 0 ? ", " : "one of ",
			conf_schema_leaf(key));
	}
	buf_append(&known, "", 1); // terminates it
	if (suggest.nearest.length > 0)
		conf_diag_add(load->diag, node->key_at, NULL, NULL,
			"unknown key \"%.64s\", did you mean \"%.*s\"?", node->key.data,
			STR_ARG(suggest.nearest));
	else
		conf_diag_add(load->diag, node->key_at,
			known.is_failed ? NULL : known.data, NULL,
			"unknown key \"%.64s\"", node->key.data);
	buf_finish(&known);
}

static void copy_default(
	struct conf_load *load, const struct conf_schema_key *key, void *item)
{
	const struct conf_schema_key *from = conf_schema_find(key->default_from);
	memcpy(conf_load_field(item, key->field),
		conf_load_field(load->conf, from->field), key->field.size);
}

// Defaults go the way of what is written, so that both are read by the same rules.
static void load_default(
	struct conf_load *load, const struct conf_schema_key *key, void *item)
{
	struct conf_yaml_node node = {.text = str_from(key->default_text)};
	struct conf_yaml_node items[DEFAULT_ITEMS_MAX] = {0};
	if (key->type == CONF_SCHEMA_NETWORKS || key->type == CONF_SCHEMA_RESOLVERS ||
		key->type == CONF_SCHEMA_TOKEN_PLACES) {
		struct str rest = node.text;
		node.kind = CONF_YAML_SEQUENCE;
		while (node.count < DEFAULT_ITEMS_MAX &&
			str_next_item(&rest, &items[node.count].text)) {
			if (node.count > 0)
				items[node.count - 1].next = &items[node.count];
			node.count++;
		}
		node.first = node.count > 0 ? items : NULL;
	}
	conf_load_value(load, key, &node, item);
}

static void load_plain(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	if (node)
		conf_load_value(load, key, node, item);
	else if (key->default_from)
		copy_default(load, key, item);
	else if (key->default_text)
		load_default(load, key, item);
}

static bool is_mapping(
	struct conf_load *load, const char *path, const struct conf_yaml_node *node)
{
	char found[CONF_YAML_TEXT_SIZE];
	if (node->kind == CONF_YAML_INVALID)
		return false;
	if (node->kind == CONF_YAML_MAPPING)
		return true;
	conf_diag_add(load->diag, node->at, "a mapping", conf_yaml_describe(node, found),
		"%s: bad value", path);
	return false;
}

// A plain text stands for a mapping with one key, where the schema says so.
static void load_item(struct conf_load *load, const struct conf_schema_key *key,
	struct conf_yaml_node *node, void *item)
{
	bool is_short =
		key->short_key && node->kind == CONF_YAML_SCALAR && !node->is_null;
	if (!is_short) {
		if (is_mapping(load, key->items, node))
			load_mapping(load, key->items, node, item);
		return;
	}
	struct conf_yaml_node value = *node;
	value.next = NULL;
	value.key = str_from(key->short_key);
	struct conf_yaml_node mapping = {
		.kind = CONF_YAML_MAPPING, .at = node->at, .first = &value, .count = 1};
	load_mapping(load, key->items, &mapping, item);
}

// NULL if there is nothing to load, or no memory for it.
static char *make_items(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	if (node->count < key->min)
		conf_diag_add(load->diag, node->at, "at least one item", NULL,
			"%s: empty list", key->path);
	if (node->count > key->max) {
		conf_diag_add(load->diag, node->at, NULL, NULL,
			"%s: more than %" PRIu64 " items", key->path, key->max);
		return NULL;
	}
	char *items = conf_arena_alloc(load->memory, node->count, key->item_size);
	if (!items)
		return NULL;
	memcpy(conf_load_field(item, key->field), &items, sizeof(items));
	memcpy(conf_load_field(item, key->extra), &node->count, sizeof(node->count));
	return items;
}

// The name is kept even if it is refused, so that who uses it is not refused, too.
static void load_name(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	struct conf_schema_key name_key = {.path = key->items, .type = CONF_SCHEMA_NAME};
	struct conf_yaml_node name = {.text = node->key, .at = node->key_at};
	const char *copy = conf_arena_copy(load->memory, node->key);
	memcpy(item, &copy, sizeof(copy));
	conf_load_value(load, &name_key, &name, item);
}

static void load_items(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	bool is_named = key->type == CONF_SCHEMA_NAMED;
	if (!conf_load_value_is(
		    load, key, node, is_named ? CONF_YAML_MAPPING : CONF_YAML_SEQUENCE))
		return;
	char *items = make_items(load, key, node, item);
	if (!items)
		return;
	for (struct conf_yaml_node *each = node->first; each; each = each->next) {
		if (is_named)
			load_name(load, key, each, items);
		load_item(load, key, each, items);
		items += key->item_size;
	}
}

// Also without a node, for the defaults inside. A mapping whose keys are all commented
// out is null to YAML, and as good as empty.
static void load_inner(struct conf_load *load, const struct conf_schema_key *key,
	struct conf_yaml_node *node, void *item)
{
	bool is_there = node != NULL;
	if (is_there && key->field.size != CONF_SCHEMA_NO_FIELD)
		memcpy(conf_load_field(item, key->field), &is_there, sizeof(is_there));
	if (is_there && !node->is_null && !is_mapping(load, key->path, node))
		return;
	load_mapping(load, key->path, node, item);
}

static void report_missing(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *parent)
{
	char expected[CONF_SCHEMA_TEXT_SIZE];
	conf_diag_add(load->diag, parent->at, conf_schema_expected(key, expected),
		"nothing", "%s: missing", key->path);
}

static void load_key(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *parent, void *item)
{
	struct conf_yaml_node *node = conf_yaml_find(parent, conf_schema_leaf(key));
	if (load->memory->is_failed)
		return;
	if (key->type == CONF_SCHEMA_MAPPING)
		load_inner(load, key, node, item);
	else if (!node && key->is_required && parent)
		report_missing(load, key, parent);
	else if (node &&
		 (key->type == CONF_SCHEMA_LIST || key->type == CONF_SCHEMA_NAMED))
		load_items(load, key, node, item);
	else
		load_plain(load, key, node, item);
}

// node is NULL if nothing was written: then only defaults are loaded.
static void load_mapping(
	struct conf_load *load, const char *path, struct conf_yaml_node *node, void *item)
{
	size_t count_before = load->diag->count;
	struct conf_yaml_node *child = node ? node->first : NULL;
	for (; child; child = child->next) {
		if (!find_key(path, child->key))
			refuse_key(load, path, child);
	}
	const struct conf_schema_key *key = NULL;
	while ((key = conf_schema_next(path, key)) != NULL)
		load_key(load, key, node, item);
	if (node && load->diag->count != count_before)
		node->has_mistake = true;
}

void conf_load_walk_defaults(struct conf_load *load, const char *path, void *item)
{
	load_mapping(load, path, NULL, item);
}

void conf_load_walk(struct conf_load *load, struct conf_yaml_node *root)
{
	if (is_mapping(load, "configuration", root))
		load_mapping(load, "", root, load->conf);
}
