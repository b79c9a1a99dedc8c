// SPDX-License-Identifier: MIT
// A YAML document as an immutable tree with a position on every node. It knows the syntax
// only: which keys there may be is conf_schema's. Anchors, aliases and tags are refused:
// a configuration does not need them, and they can make a small file explode.
#pragma once

#include "wherry/conf/conf_diag.h"

enum {
	CONF_YAML_MAX_BYTES = 1024 * 1024,
	CONF_YAML_MAX_DEPTH = 32,
	CONF_YAML_MAX_NODES = 100000,
	CONF_YAML_TEXT_SIZE = 80 // longest conf_yaml_describe writes, with its NUL
};

enum conf_yaml_kind {
	CONF_YAML_SCALAR,
	CONF_YAML_SEQUENCE,
	CONF_YAML_MAPPING,
	CONF_YAML_INVALID // refused, and already diagnosed
};

struct conf_yaml_node {
	enum conf_yaml_kind kind;
	bool is_null;     // an unquoted empty scalar, "~" or "null"
	bool has_mistake; // set by whoever finds one inside, so that rules across keys do
			  // not build on it
	struct conf_position at;
	struct str text; // of a scalar; NUL-terminated, without other NULs
	struct str key;  // of a value in a mapping; NUL-terminated, without other NULs
	struct conf_position key_at;
	struct conf_yaml_node *first; // child
	struct conf_yaml_node *next;  // sibling
	size_t count;                 // of children
};

struct conf_yaml;

// NULL if the text can't be read to its end; diag then says why. With smaller mistakes
// (duplicate keys, aliases) the tree is still given, so that all mistakes show at once.
MUST_CHECK struct conf_yaml *conf_yaml_parse(
	const char *name, struct str text, struct conf_diag *diag);
void conf_yaml_destroy(struct conf_yaml *yaml);

// An empty text has an empty mapping as its root.
struct conf_yaml_node *conf_yaml_root(struct conf_yaml *yaml);

// The value of a key; NULL if it is absent, or if this is no mapping, or NULL.
struct conf_yaml_node *conf_yaml_find(
	const struct conf_yaml_node *mapping, const char *key);
// The first item of the list that is a key's value; NULL if there is none.
const struct conf_yaml_node *conf_yaml_first(
	const struct conf_yaml_node *mapping, const char *key);

// What stands there, for "found ...": "a list", or the text in quotes, cut if it is long.
const char *conf_yaml_describe(
	const struct conf_yaml_node *node, char text[CONF_YAML_TEXT_SIZE]);
