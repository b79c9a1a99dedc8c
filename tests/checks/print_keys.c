// SPDX-License-Identifier: MIT
// For the check of configuration keys: without argument prints the table of keys, with a
// YAML file the path of every key that stands in it, in the table's spelling.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wherry/conf/conf_schema.h"
#include "wherry/conf/conf_schema_print.h"
#include "wherry/conf/conf_yaml.h"

enum {
	PATH_SIZE = 256
};

static bool has_free_names(const struct conf_schema_key *key)
{
	return key &&
	       (key->type == CONF_SCHEMA_FIELDS || key->type == CONF_SCHEMA_SET_FIELDS ||
		       key->type == CONF_SCHEMA_CLAIMS);
}

static void print_below(const struct conf_yaml_node *node, const char *path)
{
	const struct conf_schema_key *parent = conf_schema_find(path);
	if (has_free_names(parent))
		return;
	bool is_named = parent && parent->type == CONF_SCHEMA_NAMED;
	for (const struct conf_yaml_node *child = node->first; child;
		child = child->next) {
		char below[PATH_SIZE];
		if (node->kind == CONF_YAML_SEQUENCE) {
			(void)snprintf(below, sizeof(below), "%s[]", path);
		} else {
			(void)snprintf(below, sizeof(below), "%s%s%s", path,
				*path ? "." : "", is_named ? "NAME" : child->key.data);
			puts(below);
		}
		print_below(child, below);
	}
}

static bool print_file(const char *name)
{
	static char text[CONF_YAML_MAX_BYTES];
	FILE *file = fopen(name, "r");
	if (!file)
		return false;
	size_t length = fread(text, 1, sizeof(text), file);
	(void)fclose(file);

	struct conf_diag diag;
	conf_diag_init(&diag);
	struct conf_yaml *yaml = conf_yaml_parse(name, (struct str){text, length}, &diag);
	if (yaml)
		print_below(conf_yaml_root(yaml), "");
	bool is_fine = yaml && diag.count == 0;
	conf_yaml_destroy(yaml);
	conf_diag_finish(&diag);
	return is_fine;
}

static void print_table(void)
{
	struct buf table = {0};
	conf_schema_print_keys(&table);
	(void)fwrite(table.data, 1, table.length, stdout);
	buf_finish(&table);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return print_file(argv[1]) ? EXIT_SUCCESS : EXIT_FAILURE;
	print_table();
	return EXIT_SUCCESS;
}
