// SPDX-License-Identifier: MIT
// Loads what a route asks of tokens: names, places where one may stand, claims.
#include "conf_load_priv.h"

#include <string.h>

enum {
	TEXTS_MAX = 64 // in one list
};

static const char text_form[] = "a text of one line";
static const char place_form[] =
	"authorization, cookie=NAME, query=NAME or subprotocol=NAME";

// Of a list of words only those may stand there.
static bool check_text(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node)
{
	size_t index;
	char expected[CONF_SCHEMA_TEXT_SIZE];
	const char *form = key->words ? conf_schema_expected(key, expected) : text_form;
	if (!conf_load_value_is_item(load, key, node, form))
		return false;
	bool is_good = key->words ? conf_load_value_word(key, node->text, &index)
				  : conf_load_string_is_line(node->text);
	if (!is_good)
		conf_load_value_refuse_item(load, key, node, form, "bad value");
	return is_good;
}

static bool is_too_long(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node)
{
	if (node->count > TEXTS_MAX)
		conf_load_value_refuse(load, key, node, "more than 64 items");
	return node->count > TEXTS_MAX;
}

// One text stands for a list of one. An empty list would ask for nothing, or for what
// nobody has.
void conf_load_jwt_texts(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	struct conf_names *texts = conf_load_field(item, key->field);
	bool is_list = node->kind == CONF_YAML_SEQUENCE;
	const struct conf_yaml_node *each = is_list ? node->first : node;
	if (is_list && node->count == 0)
		conf_load_value_refuse(load, key, node, "empty list");
	if (is_too_long(load, key, node))
		return;
	texts->names = conf_arena_alloc(
		load->memory, is_list ? node->count : 1, sizeof(*texts->names));
	for (; each && texts->names; each = is_list ? each->next : NULL) {
		if (check_text(load, key, each))
			texts->names[texts->count++] =
				conf_arena_copy(load->memory, each->text);
	}
}

static bool read_place(
	struct str text, enum conf_token_place_kind *ret_kind, struct str *ret_name)
{
	*ret_name = text;
	*ret_kind = CONF_TOKEN_AUTHORIZATION;
	if (str_equal(text, STR("authorization"))) {
		ret_name->length = 0;
		return true;
	}
	if (str_cut_prefix(ret_name, STR("query="))) {
		*ret_kind = CONF_TOKEN_QUERY;
		return conf_load_string_is_parameter(*ret_name);
	}
	if (str_cut_prefix(ret_name, STR("cookie=")))
		*ret_kind = CONF_TOKEN_COOKIE;
	else if (str_cut_prefix(ret_name, STR("subprotocol=")))
		*ret_kind = CONF_TOKEN_SUBPROTOCOL;
	else
		return false;
	return conf_load_string_is_token(*ret_name);
}

static bool stands_already(
	const struct conf_jwt *jwt, const struct conf_token_place *place)
{
	for (size_t i = 0; i < jwt->place_count; i++) {
		// All of a list of subprotocols is read by one name.
		if (jwt->places[i].kind == place->kind &&
			(place->kind == CONF_TOKEN_SUBPROTOCOL ||
				strcmp(jwt->places[i].name, place->name) == 0))
			return true;
	}
	return false;
}

static void load_place(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, struct conf_jwt *jwt)
{
	struct conf_token_place place;
	struct str name;
	if (!conf_load_value_is_item(load, key, node, place_form))
		return;
	if (!read_place(node->text, &place.kind, &name)) {
		conf_load_value_refuse_item(load, key, node, place_form, "bad place");
		return;
	}
	place.name = conf_arena_copy(load->memory, name);
	if (!place.name)
		return;
	if (stands_already(jwt, &place)) {
		conf_load_value_refuse_item(
			load, key, node, "each once", "place stands twice");
		return;
	}
	jwt->places[jwt->place_count++] = place;
	jwt->is_in_query |= place.kind == CONF_TOKEN_QUERY;
	if (place.kind == CONF_TOKEN_SUBPROTOCOL)
		jwt->subprotocol = place.name;
}

void conf_load_jwt_places(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	struct conf_jwt *jwt = conf_load_field(item, key->field);
	if (node->count == 0)
		conf_load_value_refuse(load, key, node, "empty list");
	if (is_too_long(load, key, node))
		return;
	jwt->places = conf_arena_alloc(load->memory, node->count, sizeof(*jwt->places));
	for (const struct conf_yaml_node *each = node->first; each && jwt->places;
		each = each->next)
		load_place(load, key, each, jwt);
}

void conf_load_jwt_claims(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	struct conf_jwt *jwt = conf_load_field(item, key->field);
	if (is_too_long(load, key, node))
		return;
	jwt->claims = conf_arena_alloc(load->memory, node->count, sizeof(*jwt->claims));
	for (const struct conf_yaml_node *each = node->first; each && jwt->claims;
		each = each->next) {
		if (!check_text(load, key, each))
			continue;
		jwt->claims[jwt->claim_count++] = (struct conf_claim){
			.name = conf_arena_copy(load->memory, each->key),
			.value = conf_arena_copy(load->memory, each->text),
		};
	}
}

// RFC 9110 section 5.6.4: what may stand in quotes as it is.
void conf_load_jwt_realm(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	bool is_good = conf_load_string_is_line(node->text);
	for (size_t i = 0; i < node->text.length; i++)
		is_good = is_good && node->text.data[i] != '"' &&
			  node->text.data[i] != '\\';
	if (!is_good) {
		conf_load_value_refuse(load, key, node, "bad realm");
		return;
	}
	const char *copy = conf_arena_copy(load->memory, node->text);
	memcpy(conf_load_field(item, key->field), &copy, sizeof(copy));
}
