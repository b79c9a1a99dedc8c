// SPDX-License-Identifier: MIT
// One run of the loader, and what its files give each other: the walk (conf_load) calls
// for each plain value conf_load_value, which knows the loader of each type. All of them
// report to diag and go on; without memory they leave the field as it is, since the arena
// remembers.
#pragma once

#include "conf_arena_priv.h"

#include "wherry/conf/conf.h"
#include "wherry/conf/conf_schema.h"
#include "wherry/conf/conf_yaml.h"

struct conf_load {
	struct conf *conf;
	struct conf_arena *memory; // conf's own
	struct conf_diag *diag;
};

// The type of all loaders of values. item is what the key's fields are counted from.
typedef void conf_load_cb(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item);

static inline void *conf_load_field(void *item, struct conf_schema_field field)
{
	return (char *)item + field.offset;
}

// The whole configuration.
void conf_load_walk(struct conf_load *load, struct conf_yaml_node *root);
// An item of the keys below path, of which nothing is written.
void conf_load_walk_defaults(struct conf_load *load, const char *path, void *item);
// Afterwards: what does not stand in a single key.
void conf_load_push_finish(struct conf_route *route);
void conf_load_route_finish(struct conf_load *load, const struct conf_yaml_node *root);
// The names of cookies that have none.
void conf_load_balance_finish(struct conf_load *load);

conf_load_cb conf_load_value;

// "key: problem (expected what the schema says, found what stands there)".
void conf_load_value_refuse(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, const char *problem);
// Refuses all but the kind; silent about a node that was refused before.
MUST_CHECK bool conf_load_value_is(struct conf_load *load,
	const struct conf_schema_key *key, const struct conf_yaml_node *node,
	enum conf_yaml_kind kind);
// The same for an element of a list that is one value: expected says what each may be.
void conf_load_value_refuse_item(struct conf_load *load,
	const struct conf_schema_key *key, const struct conf_yaml_node *node,
	const char *expected, const char *problem);
MUST_CHECK bool conf_load_value_is_item(struct conf_load *load,
	const struct conf_schema_key *key, const struct conf_yaml_node *node,
	const char *expected);
// Is the text one of key->words? Gives its index.
MUST_CHECK bool conf_load_value_word(
	const struct conf_schema_key *key, struct str text, size_t *ret_index);

// "wherry.yaml:12:5", for who finds something wrong later; NULL when memory is short.
const char *conf_load_string_place(
	struct conf_load *load, const struct conf_yaml_node *node);
// RFC 9110 section 5.6.2.
MUST_CHECK bool conf_load_string_is_token(struct str text);
// Not empty, without control characters.
MUST_CHECK bool conf_load_string_is_line(struct str text);
// Path and query as a request has them (RFC 9112 section 3.2.1).
MUST_CHECK bool conf_load_string_is_target(struct str text);
// The name of a parameter as it stands in a URL.
MUST_CHECK bool conf_load_string_is_parameter(struct str text);

conf_load_cb conf_load_string_name;
conf_load_cb conf_load_string_method;
conf_load_cb conf_load_string_subprotocol;
conf_load_cb conf_load_string_output;
conf_load_cb conf_load_string_file;
conf_load_cb conf_load_string_ciphers;
conf_load_cb conf_load_string_path;
conf_load_cb conf_load_string_location;
conf_load_cb conf_load_string_text;
conf_load_cb conf_load_string_target;

conf_load_cb conf_load_host_pattern;
conf_load_cb conf_load_host_name;
conf_load_cb conf_load_host_authority;
conf_load_cb conf_load_host_origins;

conf_load_cb conf_load_peer_address;
conf_load_cb conf_load_peer_networks;
conf_load_cb conf_load_peer_resolvers;
conf_load_cb conf_load_peer_url;
conf_load_cb conf_load_peer_upstream; // SIZE_MAX if there is none of that name

conf_load_cb conf_load_statuses;

conf_load_cb conf_load_access_realm;
conf_load_cb conf_load_access_name;
conf_load_cb conf_load_access_names;
conf_load_cb conf_load_access_service; // struct conf_forward_auth

// A field that Wherry itself writes: framing, upgrades, the client's identity.
bool conf_load_fields_is_owned(struct str name);
conf_load_cb conf_load_jwt_texts;
conf_load_cb conf_load_jwt_realm;
conf_load_cb conf_load_jwt_places;
conf_load_cb conf_load_jwt_claims;

conf_load_cb conf_load_template_one;
conf_load_cb conf_load_template_list;

conf_load_cb conf_load_balance_method;
conf_load_cb conf_load_balance_session;
conf_load_cb conf_load_balance_cookie;
conf_load_cb conf_load_balance_labels;

conf_load_cb conf_load_fields_match;
conf_load_cb conf_load_fields_set;
conf_load_cb conf_load_fields_remove;
