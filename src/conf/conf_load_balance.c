// SPDX-License-Identifier: MIT
// Loads how requests find their server: the method, sessions, the cookie, labels.
#include "conf_load_priv.h"

#include <string.h>

enum {
	LABELS_MAX = 64 // of one server
};

static bool read_hash(struct str text, struct conf_hash *ret_hash, struct str *ret_name)
{
	*ret_name = text;
	ret_hash->kind = CONF_HASH_QUERY;
	if (str_cut_prefix(ret_name, STR("query=")))
		return conf_load_string_is_parameter(*ret_name);
	ret_hash->kind = CONF_HASH_HEADER;
	if (str_cut_prefix(ret_name, STR("header=")))
		return conf_load_string_is_token(*ret_name);
	ret_hash->kind = CONF_HASH_COOKIE;
	if (str_cut_prefix(ret_name, STR("cookie=")))
		return conf_load_string_is_token(*ret_name);
	ret_hash->kind = str_equal(text, STR("ip")) ? CONF_HASH_IP : CONF_HASH_PATH;
	ret_name->length = 0;
	return ret_hash->kind == CONF_HASH_IP || str_equal(text, STR("path"));
}

void conf_load_balance_method(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	enum conf_balance method = CONF_BALANCE_HASH;
	struct conf_hash hash = {.name = ""};
	struct str name, text = node->text;
	size_t index;
	if (conf_load_value_word(key, text, &index)) {
		method = (enum conf_balance)index;
	} else if (str_cut_prefix(&text, STR("hash:")) && read_hash(text, &hash, &name)) {
		hash.name = conf_arena_copy(load->memory, name);
	} else {
		conf_load_value_refuse(load, key, node, "bad value");
		return;
	}
	memcpy(conf_load_field(item, key->field), &method, sizeof(method));
	memcpy(conf_load_field(item, key->extra), &hash, sizeof(hash));
}

void conf_load_balance_session(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	struct conf_session session = {.kind = CONF_SESSION_QUERY, .parameter = ""};
	struct str name = node->text;
	size_t index;
	if (conf_load_value_word(key, name, &index)) {
		session.kind = (enum conf_session_kind)index;
	} else if (str_cut_prefix(&name, STR("query=")) &&
		   conf_load_string_is_parameter(name)) {
		session.parameter = conf_arena_copy(load->memory, name);
	} else {
		conf_load_value_refuse(load, key, node, "bad value");
		return;
	}
	memcpy(conf_load_field(item, key->field), &session, sizeof(session));
}

void conf_load_balance_cookie(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	if (!conf_load_string_is_token(node->text) || node->text.length > 64) {
		conf_load_value_refuse(load, key, node, "bad name");
		return;
	}
	const char *copy = conf_arena_copy(load->memory, node->text);
	memcpy(conf_load_field(item, key->field), &copy, sizeof(copy));
}

// Groups of one site must not take each other's cookies.
void conf_load_balance_finish(struct conf_load *load)
{
	for (size_t i = 0; i < load->conf->upstream_count; i++) {
		struct conf_upstream *upstream = &load->conf->upstreams[i];
		struct buf name = BUF_INIT;
		if (upstream->balance != CONF_BALANCE_STICKY || upstream->sticky.cookie)
			continue;
		buf_printf(&name, "wherry_%s", upstream->name);
		upstream->sticky.cookie = conf_arena_copy(load->memory, buf_str(&name));
		load->memory->is_failed |= name.is_failed;
		buf_finish(&name);
	}
}

static bool check_label(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node)
{
	static const char form[] = "a text of one line";
	if (!conf_load_value_is_item(load, key, node, form))
		return false;
	bool is_good = conf_load_string_is_line(node->text) &&
		       conf_load_string_is_line(node->key);
	if (!is_good)
		conf_load_value_refuse_item(load, key, node, form, "bad label");
	return is_good;
}

void conf_load_balance_labels(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	size_t count = 0;
	if (node->count > LABELS_MAX) {
		conf_load_value_refuse(load, key, node, "more than 64 labels");
		return;
	}
	struct conf_header *labels =
		conf_arena_alloc(load->memory, node->count, sizeof(*labels));
	for (const struct conf_yaml_node *each = node->first; each && labels;
		each = each->next) {
		if (!check_label(load, key, each))
			continue;
		labels[count++] = (struct conf_header){
			.name = conf_arena_copy(load->memory, each->key),
			.value = conf_arena_copy(load->memory, each->text),
		};
	}
	memcpy(conf_load_field(item, key->field), &labels, sizeof(labels));
	memcpy(conf_load_field(item, key->extra), &count, sizeof(count));
}
