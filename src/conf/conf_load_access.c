// SPDX-License-Identifier: MIT
// Loads what access rules hold: realms, names of fields, the URL of an auth service.
#include "conf_load_priv.h"

#include <string.h>

enum {
	NAMES_MAX = 64
};

static const char name_form[] = "a header name";

// RFC 9110 section 5.6.4: what stands in quotes as it is.
static bool is_quotable(struct str text)
{
	for (size_t i = 0; i < text.length; i++) {
		unsigned char byte = (unsigned char)text.data[i];
		if (byte < 0x20 || byte == 0x7f || byte == '"' || byte == '\\')
			return false;
	}
	return text.length > 0;
}

void conf_load_access_realm(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	struct buf field = BUF_INIT;
	if (!is_quotable(node->text)) {
		conf_load_value_refuse(load, key, node, "bad realm");
		return;
	}
	buf_printf(&field, "WWW-Authenticate: Basic realm=\"%.*s\", charset=\"UTF-8\"",
		STR_ARG(node->text));
	const char *copy = conf_arena_copy(load->memory, buf_str(&field));
	load->memory->is_failed |= field.is_failed;
	memcpy(conf_load_field(item, key->field), &copy, sizeof(copy));
	buf_finish(&field);
}

static bool check_name(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node)
{
	const char *problem = NULL;
	if (!conf_load_string_is_token(node->text))
		problem = "bad header name";
	else if (conf_load_fields_is_owned(node->text))
		problem = "this header is Wherry's own";
	if (problem)
		conf_load_value_refuse_item(load, key, node, name_form, problem);
	return !problem;
}

void conf_load_access_name(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	if (!check_name(load, key, node))
		return;
	const char *copy = conf_arena_copy(load->memory, node->text);
	memcpy(conf_load_field(item, key->field), &copy, sizeof(copy));
}

void conf_load_access_names(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	struct conf_names *names = conf_load_field(item, key->field);
	if (node->count > NAMES_MAX) {
		conf_load_value_refuse(load, key, node, "more than 64 headers");
		return;
	}
	names->names = conf_arena_alloc(load->memory, node->count, sizeof(*names->names));
	for (const struct conf_yaml_node *each = node->first; each && names->names;
		each = each->next) {
		if (conf_load_value_is_item(load, key, each, name_form) &&
			check_name(load, key, each))
			names->names[names->count++] =
				conf_arena_copy(load->memory, each->text);
	}
}

// Scheme and authority become a server, as that of an upstream; the rest is what it is
// asked for.
void conf_load_access_service(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	struct conf_forward_auth *auth = conf_load_field(item, key->field);
	struct conf_schema_key server_key = {
		.path = key->path,
		.type = CONF_SCHEMA_URL,
		.field = {offsetof(struct conf_server, url), sizeof(struct url)},
		.extra = {offsetof(struct conf_server, text), sizeof(char *)},
	};
	struct conf_yaml_node server = *node;
	struct str target = STR("/");
	const char *separator = memmem(node->text.data, node->text.length, "://", 3);
	if (separator) {
		const char *end = node->text.data + node->text.length;
		const char *slash =
			memchr(separator + 3, '/', (size_t)(end - separator) - 3);
		if (slash) {
			target = (struct str){slash, (size_t)(end - slash)};
			server.text.length = (size_t)(slash - node->text.data);
		}
	}
	if (!conf_load_string_is_target(target)) {
		conf_load_value_refuse(load, key, node, "bad path of a URL");
		return;
	}
	auth->target = conf_arena_copy(load->memory, target);
	conf_load_peer_url(load, &server_key, &server, &auth->server);
}
