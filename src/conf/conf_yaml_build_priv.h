// SPDX-License-Identifier: MIT
// Puts the tree together from its pieces in the order of the text, within the limits. It
// knows nothing of libyaml. False always means: stop reading; then diag has the reason,
// or the arena has failed.
#pragma once

#include "conf_arena_priv.h"

#include "wherry/conf/conf_yaml.h"

struct conf_yaml {
	struct conf_arena memory;
	struct conf_yaml_node *root;
};

// A collection whose end has not been read yet.
struct conf_yaml_level {
	struct conf_yaml_node *node;
	struct conf_yaml_node **tail;
	struct map *keys; // of a mapping: key to the line of its first occurrence
	bool has_key;     // what comes next is its value
	bool is_duplicate;
	struct str key;
	struct conf_position key_at;
};

struct conf_yaml_build {
	struct conf_yaml *yaml;
	struct conf_diag *diag;
	struct conf_yaml_level levels[CONF_YAML_MAX_DEPTH];
	size_t depth;
	size_t node_count;
};

// A key, if one is due, else a value.
MUST_CHECK bool conf_yaml_build_scalar(struct conf_yaml_build *build,
	struct conf_position at, struct str text, bool is_plain);
// A value that was refused.
MUST_CHECK bool conf_yaml_build_invalid(
	struct conf_yaml_build *build, struct conf_position at);
MUST_CHECK bool conf_yaml_build_open(
	struct conf_yaml_build *build, struct conf_position at, enum conf_yaml_kind kind);
void conf_yaml_build_close(struct conf_yaml_build *build);
