// SPDX-License-Identifier: MIT
// The tree grows at the end of the innermost open collection, without recursion.
#include "conf_yaml_build_priv.h"

#include <stdio.h>
#include <string.h>

#include "wherry/base/map.h"

static void refuse(
	struct conf_yaml_build *build, struct conf_position at, const char *what)
{
	conf_diag_add(build->diag, at, NULL, NULL, "%s", what);
}

static bool fail_without_memory(struct conf_yaml_build *build)
{
	build->yaml->memory.is_failed = true;
	return false;
}

// The mapping that waits for a key now, or NULL.
static struct conf_yaml_level *level_without_key(struct conf_yaml_build *build)
{
	if (build->depth == 0)
		return NULL;
	struct conf_yaml_level *level = &build->levels[build->depth - 1];
	bool is_due = level->node->kind == CONF_YAML_MAPPING && !level->has_key;
	return is_due ? level : NULL;
}

// Keys count, too: they cost as much.
static bool count_node(struct conf_yaml_build *build, struct conf_position at)
{
	if (++build->node_count <= CONF_YAML_MAX_NODES)
		return true;
	refuse(build, at, "more than 100000 keys and values");
	return false;
}

// Places the node as the root, as the next element, or as the value of the pending key.
static void attach(struct conf_yaml_build *build, struct conf_yaml_node *node)
{
	if (build->depth == 0) {
		build->yaml->root = node;
		return;
	}
	struct conf_yaml_level *level = &build->levels[build->depth - 1];
	if (level->node->kind == CONF_YAML_MAPPING) {
		node->key = level->key;
		node->key_at = level->key_at;
		level->has_key = false;
		if (level->is_duplicate)
			return;
	}
	*level->tail = node;
	level->tail = &node->next;
	level->node->count++;
}

// NULL: stop reading.
static struct conf_yaml_node *add_value(
	struct conf_yaml_build *build, struct conf_position at, enum conf_yaml_kind kind)
{
	if (level_without_key(build)) {
		// Without a key of its own, what follows can't be told apart.
		refuse(build, at, "a key must be plain text");
		return NULL;
	}
	if (!count_node(build, at))
		return NULL;
	struct conf_yaml_node *node =
		conf_arena_alloc(&build->yaml->memory, 1, sizeof(*node));
	if (!node)
		return NULL;
	node->kind = kind;
	node->at = at;
	attach(build, node);
	return node;
}

static bool is_null_text(struct str text)
{
	return text.length == 0 || str_equal(text, STR("~")) ||
	       str_equal(text, STR("null"));
}

static void report_duplicate(struct conf_yaml_build *build,
	const struct conf_yaml_level *level, size_t first_line)
{
	char found[48];
	(void)snprintf(found, sizeof(found), "another in line %zu", first_line);
	conf_diag_add(build->diag, level->key_at, "one", found, "duplicate key \"%.64s\"",
		level->key.data);
	level->node->has_mistake = true;
}

static bool take_key(struct conf_yaml_build *build, struct conf_yaml_level *level,
	struct conf_position at, struct str text)
{
	if (!count_node(build, at))
		return false;
	level->key.data = conf_arena_copy(&build->yaml->memory, text);
	level->key.length = text.length;
	level->key_at = at;
	level->has_key = true;
	uintptr_t *line = map_put(level->keys, text.data, text.length);
	if (!line || !level->key.data)
		return fail_without_memory(build);
	level->is_duplicate = *line != 0;
	if (level->is_duplicate)
		report_duplicate(build, level, *line);
	else
		*line = at.line;
	return true;
}

bool conf_yaml_build_scalar(struct conf_yaml_build *build, struct conf_position at,
	struct str text, bool is_plain)
{
	if (memchr(text.data, '\0', text.length)) {
		refuse(build, at, "NUL character in a text");
		return conf_yaml_build_invalid(build, at);
	}
	struct conf_yaml_level *level = level_without_key(build);
	if (level)
		return take_key(build, level, at, text);
	struct conf_yaml_node *node = add_value(build, at, CONF_YAML_SCALAR);
	if (!node)
		return false;
	node->is_null = is_plain && is_null_text(text);
	node->text.data = conf_arena_copy(&build->yaml->memory, text);
	node->text.length = text.length;
	return node->text.data != NULL;
}

bool conf_yaml_build_invalid(struct conf_yaml_build *build, struct conf_position at)
{
	return add_value(build, at, CONF_YAML_INVALID) != NULL;
}

bool conf_yaml_build_open(
	struct conf_yaml_build *build, struct conf_position at, enum conf_yaml_kind kind)
{
	if (build->depth == CONF_YAML_MAX_DEPTH) {
		refuse(build, at, "nested deeper than 32 levels");
		return false;
	}
	struct conf_yaml_node *node = add_value(build, at, kind);
	if (!node)
		return false;
	struct map *keys = kind == CONF_YAML_MAPPING ? map_create() : NULL;
	if (kind == CONF_YAML_MAPPING && !keys)
		return fail_without_memory(build);
	build->levels[build->depth++] = (struct conf_yaml_level){
		.node = node, .tail = &node->first, .keys = keys};
	return true;
}

void conf_yaml_build_close(struct conf_yaml_build *build)
{
	map_destroy(build->levels[--build->depth].keys);
}
