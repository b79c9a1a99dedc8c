// SPDX-License-Identifier: MIT
// Chooses the loader of a value by its type; itself loads what becomes a number.
#include "conf_load_priv.h"

#include <string.h>

#include "wherry/conf/conf_value.h"

void conf_load_value_refuse_item(struct conf_load *load,
	const struct conf_schema_key *key, const struct conf_yaml_node *node,
	const char *expected, const char *problem)
{
	char found[CONF_YAML_TEXT_SIZE];
	conf_diag_add(load->diag, node->at, expected, conf_yaml_describe(node, found),
		"%s: %s", key->path, problem);
}

void conf_load_value_refuse(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, const char *problem)
{
	char expected[CONF_SCHEMA_TEXT_SIZE];
	conf_load_value_refuse_item(
		load, key, node, conf_schema_expected(key, expected), problem);
}

static bool has_kind(const struct conf_yaml_node *node, enum conf_yaml_kind kind)
{
	return node->kind == kind && !node->is_null;
}

bool conf_load_value_is(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, enum conf_yaml_kind kind)
{
	bool is_good = has_kind(node, kind);
	if (!is_good && node->kind != CONF_YAML_INVALID)
		conf_load_value_refuse(load, key, node, "bad value");
	return is_good;
}

bool conf_load_value_is_item(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, const char *expected)
{
	bool is_good = has_kind(node, CONF_YAML_SCALAR);
	if (!is_good && node->kind != CONF_YAML_INVALID)
		conf_load_value_refuse_item(load, key, node, expected, "bad value");
	return is_good;
}

bool conf_load_value_word(
	const struct conf_schema_key *key, struct str text, size_t *ret_index)
{
	struct str words = key->words ? str_from(key->words) : STR("");
	struct str word;
	for (size_t i = 0; conf_schema_next_word(&words, &word); i++) {
		if (!str_equal(word, text))
			continue;
		*ret_index = i;
		return true;
	}
	return false;
}

// Fields are bool, unsigned or an enum, or 64 bits wide.
static void store(const struct conf_schema_key *key, void *item, uint64_t value)
{
	void *field = conf_load_field(item, key->field);
	bool flag = value != 0;
	unsigned small = (unsigned)value;
	if (key->field.size == sizeof(flag))
		memcpy(field, &flag, sizeof(flag));
	else if (key->field.size == sizeof(small))
		memcpy(field, &small, sizeof(small));
	else
		memcpy(field, &value, sizeof(value));
}

static void load_bool(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	bool is_true = str_equal(node->text, STR("true"));
	if (is_true || str_equal(node->text, STR("false")))
		store(key, item, is_true);
	else
		conf_load_value_refuse(load, key, node, "bad value");
}

static bool parse_number(enum conf_schema_type type, struct str text, uint64_t *ret_value)
{
	if (type == CONF_SCHEMA_SIZE)
		return conf_value_parse_size(text, ret_value);
	if (type == CONF_SCHEMA_DURATION)
		return conf_value_parse_duration(text, ret_value);
	return conf_value_parse_number(text, ret_value);
}

static void load_number(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	size_t index;
	uint64_t value;
	if (conf_load_value_word(key, node->text, &index))
		store(key, item, str_equal(node->text, STR("off")) ? CONF_OFF : 0);
	else if (!parse_number(key->type, node->text, &value))
		conf_load_value_refuse(load, key, node, "bad value");
	else if (value < key->min || value > key->max)
		conf_load_value_refuse(load, key, node, "out of range");
	else
		store(key, item, value);
}

static void load_rate(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	struct rate_limit limit = {0};
	size_t index;
	if (conf_load_value_word(key, node->text, &index))
		; // off
	else if (!conf_value_parse_rate(node->text, &limit))
		conf_load_value_refuse(load, key, node, "bad value");
	else if (limit.count < key->min || limit.count > key->max ||
		 limit.burst < key->min || limit.burst > key->max)
		conf_load_value_refuse(load, key, node, "out of range");
	else
		memcpy(conf_load_field(item, key->field), &limit, sizeof(limit));
}

static void load_enum(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	size_t index;
	uint64_t number;
	if (!conf_load_value_word(key, node->text, &index))
		conf_load_value_refuse(load, key, node, "bad value");
	else if (str_parse_u64(node->text, UINT32_MAX, &number))
		store(key, item, number);
	else
		store(key, item, index);
}

struct loader {
	enum conf_yaml_kind kind; // INVALID: the loader itself looks
	conf_load_cb *load;
};

