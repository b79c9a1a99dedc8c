// SPDX-License-Identifier: MIT
// Loads templates, of which the key's words say what may be in them.
#include "conf_load_priv.h"

#include <stdio.h>
#include <string.h>

static unsigned find_places(const struct conf_schema_key *key)
{
	struct str words = str_from(key->words), word;
	enum template_place place;
	unsigned places = 0;
	while (conf_schema_next_word(&words, &word)) {
		if (template_find_place(word, &place))
			places |= template_bit(place);
	}
	return places;
}

// Says what stands at the place itself, since a template may be long.
static void refuse(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, const struct template_error *error)
{
	char placeholders[CONF_SCHEMA_TEXT_SIZE];
	struct conf_yaml_node piece = {.text = error->piece};
	char found[CONF_YAML_TEXT_SIZE];
	const char *expected = error->expected ? error->expected
					       : conf_schema_expected(key, placeholders);
	conf_diag_add(load->diag, node->at, expected, conf_yaml_describe(&piece, found),
		"%s: %s", key->path, error->problem);
}

// The template borrows its text, which lives in the same memory.
static bool parse(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, struct template *ret_template)
{
	struct template_error error;
	const char *copy = conf_arena_copy(load->memory, node->text);
	if (!copy)
		return false;
	if (template_parse((struct str){copy, node->text.length}, find_places(key),
		    ret_template, &error))
		return true;
	refuse(load, key, node, &error);
	return false;
}

void conf_load_template_one(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	struct template *template = conf_arena_alloc(load->memory, 1, sizeof(*template));
	if (!template || !parse(load, key, node, template))
		return;
	memcpy(conf_load_field(item, key->field), &template, sizeof(template));
	if (key->extra.size == CONF_SCHEMA_NO_FIELD)
		return;
	const char *place = conf_load_string_place(load, node);
	memcpy(conf_load_field(item, key->extra), &place, sizeof(place));
}

static void refuse_count(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node)
{
	char expected[32];
	(void)snprintf(expected, sizeof(expected), "1 to %d of them", CONF_MAX_CHANNELS);
	conf_load_value_refuse_item(load, key, node, expected, "bad list");
}

void conf_load_template_list(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	struct conf_templates *templates = conf_load_field(item, key->field);
	char expected[CONF_SCHEMA_TEXT_SIZE];
	bool is_list = node->kind == CONF_YAML_SEQUENCE;
	const struct conf_yaml_node *each = is_list ? node->first : node;
	if (is_list && (node->count == 0 || node->count > CONF_MAX_CHANNELS)) {
		refuse_count(load, key, node);
		return;
	}
	templates->list = conf_arena_alloc(
		load->memory, is_list ? node->count : 1, sizeof(*templates->list));
	for (; each && templates->list; each = is_list ? each->next : NULL) {
		if (conf_load_value_is_item(
			    load, key, each, conf_schema_expected(key, expected)) &&
			parse(load, key, each, &templates->list[templates->count]))
			templates->count++;
	}
}
