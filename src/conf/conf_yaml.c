// SPDX-License-Identifier: MIT
// Owns the tree and answers questions about it.
#include "wherry/conf/conf_yaml.h"

#include <stdio.h>
#include <stdlib.h>

#include "conf_yaml_build_priv.h"
#include "conf_yaml_read_priv.h"

struct conf_yaml *conf_yaml_parse(
	const char *name, struct str text, struct conf_diag *diag)
{
	if (text.length > CONF_YAML_MAX_BYTES) {
		conf_diag_add(diag, (struct conf_position){.file = name}, "at most 1MiB",
			NULL, "the file is too long");
		return NULL;
	}
	struct conf_yaml *yaml = calloc(1, sizeof(*yaml));
	if (!yaml) {
		conf_diag_set_out_of_memory(diag, name);
		return NULL;
	}
	if (conf_yaml_read(yaml, name, text, diag))
		return yaml;
	if (yaml->memory.is_failed)
		conf_diag_set_out_of_memory(diag, name);
	conf_yaml_destroy(yaml);
	return NULL;
}

void conf_yaml_destroy(struct conf_yaml *yaml)
{
	if (!yaml)
		return;
	conf_arena_finish(&yaml->memory);
	free(yaml);
}

struct conf_yaml_node *conf_yaml_root(struct conf_yaml *yaml)
{
	return yaml->root;
}

struct conf_yaml_node *conf_yaml_find(
	const struct conf_yaml_node *mapping, const char *key)
{
	if (!mapping || mapping->kind != CONF_YAML_MAPPING)
		return NULL;
	for (struct conf_yaml_node *node = mapping->first; node; node = node->next) {
		if (str_equal(node->key, str_from(key)))
			return node;
	}
	return NULL;
}

const struct conf_yaml_node *conf_yaml_first(
	const struct conf_yaml_node *mapping, const char *key)
{
	const struct conf_yaml_node *list = conf_yaml_find(mapping, key);
	return list ? list->first : NULL;
}

// Cuts before a character, not inside one.
static int cut_length(struct str text, size_t max)
{
	if (text.length <= max)
		return (int)text.length;
	while (max > 0 && ((unsigned char)text.data[max] & 0xc0) == 0x80)
		max--;
	return (int)max;
}

const char *conf_yaml_describe(
	const struct conf_yaml_node *node, char text[CONF_YAML_TEXT_SIZE])
{
	switch (node->kind) {
	case CONF_YAML_SEQUENCE:
		return "a list";
	case CONF_YAML_MAPPING:
		return "a mapping";
	case CONF_YAML_INVALID:
		return "nothing of use";
	case CONF_YAML_SCALAR:
		break;
	}
	if (node->is_null)
		return "nothing";
	int length = cut_length(node->text, CONF_YAML_TEXT_SIZE - sizeof("\"...\""));
	(void)snprintf(text, CONF_YAML_TEXT_SIZE, "\"%.*s%s\"", length, node->text.data,
		(size_t)length < node->text.length ? "..." : "");
	return text;
}