static const struct loader loaders[] = {
	[CONF_SCHEMA_BOOL] = {CONF_YAML_SCALAR, load_bool},
	[CONF_SCHEMA_INTEGER] = {CONF_YAML_SCALAR, load_number},
	[CONF_SCHEMA_SIZE] = {CONF_YAML_SCALAR, load_number},
	[CONF_SCHEMA_DURATION] = {CONF_YAML_SCALAR, load_number},
	[CONF_SCHEMA_RATE] = {CONF_YAML_SCALAR, load_rate},
	[CONF_SCHEMA_ENUM] = {CONF_YAML_SCALAR, load_enum},
	[CONF_SCHEMA_NAME] = {CONF_YAML_SCALAR, conf_load_string_name},
	[CONF_SCHEMA_METHOD] = {CONF_YAML_SCALAR, conf_load_string_method},
	[CONF_SCHEMA_SUBPROTOCOL] = {CONF_YAML_SCALAR, conf_load_string_subprotocol},
	[CONF_SCHEMA_OUTPUT] = {CONF_YAML_SCALAR, conf_load_string_output},
	[CONF_SCHEMA_FILE] = {CONF_YAML_SCALAR, conf_load_string_file},
	[CONF_SCHEMA_CIPHERS] = {CONF_YAML_SCALAR, conf_load_string_ciphers},
	[CONF_SCHEMA_PATH] = {CONF_YAML_SCALAR, conf_load_string_path},
	[CONF_SCHEMA_PREFIX] = {CONF_YAML_SCALAR, conf_load_string_path},
	[CONF_SCHEMA_LOCATION] = {CONF_YAML_SCALAR, conf_load_string_location},
	[CONF_SCHEMA_HOST_PATTERN] = {CONF_YAML_SCALAR, conf_load_host_pattern},
	[CONF_SCHEMA_HOST] = {CONF_YAML_SCALAR, conf_load_host_name},
	[CONF_SCHEMA_ORIGINS] = {CONF_YAML_INVALID, conf_load_host_origins},
	[CONF_SCHEMA_ADDRESS] = {CONF_YAML_SCALAR, conf_load_peer_address},
	[CONF_SCHEMA_NETWORKS] = {CONF_YAML_SEQUENCE, conf_load_peer_networks},
	[CONF_SCHEMA_RESOLVERS] = {CONF_YAML_SEQUENCE, conf_load_peer_resolvers},
	[CONF_SCHEMA_URL] = {CONF_YAML_SCALAR, conf_load_peer_url},
	[CONF_SCHEMA_UPSTREAM] = {CONF_YAML_SCALAR, conf_load_peer_upstream},
	[CONF_SCHEMA_REALM] = {CONF_YAML_SCALAR, conf_load_access_realm},
	[CONF_SCHEMA_FIELD_NAME] = {CONF_YAML_SCALAR, conf_load_access_name},
	[CONF_SCHEMA_FIELD_NAMES] = {CONF_YAML_SEQUENCE, conf_load_access_names},
	[CONF_SCHEMA_AUTH_SERVICE] = {CONF_YAML_SCALAR, conf_load_access_service},
	[CONF_SCHEMA_TEXTS] = {CONF_YAML_INVALID, conf_load_jwt_texts},
	[CONF_SCHEMA_WORDS] = {CONF_YAML_INVALID, conf_load_jwt_texts},
	[CONF_SCHEMA_TEMPLATE] = {CONF_YAML_SCALAR, conf_load_template_one},
	[CONF_SCHEMA_TEMPLATES] = {CONF_YAML_INVALID, conf_load_template_list},
	[CONF_SCHEMA_QUOTED] = {CONF_YAML_SCALAR, conf_load_jwt_realm},
	[CONF_SCHEMA_TOKEN_PLACES] = {CONF_YAML_SEQUENCE, conf_load_jwt_places},
	[CONF_SCHEMA_CLAIMS] = {CONF_YAML_MAPPING, conf_load_jwt_claims},
	[CONF_SCHEMA_TEXT] = {CONF_YAML_SCALAR, conf_load_string_text},
	[CONF_SCHEMA_TARGET] = {CONF_YAML_SCALAR, conf_load_string_target},
	[CONF_SCHEMA_AUTHORITY] = {CONF_YAML_SCALAR, conf_load_host_authority},
	[CONF_SCHEMA_STATUSES] = {CONF_YAML_INVALID, conf_load_statuses},
	[CONF_SCHEMA_BALANCE] = {CONF_YAML_SCALAR, conf_load_balance_method},
	[CONF_SCHEMA_SESSION] = {CONF_YAML_SCALAR, conf_load_balance_session},
	[CONF_SCHEMA_COOKIE_NAME] = {CONF_YAML_SCALAR, conf_load_balance_cookie},
	[CONF_SCHEMA_LABELS] = {CONF_YAML_MAPPING, conf_load_balance_labels},
	[CONF_SCHEMA_FIELDS] = {CONF_YAML_MAPPING, conf_load_fields_match},
	[CONF_SCHEMA_SET_FIELDS] = {CONF_YAML_MAPPING, conf_load_fields_set},
	[CONF_SCHEMA_REMOVE_FIELDS] = {CONF_YAML_SEQUENCE, conf_load_fields_remove},
};

void conf_load_value(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	const struct loader *loader = &loaders[key->type];
	if (loader->kind == CONF_YAML_INVALID ||
		conf_load_value_is(load, key, node, loader->kind))
		loader->load(load, key, node, item);
}
