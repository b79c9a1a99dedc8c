// SPDX-License-Identifier: MIT
// Loads host names and origins, in lower case, as they are compared.
#include "conf_load_priv.h"

#include <string.h>

#include "wherry/base/url.h"

static const char origin_form[] = "an origin such as https://example.com";

static char *copy_lower(struct conf_load *load, struct str text)
{
	char *copy = conf_arena_copy(load->memory, text);
	for (char *c = copy; c && *c; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	}
	return copy;
}

void conf_load_host_pattern(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	struct str host = node->text;
	str_cut_prefix(&host, STR("*."));
	if (!url_is_host(host)) {
		conf_load_value_refuse(load, key, node, "bad host");
		return;
	}
	const char *copy = copy_lower(load, node->text);
	memcpy(conf_load_field(item, key->field), &copy, sizeof(copy));
}

void conf_load_host_name(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	enum conf_host kind = CONF_HOST_NAME;
	size_t index;
	struct str host;
	uint16_t port;
	if (conf_load_value_word(key, node->text, &index)) {
		kind = index == 0 ? CONF_HOST_PASS : CONF_HOST_BACKEND;
	} else if (url_split_authority(node->text, &host, &port)) {
		const char *copy = conf_arena_copy(load->memory, node->text);
		memcpy(conf_load_field(item, key->extra), &copy, sizeof(copy));
	} else {
		conf_load_value_refuse(load, key, node, "bad host");
		return;
	}
	memcpy(conf_load_field(item, key->field), &kind, sizeof(kind));
}

void conf_load_host_authority(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	struct str host;
	uint16_t port;
	if (!url_split_authority(node->text, &host, &port)) {
		conf_load_value_refuse(load, key, node, "bad host");
		return;
	}
	const char *copy = conf_arena_copy(load->memory, node->text);
	memcpy(conf_load_field(item, key->field), &copy, sizeof(copy));
}

static bool is_scheme(struct str scheme)
{
	for (size_t i = 0; i < scheme.length; i++) {
		char c = scheme.data[i];
		bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		// RFC 3986 section 3.1
		if (!is_letter && (i == 0 || !strchr("0123456789+-.", c)))
			return false;
	}
	return scheme.length > 0;
}

// Browsers leave it out (RFC 6454 section 6.2), so it must not be compared.
static bool is_default_port(struct str scheme, uint16_t port)
{
	return (str_equal_nocase(scheme, STR("http")) && port == 80) ||
	       (str_equal_nocase(scheme, STR("https")) && port == 443);
}

static bool parse_origin(struct str text, struct str *ret_origin)
{
	const char *separator = memmem(text.data, text.length, "://", 3);
	if (!separator)
		return false;
	struct str scheme = {text.data, (size_t)(separator - text.data)};
	struct str authority = {separator + 3, text.length - scheme.length - 3};
	struct str host;
	uint16_t port;
	if (!is_scheme(scheme) || !url_split_authority(authority, &host, &port))
		return false;
	*ret_origin = text;
	if (is_default_port(scheme, port))
		ret_origin->length = (size_t)(host.data + host.length - text.data);
	return true;
}

static void load_list(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, struct conf_origin_rule *rule)
{
	const char **origins =
		conf_arena_alloc(load->memory, node->count, sizeof(*origins));
	if (!origins)
		return;
	rule->kind = CONF_ORIGINS_LIST;
	rule->list = origins;
	for (const struct conf_yaml_node *each = node->first; each; each = each->next) {
		struct str origin;
		if (!conf_load_value_is_item(load, key, each, origin_form))
			continue;
		if (parse_origin(each->text, &origin))
			origins[rule->count++] = copy_lower(load, origin);
		else
			conf_load_value_refuse_item(
				load, key, each, origin_form, "bad origin");
	}
}

void conf_load_host_origins(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	struct conf_origin_rule *rule = conf_load_field(item, key->field);
	size_t index;
	if (node->kind == CONF_YAML_SEQUENCE) {
		load_list(load, key, node, rule);
		return;
	}
	if (!conf_load_value_is(load, key, node, CONF_YAML_SCALAR))
		return;
	if (conf_load_value_word(key, node->text, &index))
		rule->kind = index == 0 ? CONF_ORIGINS_SAME_HOST : CONF_ORIGINS_ANY;
	else
		conf_load_value_refuse(load, key, node, "bad value");
}
